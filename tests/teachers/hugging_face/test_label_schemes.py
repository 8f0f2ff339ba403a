import json
import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tag_renderings import label_sets, spellings
from tiny_classifiers import SCHEMES, label_names

from spacy_distill.errors import DistillError
from spacy_distill.teachers.hugging_face.label_schemes import read_scheme


def read(*names, **renamed):
    return read_scheme(names, source="my/model", renamed=renamed)


def meanings(scheme, n):
    """Return what each of `n` outputs says, as its probability shows."""
    outside, parts = scheme.split(np.eye(n))
    said = ["O" if probability == 1 else "" for probability in outside]
    for row, label, prefix in zip(*np.nonzero(parts)):
        assert (parts[row, label, prefix], said[row]) == (1, "")
        said[row] = f"{'BILU'[prefix]}-{scheme.labels[label]}"
    return said


SPECIAL = ["X", "[CLS]", "[SEP]", "[PAD]", "<pad>", "<s>", "</s>", "PAD", "-100"]


@given(
    labels=label_sets,
    spelling=spellings(),
    special=st.lists(st.sampled_from([*SPECIAL, "LABEL_0", "LABEL_12"]), unique=True),
    with_o=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_any_labels_in_any_spelling(labels, spelling, special, with_o, order):
    """Outputs for special tokens, and I-O, add to O."""
    write, prefixes = spelling
    names = {
        write(prefix, label): f"{prefix}-{label}"
        for label in labels
        for prefix in prefixes
    }
    if with_o:
        names |= {write("B", "O"): "O", write("I", "O"): "O"}
    names |= dict.fromkeys([*special, "O"], "O")
    shuffled = list(names)
    order.shuffle(shuffled)
    found = read(*shuffled)
    assert meanings(found, len(names)) == [names[name] for name in shuffled]
    assert sorted(found.labels) == sorted(labels)


def test_outputs_with_the_same_meaning_are_summed(caplog):
    with caplog.at_level(logging.WARNING, logger="spacy"):
        scheme = read("[CLS]", "O", "B-PER", "I-PER", "I-O")
    (record,) = caplog.records
    assert record.getMessage() == (
        "Outputs of my/model that are no entity are read as O: '[CLS]', 'I-O'"
    )
    rows = np.array([[0.2, 0.1, 0.4, 0.2, 0.1]], dtype=np.float32)
    merged = scheme.merge(rows)
    np.testing.assert_allclose(merged, [[0.4, 0, 0.4, 0.2, 0]], rtol=1e-6)
    np.testing.assert_array_equal(scheme.merge(merged), merged)
    outside, parts = scheme.split(rows)
    np.testing.assert_allclose(outside, [0.4], rtol=1e-6)
    np.testing.assert_allclose(parts, [[[0.4, 0.2, 0, 0]]], rtol=1e-6)


def test_usual_names_of_o_are_not_logged(caplog):
    with caplog.at_level(logging.WARNING, logger="spacy"):
        read("o", "O", "b-per", "i-per")
        read("O", "B-PER", "Z", Z=None)
    assert not caplog.records


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
    assert not read("O", "S-LANG", "B-PER", "I-PER").ends


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
        (["O", "[PAD]"], r"only 'O', '\[PAD\]': use a trained model, or say"),
        (["O", "B-PER", "B-PER"], "'B-PER' more than once"),
        (["O", "B-PER", "I-PER", "LOC"], "got 'LOC' beside labels with B- and I-"),
        (["O", "B-PER", "I-PER", "X-PER"], "got 'X-PER' beside"),
        (["O", "B-PER", "I-PER", "I-"], "got 'I-' beside"),
        (["O", "B-A", "I-A", "L-A", "U-A", "B-C", "I-C"], "'B-C', 'I-C' beside.*BILUO"),
        (["O", "B-A", "I-A", "L-A", "U-A", "I-C"], "'I-C' beside"),
        (["O", "B-A", "L-A", "S-A"], "with prefixes B, L, S: say"),
        (["O", "PLAN-B"], "'PLAN-B', which may be either"),
        (["O", "B-PER", "b-PER"], "that differ in id2label.*'B-PER', 'b-PER'"),
        (["O", "B-PER", "I-Per"], "than case and separators.*'PER', 'Per'"),
    ],
)
def test_bad_labels(names, told):
    with pytest.raises(DistillError, match=told) as info:
        read(*names)
    assert "my/model" in str(info.value)
    assert "\n" not in str(info.value)


def advised(*names, **renamed):
    """Return the map that the error message ends with."""
    with pytest.raises(
        DistillError, match=r"HuggingFaceTeacher\.v1.*labels = "
    ) as info:
        read(*names, **renamed)
    return json.loads(str(info.value).partition("labels = ")[2])


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("O B-PER I-PER LOC", "O B-PER I-PER I-LOC"),
        ("O B_PER I_PER X-PER", "O B-PER I-PER I-X-PER"),
        ("O PER-b PER-i LOC", "O B-PER I-PER I-LOC"),
        ("O B-A I-A L-A U-A C", "O B-A I-A L-A U-A O"),
        ("O B-A I-A L-A U-A B-C I-C", "O B-A I-A L-A U-A O O"),
        ("O B-A L-A S-A", "O B-A L-A U-A"),
        ("O B_A L_A S_A B_O", "O B-A L-A U-A O"),
        ("O PLAN-B", "O B-PLAN"),
        ("O B_cell", "O B-cell"),
        ("O B-PER I-PER b-PER", "O B-PER I-PER B-PER"),
        ("O B-PER I-Per", "O B-PER I-PER"),
        ("O PER Per LOC", "O I-PER I-PER I-LOC"),
        ("O DATE_TIME date-time", "O I-DATE_TIME I-DATE_TIME"),
        ("NONE B-PER I-PER", "O B-PER I-PER"),
        ("0 PER", "O I-PER"),
        ("LABEL_0 B-PER I-PER", "O B-PER I-PER"),
        ("[PAD] B-PER I-PER", "O B-PER I-PER"),
        ("O X", "O I-X"),
    ],
)
def test_the_advice_works(names, expected):
    names = names.split()
    found = read(*names, **advised(*names))
    assert meanings(found, len(names)) == expected.split()


def test_the_advice_for_what_only_the_user_knows():
    names = [f"LABEL_{i}" for i in range(3)]
    assert advised(*names) == {name: name for name in names}
    assert advised(*names, LABEL_0="O") == {name: name for name in names[1:]}
    known = {"LABEL_0": None, "LABEL_1": "B-PER", "LABEL_2": "I-PER"}
    assert meanings(read(*names, **known), 3) == ["O", "B-PER", "I-PER"]
    assert advised("REST", "PER") == {"REST": "REST", "PER": "PER"}
    assert meanings(read("REST", "PER", REST=None), 2) == ["O", "I-PER"]
    # The whole of a name is the label.
    assert read("O", "PLAN-B", **{"PLAN-B": "I-PLAN-B"}).labels == ("PLAN-B",)


def test_renamed_outputs_are_not_special():
    assert read("O", "PER", "X", X="X").labels == ("PER", "X")
    assert read("O", "B-PER", "LABEL_1", LABEL_1="B-X").labels == ("PER", "X")


@pytest.mark.parametrize(
    ("renamed", "told"),
    [
        ({"PERS": None}, "which are 'O', 'PER', got some of 'PERS' in labels: remove"),
        ({"PER": ""}, "new name of 'PER' in labels.*got ''"),
        ({"PER": None}, "only 'O', 'PER'"),
    ],
)
def test_bad_names(renamed, told):
    with pytest.raises(DistillError, match=told):
        read("O", "PER", **renamed)


def test_long_lists_are_shortened():
    with pytest.raises(DistillError, match=r"'LABEL_5', \.\.\.: write"):
        read(*(f"LABEL_{i}" for i in range(50)))
