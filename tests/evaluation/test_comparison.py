from dataclasses import replace

import pytest

from spacy_distill.evaluation.comparison import (
    LEAST_F1,
    compare_rows,
    has_learned_nothing,
    is_untrained,
)
from spacy_distill.evaluation.rows import ReferenceCounts, Row, TypeScore

TEACHER = Row(
    name="teacher",
    components=["ner"],
    precision=0.8,
    recall=0.8,
    f1=0.8,
    per_type={},
    ece=None,
    calibration=[],
    parameters=90,
    table=0,
    size=300,
    words_per_second=5.0,
)
MIDDLE = replace(TEACHER, name="middle", f1=0.5)
STUDENT = replace(
    TEACHER, name="student", f1=0.6, parameters=20, table=10, words_per_second=50.0
)
FIGURES = ("fewer_parameters", "smaller", "faster", "f1_share")


def test_the_bound_is_one_in_ten():
    assert LEAST_F1 == 0.1
    assert is_untrained(0.0999)
    assert not is_untrained(0.1)
    assert not is_untrained(None)


@pytest.mark.parametrize("broken", ["teacher", "student"])
def test_nothing_is_compared_with_what_is_broken(broken):
    rows = [
        replace(row, f1=0.05) if row.name == broken else row
        for row in (TEACHER, MIDDLE, STUDENT)
    ]
    result = compare_rows(rows)
    assert [getattr(result, name) for name in FIGURES] == [None] * 4
    gains = {} if broken == "student" else {"middle": pytest.approx(0.1)}
    assert result.f1_gain == gains


def test_a_broken_baseline_leaves_the_rest_as_it_is():
    result = compare_rows([TEACHER, replace(MIDDLE, f1=0.0), STUDENT])
    assert [getattr(result, name) for name in FIGURES] == [
        3.0,
        1.0,
        10.0,
        pytest.approx(0.75),
    ]
    assert result.f1_gain == {"teacher": pytest.approx(-0.2)}


@pytest.mark.parametrize(
    ("other", "share", "gain"),
    [
        (["teacher"], None, ["middle"]),
        (["student"], None, []),
        (["middle"], 0.75, ["teacher"]),
    ],
)
def test_scores_of_other_labels_are_not_compared(other, share, gain):
    result = compare_rows([TEACHER, MIDDLE, STUDENT], other_labels=other)
    assert result.f1_share == (share if share is None else pytest.approx(share))
    assert list(result.f1_gain) == gain
    # Size and speed do not depend on labels.
    assert (result.fewer_parameters, result.faster) == (3.0, 10.0)


def references(task, counts, documents):
    return ReferenceCounts("", "", "gold", "test data", documents, 1, counts, task=task)


def test_the_baseline_is_the_most_frequent_category():
    counts = {"a": 70, "b": 30}
    assert references("textcat", counts, 100).baseline == pytest.approx(0.7)
    # Precision 70 of 80, recall 70 of 100.
    several = references("textcat_multilabel", counts, 80)
    assert several.baseline == pytest.approx(2 * 0.875 * 0.7 / (0.875 + 0.7))
    assert references("ner", counts, 100).baseline == 0.0


@pytest.mark.parametrize(
    ("f1", "recalls", "nothing"),
    [
        # Always the most frequent category.
        (0.9, [1.0, 0.0, 0.0], True),
        (0.905, [1.0, 0.1, 0.0], True),
        (0.92, [1.0, 0.3, 0.1], False),
        # Less accurate, but it recognizes the rare ones.
        (0.85, [0.87, 0.6, 0.7], False),
        (0.3, [0.3, 0.33, 0.34], True),
    ],
)
def test_a_classifier_must_be_better_than_the_most_frequent_category(
    f1, recalls, nothing
):
    found = references("textcat", {"a": 90, "b": 5, "c": 5}, 100)
    per_type = {x: TypeScore(0.5, r, 0.5) for x, r in zip("abc", recalls)}
    row = replace(TEACHER, f1=f1, per_type=per_type)
    assert has_learned_nothing(row, found) == nothing


def test_several_categories_are_judged_by_their_f1():
    found = references("textcat_multilabel", {"a": 90, "b": 60}, 100)
    # Always a: precision 0.9, recall 0.6.
    assert has_learned_nothing(replace(TEACHER, f1=0.72), found)
    assert not has_learned_nothing(replace(TEACHER, f1=0.76), found)


def test_entities_are_judged_by_the_bound_alone():
    found = references("ner", {"PER": 90}, 100)
    assert has_learned_nothing(replace(TEACHER, f1=0.09), found)
    assert not has_learned_nothing(replace(TEACHER, f1=0.11), found)
