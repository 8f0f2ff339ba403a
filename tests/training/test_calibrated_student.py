"""`distill` calibrates its student on gold annotation for development."""

import pytest
import spacy
from partly_right import gold_docs
from small import TEXTS, scores
from tiny_distillation import SMALL, distill, write_files
from tiny_teachers import make_cnn_teacher

import spacy_distill

# Enough to know the sentences.
LEARNED = {
    **SMALL,
    "initialize.before_init.source": None,
    "training.max_steps": 60,
    "training.eval_frequency": 30,
    "training.optimizer.learn_rate.initial_rate": 0.02,
}


def train(output=None, dev=None, train=None):
    return spacy_distill.distill(
        make_cnn_teacher(),
        TEXTS * 3,
        train=train or gold_docs(2),
        dev=dev,
        output=output,
        overrides=LEARNED,
        progress=False,
    )


def test_the_saved_student_is_calibrated(tmp_path):
    nlp = train(tmp_path, dev=gold_docs(30, wrong_every=3), train=gold_docs(30, 3))
    calibration = nlp.get_pipe("ner").calibration
    assert calibration is not None
    loaded = spacy.load(tmp_path / "model-best")
    assert loaded.get_pipe("ner").calibration == calibration
    assert scores(loaded(TEXTS[1])) == scores(nlp(TEXTS[1]))
    row = spacy_distill.get_report(nlp).find_row("distilled")
    assert row.cross_validated
    assert row.calibrated_on == calibration.entities
    assert nlp.meta["performance"]["ents_ece"] == pytest.approx(row.ece)
    # Of the last step, not of the best one.
    assert spacy.load(tmp_path / "model-last").get_pipe("ner").calibration is None


def test_too_few_entities_are_told(tmp_path):
    result = distill(write_files(tmp_path), "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "Probabilities are not calibrated: " in " ".join(result.output.split())
    nlp = spacy.load(tmp_path / "out" / "model-best")
    assert nlp.get_pipe("ner").calibration is None


def test_agreement_with_a_teacher_is_nothing_to_calibrate_on(tmp_path):
    none = {"paths.train": None, "paths.dev": None}
    result = distill(write_files(tmp_path), "-o", tmp_path / "out", **none)
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    assert "and probabilities are not calibrated" in output
    nlp = spacy.load(tmp_path / "out" / "model-best")
    assert nlp.get_pipe("ner").calibration is None
    (row,) = spacy_distill.get_report(nlp).rows
    assert (row.ece, row.raw_ece) == (None, None)
