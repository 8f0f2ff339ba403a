"""Calibrating a pipeline on gold annotation, and the report of it."""

import numpy as np
import pytest
import spacy
from partly_right import FOUND, gold_docs
from rule_teacher import make_rule_teacher
from small import TEXTS, entities, scores, trained
from spacy.tokens import Doc, DocBin

from spacy_distill import calibrate
from spacy_distill.errors import DistillError
from spacy_distill.evaluation.calibrate import fit_outcomes
from spacy_distill.evaluation.evaluate import evaluate
from spacy_distill.evaluation.raw_entities import RawEntities
from spacy_distill.reports.markdown import report_markdown
from spacy_distill.tasks.ner.calibration import BetaCalibration


def test_too_sure_before_and_right_as_often_as_it_says_after():
    nlp = trained()
    docs = gold_docs(30, wrong_every=3)
    before = [entities(doc) for doc in nlp.pipe(TEXTS)]
    result = calibrate(nlp, docs)
    assert result.reason == ""
    assert result.fitted_on == 30 * FOUND
    assert result.before > 0.2
    assert result.after < 0.05
    assert nlp.get_pipe("ner").calibration == result.calibration
    assert [entities(doc) for doc in nlp.pipe(TEXTS)] == before
    assert f"{result.before:.3f} before, {result.after:.3f} after" in result.describe()


def test_the_report_measures_on_other_data_as_it_is():
    nlp = trained()
    docs = gold_docs(20, wrong_every=3)
    (raw,) = evaluate({"student": nlp}, docs, rounds=0).rows
    assert (raw.raw_ece, raw.calibrated_on) == (None, 0)
    result = calibrate(nlp, gold_docs(30, wrong_every=3))
    report = evaluate({"student": nlp}, docs, rounds=0)
    (row,) = report.rows
    assert row.raw_ece == pytest.approx(raw.ece, abs=1e-6)
    assert row.ece < raw.ece / 2
    assert (row.calibrated_on, row.cross_validated) == (result.fitted_on, False)
    assert sum(b.entities for b in row.calibration) == sum(
        b.entities for b in raw.calibration
    )
    assert row.f1 == raw.f1
    sentence = (
        f"Calibration of student: fitted on {row.calibrated_on:,} predicted entities;"
        f" expected calibration error {row.raw_ece:.3f} before, {row.ece:.3f} after,"
        " on data it was not fitted on."
    )
    assert sentence in report_markdown(report)


def test_the_report_cross_validates_on_the_same_data(tmp_path):
    nlp = trained()
    docs = gold_docs(30, wrong_every=3)
    result = calibrate(nlp, docs)
    # The same texts from a file.
    DocBin(docs=docs).to_disk(tmp_path / "gold.spacy")
    report = evaluate({"student": nlp}, tmp_path / "gold.spacy", rounds=0)
    (row,) = report.rows
    assert row.cross_validated
    assert row.ece == pytest.approx(result.after)
    assert row.raw_ece == pytest.approx(result.before)
    assert "after, by cross-validation on the same data." in report_markdown(report)


def test_a_teacher_and_a_student_in_one_report():
    nlp = trained()
    docs = gold_docs(30, wrong_every=3)
    calibrate(nlp, docs)
    pipelines = {"rules": make_rule_teacher(), "student": nlp}
    rules, student = evaluate(pipelines, docs, rounds=0).rows
    assert (rules.ece, rules.raw_ece) == (None, None)
    assert student.raw_ece is not None


@pytest.mark.parametrize(
    ("docs", "reason"),
    [
        (gold_docs(7, wrong_every=3), "49 predicted entities are too few to tell"),
        (gold_docs(30), "all 210 predicted entities are right"),
        (gold_docs(30, label="DATE"), "all 210 predicted entities are wrong"),
    ],
)
def test_probabilities_stay_where_nothing_can_be_learned(docs, reason):
    nlp = trained()
    before = [scores(doc) for doc in nlp.pipe(TEXTS)]
    # One that is there already does not stay.
    nlp.get_pipe("ner").calibration = BetaCalibration(2.0, 0.5, 0.0)
    result = calibrate(nlp, docs)
    assert (result.calibration, result.after) == (None, None)
    assert result.reason.startswith(reason)
    assert result.describe() == f"Probabilities are not calibrated: {result.reason}."
    assert [scores(doc) for doc in nlp.pipe(TEXTS)] == before


def test_there_is_no_calibration_without_gain():
    # Uniform outcomes at 0.5, in a pattern that cross-validation cannot learn.
    raw = RawEntities(
        probabilities=np.full(100, 0.5),
        correct=np.arange(100) % 10 < 5,
        documents=np.arange(100),
        data="",
    )
    result = fit_outcomes(raw)
    assert result.calibration is None
    assert "no gain" in result.reason


def test_it_starts_from_raw_probabilities():
    nlp = trained()
    docs = gold_docs(30, wrong_every=3)
    assert calibrate(nlp, docs) == calibrate(nlp, docs)


def test_entities_that_were_set_before_do_not_count():
    nlp = trained()
    ruler = nlp.add_pipe("entity_ruler", before="ner")
    ruler.add_patterns([{"label": "DATE", "pattern": "Rome"}])
    result = calibrate(nlp, gold_docs(30, wrong_every=3))
    assert result.fitted_on == 30 * (FOUND - 1)
    # They keep their probability.
    assert scores(nlp(TEXTS[3]))[1] == 1.0


def test_components_that_follow_do_not_matter():
    nlp = trained()
    docs = gold_docs(30, wrong_every=3)
    expected = calibrate(nlp, docs)
    nlp.add_pipe("merge_entities")
    assert calibrate(nlp, docs) == expected
    assert nlp.pipe_names == ["ner", "merge_entities"]


def test_scores_of_training_are_brought_up_to_date():
    nlp = trained()
    nlp.meta["performance"] = {"ents_f": 0.9, "ents_ece": 0.3}
    result = calibrate(nlp, gold_docs(30, wrong_every=3))
    assert nlp.meta["performance"] == {"ents_f": 0.9, "ents_ece": result.after}


def test_what_cannot_be_calibrated():
    with pytest.raises(DistillError, match="Expected a pipeline with a compact_ner"):
        calibrate(make_rule_teacher(), gold_docs(1))
    nlp = trained()
    nlp.get_pipe("ner").cfg["spans_key"] = None
    with pytest.raises(DistillError, match="with a spans_key"):
        calibrate(nlp, gold_docs(1))
    empty = [Doc(spacy.blank("en").vocab, ["Nothing"], ents=["O"])]
    with pytest.raises(DistillError, match="Expected Docs with entities"):
        calibrate(trained(), empty)
