from dataclasses import replace

import pytest

from spacy_distill.evaluation.comparison import LEAST_F1, compare_rows, is_untrained
from spacy_distill.evaluation.rows import Row

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
