"""Calibrating a text classifier on gold annotation, and the report of it."""

from dataclasses import replace

import numpy as np
import pytest
import spacy
from small_classifiers import best, make_stock_teacher, trained
from spacy.tokens import DocBin
from texts_with_categories import LABELS, make_data, make_docs

from spacy_distill import calibrate
from spacy_distill.errors import DistillError
from spacy_distill.evaluation.calibrate import fit_outcomes
from spacy_distill.evaluation.evaluate import evaluate
from spacy_distill.evaluation.raw_categories import raw_categories
from spacy_distill.reports.markdown import report_markdown
from spacy_distill.tasks.calibration_error import expected_calibration_error
from spacy_distill.tasks.textcat.calibration import TemperatureScaling

kinds = pytest.mark.parametrize("exclusive", [True, False])


def gold(number=90, *, seed=1, exclusive=True, wrong_every=4):
    """Gold Docs that `trained` is right about, but for one of so many.

    There its best category, or each of its decisions, is another than the annotation.
    """
    data = make_data(number, seed=seed, exclusive=exclusive)
    shifted = dict(zip(LABELS, (*LABELS[1:], LABELS[0])))
    out = []
    for i, (text, cats) in enumerate(data):
        if wrong_every is None or i % wrong_every:
            out.append((text, cats))
        elif exclusive:
            out.append((text, {shifted[x]: value for x, value in cats.items()}))
        else:
            out.append((text, {x: 1.0 - value for x, value in cats.items()}))
    return make_docs(out)


def sharpened(exclusive=True):
    """A classifier that is far too sure of itself."""
    nlp = trained(exclusive=exclusive)
    linear = nlp.get_pipe("textcat").model.get_ref("output_layer")
    for name in linear.param_names:
        linear.set_param(name, 4.0 * linear.get_param(name))
    return nlp


def decided(nlp, exclusive):
    texts = [text for text, _ in make_data(30, seed=5, exclusive=exclusive)]
    if exclusive:
        return [best(doc.cats) for doc in nlp.pipe(texts)]
    return [[p >= 0.5 for p in doc.cats.values()] for doc in nlp.pipe(texts)]


@kinds
def test_too_sure_before_and_right_as_often_as_it_says_after(exclusive):
    nlp = sharpened(exclusive)
    before = decided(nlp, exclusive)
    result = calibrate(nlp, gold(exclusive=exclusive))
    assert result.reason == ""
    assert (result.fitted_on, result.unit) == (90, "documents")
    assert result.before > 0.2
    assert result.after < result.before / 2
    assert result.calibration.temperature > 1.5
    assert nlp.get_pipe("textcat").calibration == result.calibration
    assert decided(nlp, exclusive) == before
    described = result.describe()
    assert "calibrated on 90 documents: expected calibration error" in described
    assert f"{result.before:.3f} before, {result.after:.3f} after" in described


@kinds
def test_the_report_measures_on_other_data_as_it_is(exclusive):
    nlp = sharpened(exclusive)
    docs = gold(60, seed=2, exclusive=exclusive)
    (raw,) = evaluate({"student": nlp}, docs, rounds=0).rows
    assert (raw.raw_ece, raw.calibrated_on) == (None, 0)
    calibrate(nlp, gold(exclusive=exclusive))
    report = evaluate({"student": nlp}, docs, rounds=0)
    (row,) = report.rows
    assert row.raw_ece == pytest.approx(raw.ece, abs=1e-6)
    assert row.ece < 0.7 * raw.ece
    assert (row.calibrated_on, row.cross_validated) == (90, False)
    assert (row.f1, row.accuracy) == (raw.f1, raw.accuracy)
    # The same as by the probabilities in doc.cats.
    scored = nlp.get_pipe("textcat").score(
        [spacy.training.Example(nlp(doc.text), doc) for doc in docs]
    )
    assert row.ece == pytest.approx(scored["cats_ece"], abs=1e-6)
    sentence = (
        "Calibration of student: fitted on 90 documents; expected calibration error"
        f" {row.raw_ece:.3f} before, {row.ece:.3f} after, on data it was not fitted on."
    )
    text = report_markdown(report)
    assert sentence in text
    assert "entit" not in text


@kinds
def test_the_report_cross_validates_on_the_same_data(exclusive, tmp_path):
    nlp = sharpened(exclusive)
    docs = gold(exclusive=exclusive)
    result = calibrate(nlp, docs)
    DocBin(docs=docs).to_disk(tmp_path / "gold.spacy")
    report = evaluate({"student": nlp}, tmp_path / "gold.spacy", rounds=0)
    (row,) = report.rows
    assert row.cross_validated
    assert row.ece == pytest.approx(result.after)
    assert row.raw_ece == pytest.approx(result.before)
    assert "after, by cross-validation on the same data." in report_markdown(report)


def test_with_a_label_map_probabilities_are_taken_as_they_are():
    nlp = sharpened()
    calibrate(nlp, gold())
    label_map = {"good": "fine"}
    (row,) = evaluate({"x": nlp}, gold(60), label_map=label_map, rounds=0).rows
    assert row.ece is not None
    assert (row.raw_ece, row.calibrated_on) == (None, 0)


def test_pairs_without_annotation_do_not_count():
    docs = gold(60, exclusive=False)
    for doc in docs[:30]:
        doc.cats = {"good": doc.cats["good"]}
    nlp = sharpened(exclusive=False)
    raw = raw_categories(nlp, "textcat", docs)
    assert (len(raw), len(raw.correct)) == (60, 30 + 30 * 3)
    predicted = list(nlp.pipe(doc.text for doc in docs))
    pairs = [
        (found.cats[label], doc.cats[label] == 1.0)
        for found, doc in zip(predicted, docs)
        for label in nlp.get_pipe("textcat").labels
        if label in doc.cats
    ]
    np.testing.assert_allclose(
        raw.raw().probabilities, [p for p, _ in pairs], atol=1e-6
    )
    assert raw.correct.tolist() == [right for _, right in pairs]
    result = calibrate(nlp, docs)
    assert result.before == pytest.approx(
        expected_calibration_error(*zip(*pairs)), abs=1e-6
    )


NEW = make_docs([("buy pills", {"spam": 1.0})])


@pytest.mark.parametrize(
    ("docs", "reason"),
    [
        (gold(49), "49 documents are too few to tell, 50 are needed"),
        (gold(60, wrong_every=None), "the categories of all 60 documents are right"),
        (gold(60, wrong_every=1), "the categories of all 60 documents are wrong"),
        (
            [*gold(60), *NEW],
            "the gold annotation has categories that are not predicted: spam",
        ),
    ],
)
def test_probabilities_stay_where_nothing_can_be_learned(docs, reason):
    nlp = trained()
    before = nlp("a fine film").cats
    # One that is there already does not stay.
    nlp.get_pipe("textcat").calibration = TemperatureScaling(2.0)
    result = calibrate(nlp, docs)
    assert (result.calibration, result.after) == (None, None)
    assert result.reason == reason
    assert result.describe() == f"Probabilities are not calibrated: {reason}."
    assert nlp("a fine film").cats == before


def test_a_category_that_was_added_is_not_predicted():
    nlp = trained()
    with pytest.warns(UserWarning, match="new label"):
        nlp.get_pipe("textcat").add_label("spam")
    assert calibrate(nlp, [*gold(60), *NEW]).reason.endswith("not predicted: spam")
    # A report has it as wrong, and raw probabilities beside calibrated ones.
    nlp.get_pipe("textcat").calibration = TemperatureScaling(2.0)
    (row,) = evaluate({"student": nlp}, [*gold(60), *NEW], rounds=0).rows
    assert row.raw_ece is not None


def test_there_is_no_calibration_without_gain():
    raw = raw_categories(trained(), "textcat", gold(60))
    # Three quarters are right, as the probabilities say, but not in each part.
    numbers = np.arange(60)
    right = (numbers % 5 != 0) & (numbers % 20 != 1)
    logits = np.tile([np.log(3.0), 0.0], (60, 1))
    raw = replace(raw, logits=logits, gold=np.where(right, 0, 1), correct=right)
    assert raw.fit().temperature == pytest.approx(1.0, abs=1e-5)
    result = fit_outcomes(raw)
    assert result.calibration is None
    assert result.reason == "cross-validation on 60 documents finds no gain"


def test_it_starts_from_raw_probabilities():
    nlp = sharpened()
    assert calibrate(nlp, gold()) == calibrate(nlp, gold())


def test_scores_of_training_are_brought_up_to_date():
    nlp = sharpened()
    nlp.meta["performance"] = {"cats_acc": 0.9, "cats_ece": 0.3}
    result = calibrate(nlp, gold())
    assert nlp.meta["performance"] == {"cats_acc": 0.9, "cats_ece": result.after}


def test_a_pipeline_that_also_finds_entities():
    """Gold annotation of categories alone calibrates the classifier."""
    nlp = sharpened()
    nlp.add_pipe("entity_ruler")
    assert calibrate(nlp, gold()).calibration == nlp.get_pipe("textcat").calibration


def test_what_cannot_be_calibrated():
    with pytest.raises(DistillError) as error:
        calibrate(make_stock_teacher(), gold(60))
    assert str(error.value) == (
        "Expected a pipeline with a compact_textcat, got textcat: the probabilities of"
        " other components cannot be calibrated."
    )
    with pytest.raises(DistillError, match="Expected Docs with categories"):
        calibrate(trained(), make_docs([("a film", {})]))
