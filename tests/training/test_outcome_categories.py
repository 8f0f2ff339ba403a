"""The end of a run that distils a text classifier."""

from pathlib import Path

import numpy as np
import pytest
import spacy
from small_classifiers import TOPIC_NGRAMS, topic_classifier
from texts_with_categories import TOPICS, make_docs, make_topics, texts_of

import spacy_distill
from spacy_distill.evaluation.report import Report

CONFIG = Path(spacy_distill.__file__).parent / "configs" / "textcat_ngrams.cfg"
SETTINGS = {
    "components.textcat.model.buckets": TOPIC_NGRAMS["buckets"],
    "training.max_steps": 40,
    "training.eval_frequency": 20,
    "training.optimizer.learn_rate": 0.05,
}
DEV = make_docs(make_topics(40, seed=3), spacy.blank("en"))
TEXTS = [text for text, _ in make_topics(80, seed=5)]


def distill(output, *, exclusive=True, dev=None, **overrides):
    teacher = topic_classifier(
        "textcat" if exclusive else "textcat_multilabel", steps=20
    )
    return spacy_distill.distill(
        teacher,
        TEXTS,
        dev=dev,
        output=output,
        config=CONFIG,
        overrides={**SETTINGS, **overrides},
        progress=False,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return folder, distill(folder, dev=DEV)


def test_teacher_and_student_are_measured(run):
    folder, nlp = run
    report = Report.read(folder / "report.json")
    assert [row.name for row in report.rows] == ["teacher", "distilled"]
    assert report.task == "textcat"
    assert report.references.role == "development data"
    truth = [max(doc.cats, key=doc.cats.get) for doc in DEV]
    found = [max(d.cats, key=d.cats.get) for d in nlp.pipe(texts_of(DEV))]
    accuracy = np.mean([a == b for a, b in zip(found, truth)])
    assert report.rows[1].accuracy == pytest.approx(accuracy)
    assert nlp.meta["performance"]["cats_acc"] == pytest.approx(accuracy)
    assert report.rows[1].ece is not None
    assert report.soft_labels.documents == len(TEXTS)
    assert report.training["distilled"].task == "textcat"
    for suffix in (".md", ".html"):
        assert (folder / "report.json").with_suffix(suffix).is_file()
    assert spacy_distill.get_report(nlp).rows == report.rows


def test_the_report_of_the_run_has_the_development_scores_of_later_ones(run):
    folder, nlp = run
    test = make_docs(make_topics(30, seed=9), nlp)
    later = spacy_distill.evaluate({"student": nlp}, test, rounds=0)
    held = later.development
    assert held.references.documents == len(DEV)
    assert held.scores["student"].f1 == spacy_distill.get_report(nlp).rows[-1].f1


@pytest.mark.parametrize("exclusive", [True, False])
def test_without_gold_annotation_scores_are_agreement(tmp_path, exclusive):
    nlp = distill(tmp_path, exclusive=exclusive)
    report = spacy_distill.get_report(nlp)
    assert report.is_agreement
    assert report.task == ("textcat" if exclusive else "textcat_multilabel")
    (row,) = report.rows
    assert (row.ece, row.calibration) == (None, [])
    performance = nlp.meta["performance"]
    assert not any(name.startswith("cats_") for name in performance)
    assert "agreement_ece" not in performance
    assert performance["agreement_acc"] == pytest.approx(row.accuracy)
    assert set(row.per_type) <= set(TOPICS)


def test_a_student_that_learned_nothing_is_told(tmp_path, capsys):
    teacher = topic_classifier(steps=20)
    nlp = spacy_distill.distill(
        teacher,
        TEXTS,
        dev=DEV,
        output=tmp_path,
        config=CONFIG,
        overrides={**SETTINGS, "training.optimizer.learn_rate": 0.0},
    )
    told = " ".join(capsys.readouterr().out.split())
    f1 = spacy_distill.get_report(nlp).rows[-1].f1
    assert (
        f"The student has learned next to nothing (accuracy {100 * f1:.1f}): before"
        in told
    )
