"""`distill` calibrates a text classifier on gold annotation for development."""

import json
from pathlib import Path
from zipfile import ZipFile

import pytest
import spacy
from small_classifiers import TOPIC_NGRAMS, topic_classifier
from texts_with_categories import make_docs, make_topics

import spacy_distill
from spacy_distill.packaging import PackageInfo, package
from spacy_distill.training.config import CONFIGS

CONFIG = CONFIGS / "textcat_ngrams.cfg"
SETTINGS = {
    "components.textcat.model.buckets": TOPIC_NGRAMS["buckets"],
    "training.max_steps": 40,
    "training.eval_frequency": 20,
    "training.optimizer.learn_rate": 0.05,
}
TEXTS = [text for text, _ in make_topics(80, seed=5)]


def distill(output, dev, *, exclusive=True, config=CONFIG, settings=SETTINGS):
    return spacy_distill.distill(
        topic_classifier("textcat" if exclusive else "textcat_multilabel", steps=20),
        TEXTS,
        dev=dev,
        output=output,
        config=config,
        overrides=settings,
    )


def printed(capsys):
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("exclusive", [True, False])
def test_the_saved_student_is_calibrated(tmp_path, exclusive, capsys):
    dev = make_docs(make_topics(80, seed=3, exclusive=exclusive))
    nlp = distill(tmp_path / "out", dev, exclusive=exclusive)
    calibration = nlp.get_pipe("textcat").calibration
    assert calibration.documents == 80
    row = spacy_distill.get_report(nlp).find_row("distilled")
    assert (row.calibrated_on, row.cross_validated) == (80, True)
    assert nlp.meta["performance"]["cats_ece"] == pytest.approx(row.ece)
    assert (
        "Probabilities are calibrated on 80 documents: expected calibration error"
        f" {row.raw_ece:.3f} before, {row.ece:.3f} after"
    ) in printed(capsys)
    loaded = spacy.load(tmp_path / "out" / "model-best")
    assert loaded.get_pipe("textcat").calibration == calibration
    assert loaded(TEXTS[0]).cats == nlp(TEXTS[0]).cats
    # Of the last step, not of the best one.
    last = spacy.load(tmp_path / "out" / "model-last")
    assert last.get_pipe("textcat").calibration is None
    spacy_distill.quantize(tmp_path / "out" / "model-best", tmp_path / "small")
    small = spacy.load(tmp_path / "small")
    assert small.get_pipe("textcat").calibration == calibration


def test_a_package_keeps_it(tmp_path):
    nlp = topic_classifier("compact_textcat")
    result = spacy_distill.calibrate(nlp, make_docs(make_topics(80, seed=3)))
    gold = make_docs(make_topics(60, seed=9))
    report = spacy_distill.evaluate({"student": nlp}, gold, rounds=0)
    info = PackageInfo(name="reviews")
    wheel = package(nlp, tmp_path, info=info, report=report)
    with ZipFile(wheel) as files:
        names = {Path(name).name: name for name in files.namelist()}
        cfg = json.loads(files.read(names["cfg"]))
        card = files.read(names["README.md"]).decode("utf-8")
    assert result.calibration.temperature != 1.0
    assert cfg["calibration"] == result.calibration.to_cfg()
    assert "The probabilities are calibrated: fitted on 80 documents;" in card
    assert "entit" not in card


def test_too_few_documents_are_told(tmp_path, capsys):
    nlp = distill(tmp_path, make_docs(make_topics(40, seed=3)))
    assert nlp.get_pipe("textcat").calibration is None
    assert (
        "Probabilities are not calibrated: 40 documents are too few to tell, 50 are"
        " needed."
    ) in printed(capsys)


def test_a_classifier_of_spacy_cannot_be_calibrated(tmp_path, capsys):
    settings = {
        "components.textcat.model.length": 2048,
        "training.max_steps": 20,
        "training.eval_frequency": 10,
    }
    config = CONFIGS / "textcat_spacy.cfg"
    dev = make_docs(make_topics(60, seed=3))
    nlp = distill(tmp_path, dev, config=config, settings=settings)
    assert (
        "Probabilities are not calibrated: only those of a compact_textcat can be."
        in printed(capsys)
    )
    row = spacy_distill.get_report(nlp).find_row("distilled")
    assert row.ece is not None
    assert row.raw_ece is None
