import numpy as np
import pytest
import spacy
from spacy.scorer import Scorer
from spacy.training import Example

from spacy_distill.tasks.textcat.scorer import category_outcomes, textcat_score

NLP = spacy.blank("en")
LABELS = ("x", "y", "z")


def make(found, gold):
    eg = Example.from_dict(NLP.make_doc("some text"), {"cats": gold})
    eg.predicted.cats = dict(zip(LABELS, found))
    return eg


# Right, wrong, right, and one without annotation.
EXCLUSIVE = [
    make([0.9, 0.1, 0.0], {"x": 1.0, "y": 0.0, "z": 0.0}),
    make([0.2, 0.7, 0.1], {"x": 1.0}),
    make([0.1, 0.15, 0.75], {"z": 1.0}),
    make([0.1, 0.15, 0.75], {}),
]
# Whole, with one error, whole as far as annotated, and one without annotation.
SEVERAL = [
    make([0.9, 0.6, 0.1], {"x": 1.0, "y": 1.0, "z": 0.0}),
    make([0.9, 0.6, 0.1], {"x": 1.0, "y": 0.0, "z": 0.0}),
    make([0.2, 0.6, 0.1], {"z": 0.0}),
    make([0.2, 0.6, 0.1], {}),
]


def score(examples, exclusive=True):
    return textcat_score(examples, labels=LABELS, exclusive=exclusive)


def test_exclusive_by_hand():
    found = score(EXCLUSIVE)
    assert found["cats_acc"] == pytest.approx(2 / 3)
    # x: 1 of 1 predicted, 1 of 2 found; y: 0 of 1; z: 1 of 1.
    assert found["cats_f_per_type"]["x"]["f"] == pytest.approx(2 / 3)
    assert found["cats_f_per_type"]["y"]["f"] == 0.0
    assert found["cats_macro_f"] == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert found["cats_micro_f"] == pytest.approx(2 / 3)
    assert found["cats_score"] == found["cats_macro_f"]
    # Two in the bin from 0.7 to 0.8: 1.45 expected, 1 right; one from 0.9.
    assert found["cats_ece"] == pytest.approx((0.45 + 0.1) / 3)


def test_several_by_hand():
    found = score(SEVERAL, exclusive=False)
    assert found["cats_acc"] == pytest.approx(2 / 3)
    # x: 2 of 2; y: 1 of 2 predicted; z: none.
    assert found["cats_f_per_type"]["x"]["f"] == 1.0
    assert found["cats_f_per_type"]["y"]["f"] == pytest.approx(2 / 3)
    assert found["cats_macro_f"] == pytest.approx((1 + 2 / 3) / 3)
    # Bins of 0.9 (2, both yes), 0.6 (2, one yes), 0.1 (3, none): 7 decisions.
    assert found["cats_ece"] == pytest.approx((0.2 + 0.2 + 0.3) / 7)


@pytest.mark.parametrize("exclusive", [True, False])
def test_what_spacy_s_scorer_says(exclusive):
    rng = np.random.default_rng(0)
    examples = []
    for i in range(60):
        p = rng.dirichlet([1, 1, 1])
        gold = {x: float(i % 3 == j) for j, x in enumerate(LABELS)}
        if not exclusive:
            gold = {x: float(rng.random() < 0.4) for x in LABELS}
        examples.append(make(p.tolist(), gold))
    found = score(examples, exclusive)
    options = {"labels": list(LABELS), "multi_label": not exclusive}
    expected = Scorer.score_cats(examples, "cats", **options)
    assert found.keys() == {*expected, "cats_acc", "cats_ece"}
    for name, value in expected.items():
        assert found[name] == value
    right = 0
    for eg in examples:
        p, gold = eg.predicted.cats, eg.reference.cats
        if exclusive:
            right += gold[max(p, key=p.get)] == 1.0
        else:
            right += all((p[x] >= 0.5) == (gold[x] == 1.0) for x in LABELS)
    assert found["cats_acc"] == right / 60


@pytest.mark.parametrize("exclusive", [True, False])
def test_nothing_to_score(exclusive):
    for examples in ([], [make([0.1, 0.2, 0.7], {})]):
        found = score(examples, exclusive)
        assert found["cats_acc"] is None
        assert found["cats_ece"] is None
        assert found["cats_score"] == 0.0


def test_outcomes():
    assert category_outcomes(EXCLUSIVE, LABELS, exclusive=True) == (
        [0.9, 0.7, 0.75],
        [True, False, True],
    )
    assert category_outcomes(SEVERAL[1:], LABELS, exclusive=False) == (
        [0.9, 0.6, 0.1, 0.1],
        [True, False, False, False],
    )


def test_categories_of_other_components_do_not_count():
    examples = [make([0.9, 0.1, 0.0], {"x": 1.0, "other": 1.0})]
    examples[0].predicted.cats["else"] = 1.0
    assert score(examples)["cats_acc"] == 1.0
    assert score(examples)["cats_macro_f"] == pytest.approx(1 / 3)
