import numpy as np
import pytest
import spacy
from spacy.training import Example

from spacy_distill.docs import COLUMNS, GOLD_LABELS, LOGITS
from spacy_distill.errors import DistillError
from spacy_distill.tasks.textcat.targets import (
    check_categories,
    find_labels,
    get_targets,
    survey,
)

NLP = spacy.blank("en")
LABELS = ("x", "y", "z")


def make(cats=None, logits=None, columns=LABELS, text="some text"):
    annotation = {} if cats is None else {"cats": cats}
    example = Example.from_dict(NLP.make_doc(text), annotation)
    if logits is not None:
        rows = np.array([logits], dtype=np.float16)
        example.reference.user_data[LOGITS] = rows
        example.reference.user_data[COLUMNS] = columns
    return example


def test_exclusive():
    targets = get_targets(
        [
            make({"x": 0.0, "y": 1.0, "z": 0.0}),
            make({"z": 1.0}),
            make(),
            make(logits=[1, -2, 3]),
            # What DistillCorpus writes to doc.cats of a soft-labelled Doc is no gold.
            make({"x": 0.4, "y": 0.3, "z": 0.3}, logits=[2, 1, 0]),
        ],
        LABELS,
        exclusive=True,
    )
    assert targets.gold.tolist() == [1, 2, -1, -1, -1]
    assert targets.pseudo.tolist() == [-1, -1, -1, 2, 0]
    assert targets.has_teacher.tolist() == [False, False, False, True, True]
    assert targets.teacher.tolist() == [
        [0] * 3,
        [0] * 3,
        [0] * 3,
        [1, -2, 3],
        [2, 1, 0],
    ]
    assert targets.teacher.dtype == np.float32
    assert targets.gold.dtype == targets.pseudo.dtype == np.int64


def test_pairs_of_several_categories():
    targets = get_targets(
        [
            make({"x": 1.0, "y": 0.0, "z": 1.0}),
            make({"y": 1.0}),
            make(logits=[1, -2, 0]),
            make(),
            make({"x": 0.0, "y": 0.0, "z": 0.0}),
        ],
        LABELS,
        exclusive=False,
    )
    # A category that is not named is not annotated.
    none = [-1, -1, -1]
    assert targets.gold.tolist() == [1, 0, 1, -1, 1, -1, *none, *none, 0, 0, 0]
    assert targets.pseudo.tolist() == [*none, *none, 1, 0, 0, *none, *none]
    assert targets.has_teacher.tolist() == [False] * 6 + [True] * 3 + [False] * 6
    assert targets.teacher.shape == (15, 2)
    assert not targets.teacher[:, 0].any()
    assert targets.teacher[6:9, 1].tolist() == [1, -2, 0]


@pytest.mark.parametrize("exclusive", [True, False])
def test_no_examples(exclusive):
    targets = get_targets([], LABELS, exclusive=exclusive)
    assert len(targets.gold) == len(targets.teacher) == len(targets.pseudo) == 0


@pytest.mark.parametrize(
    ("example", "exclusive", "message"),
    [
        (make({"x": 1.0, "y": 1.0}), True, "one category for each document, got x, y"),
        (make({"x": 0.0, "y": 0.0}), True, "one category for each document, got none"),
        (make({"x": 0.4, "y": 0.4, "z": 0.2}), True, "got none for 'some text'"),
        (make({"w": 1.0}), True, "out of x, y, z, got 'w' for 'some text'"),
        (make({"w": 0.0}), False, "out of x, y, z, got 'w' for 'some text'"),
        (make({"x": 1.5}), True, "from 0 to 1 in doc.cats, got 1.5 for 'x'"),
        (make({"x": -0.1}), False, "from 0 to 1 in doc.cats, got -0.1 for 'x'"),
        (make({"x": float("nan")}), True, "from 0 to 1 in doc.cats, got nan"),
        (make({"x": float("nan")}), False, "from 0 to 1 in doc.cats, got nan"),
        (make({"x": "yes"}), True, "from 0 to 1 in doc.cats, got 'yes' for 'x'"),
        (make({"x": None}), False, "from 0 to 1 in doc.cats, got None for 'x'"),
        (make(logits=[1, 2], columns=("x", "y")), True, "the teacher's x, y for"),
        (make(logits=[1, 2, 3], columns=("y", "x", "z")), False, "teacher's y, x, z"),
        (make(logits=[1, 2], columns=LABELS), True, r"shape \(1, 3\), got \(1, 2\)"),
        (make(logits=[1, 2, np.nan]), True, "Expected finite logits"),
        (make(logits=[1, 2, np.inf]), False, "Expected finite logits"),
    ],
)
def test_what_does_not_fit(example, exclusive, message):
    with pytest.raises(DistillError, match=message) as error:
        get_targets([make(logits=[0, 0, 0]), example], LABELS, exclusive=exclusive)
    assert "\n" not in str(error.value)


def test_many_categories_are_not_all_named():
    labels = [f"category {i}" for i in range(500)]
    with pytest.raises(DistillError) as error:
        get_targets([make({"w": 1.0}, text="long " * 99)], labels, exclusive=True)
    assert len(str(error.value)) < 400


def find(*examples, given=None, added=()):
    return find_labels(survey(examples), given, added)


def test_labels_of_gold_annotation_sorted():
    assert find(make({"y": 1.0, "a": 0.0}), make({"x": 1.0}), make()) == ("a", "x", "y")


def test_labels_of_the_teacher_in_its_order():
    assert find(make({"x": 1.0}), make(logits=[0, 0, 0], columns=("z", "x", "y"))) == (
        ("z", "x", "y")
    )


def test_labels_that_a_reader_names_in_the_first_example():
    example = make({"x": 1.0})
    example.reference.user_data[GOLD_LABELS] = ("late", "x")
    assert find(example) == ("late", "x")


def test_labels_given():
    assert find(make({"x": 1.0}), given=["y", "x"]) == ("y", "x")
    assert find(make(logits=[0] * 3), given=list(LABELS)) == LABELS
    assert find(make({"new": 1.0}), given=["x", "y"], added=["new"]) == ("x", "y")


@pytest.mark.parametrize(
    ("examples", "given", "message"),
    [
        (
            [make({"w": 1.0}), make(logits=[0] * 3)],
            None,
            "categories x, y, z, got w in",
        ),
        ([make({"w": 1.0})], ["x", "y"], "categories x, y, got w in"),
        ([make(logits=[0] * 3)], ["x", "z", "y"], "in this order"),
        (
            [make(logits=[0] * 3), make(logits=[0] * 2, columns=("x", "y"))],
            None,
            "one label set",
        ),
    ],
)
def test_labels_that_do_not_fit(examples, given, message):
    with pytest.raises(DistillError, match=message):
        find(*examples, given=given)


def test_enough_categories():
    check_categories(["x"], exclusive=False)
    check_categories(["x", "y"], exclusive=True)
    with pytest.raises(DistillError, match="exclude each other, got 'x' alone"):
        check_categories(["x"], exclusive=True)
    for exclusive in (True, False):
        with pytest.raises(DistillError, match="got neither: set doc.cats"):
            check_categories([], exclusive=exclusive)
