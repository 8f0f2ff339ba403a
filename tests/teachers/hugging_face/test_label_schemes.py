import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_classifiers import SCHEMES, label_names

from spacy_distill.errors import DistillError
from spacy_distill.teachers.hugging_face.label_schemes import read_scheme


def read(*names):
    return read_scheme(names, source="my/model")


@given(scheme=st.sampled_from(SCHEMES), order=st.randoms(use_true_random=False))
def test_any_order_of_any_scheme(scheme, order):
    names = label_names(scheme, ("PER", "E-MAIL", "LOC"))
    order.shuffle(names)
    found = read(*names)
    assert sorted(found.labels) == ["E-MAIL", "LOC", "PER"]
    assert found.ends == (scheme in ("BILUO", "BIOES"))
    assert names[found.outside] == "O"
    for label, columns in zip(found.labels, found.columns):
        letters = {"E": "L", "S": "U"}
        for prefix, column in zip("BILU", columns):
            if column < 0:
                continue
            name = names[column]
            assert name.endswith(label)
            meant = "I" if scheme == "plain" else letters.get(name[0], name[0])
            assert prefix == meant
    used = sorted([found.outside, *found.columns[found.columns >= 0].tolist()])
    assert used == list(range(len(names)))


def test_labels_keep_their_order():
    assert read("I-LOC", "O", "B-LOC", "B-ART").labels == ("LOC", "ART")


def test_incomplete_labels():
    """Labels may lack prefixes that do not occur in the training data."""
    assert read("O", "B-PER", "I-PER", "B-LANG").columns.tolist() == [
        [1, 2, -1, -1],
        [3, -1, -1, -1],
    ]
    assert read("O", "I-PER", "I-LOC", "B-LOC").labels == ("PER", "LOC")
    assert read("O", "U-LANG", "B-PER", "L-PER").ends


def test_plain_labels_may_look_like_prefixes():
    found = read("E-MAIL", "S-BAHN", "O")
    assert found.labels == ("E-MAIL", "S-BAHN")
    assert not found.ends


def test_split():
    scheme = read("L-PER", "O", "B-PER")
    outside, parts = scheme.split(np.array([[0.5, 0.2, 0.3]]))
    assert outside.tolist() == [0.2]
    assert parts.tolist() == [[[0.3, 0, 0.5, 0]]]
    outside, parts = scheme.split(np.zeros((0, 3)))
    assert (outside.shape, parts.shape) == ((0,), (0, 1, 4))


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["LABEL_0", "LABEL_1"], "default 'LABEL_0', 'LABEL_1': write the labels"),
        (["PER", "LOC"], "label 'O'.*got 'PER', 'LOC'"),
        (["O"], "only 'O'"),
        (["O", "B-PER", "B-PER"], "'B-PER' more than once"),
        (["O", "B-PER", "I-PER", "LOC"], "got 'LOC' beside labels with B- and I-"),
        (["O", "B-PER", "I-PER", "X-PER"], "got 'X-PER' beside"),
        (["O", "B-PER", "I-PER", "I-"], "got 'I-' beside"),
        (["O", "B-A", "I-A", "L-A", "U-A", "B-C", "I-C"], "'B-C', 'I-C' beside.*BILUO"),
        (["O", "B-A", "I-A", "L-A", "U-A", "I-C"], "'I-C' beside"),
        (["O", "B-A", "L-A", "S-A"], "with L or U and E or S"),
    ],
)
def test_bad_labels(names, told):
    with pytest.raises(DistillError, match=told) as info:
        read(*names)
    assert "my/model" in str(info.value)
    assert "\n" not in str(info.value)


def test_long_lists_are_shortened():
    with pytest.raises(DistillError, match=r"'LABEL_5', \.\.\.: write"):
        read(*(f"LABEL_{i}" for i in range(50)))
