from dataclasses import replace

import pytest
import spacy
from rule_teacher import make_rule_teacher
from small import make_examples, trained, write_gold

from spacy_distill.evaluation.evaluate import evaluate
from spacy_distill.evaluation.report import META_KEY, Report, attach_report
from spacy_distill.evaluation.rows import Quantization, TypeScore


@pytest.fixture(scope="module")
def gold(tmp_path_factory):
    folder = tmp_path_factory.mktemp("development")
    return {
        "test": write_gold(folder / "test.spacy", spacy.blank("en")),
        "dev": write_gold(folder / "dev.spacy", spacy.blank("en"), repeat=2),
    }


def run(gold, student=None, **more):
    pipelines = {"teacher": make_rule_teacher(), "student": student or trained()}
    return evaluate(pipelines, gold["test"], rounds=0, **more)


def distilled(gold, role="development data", f1=0.5, **changes):
    """A student with the report of a run that measured it on development data."""
    report = evaluate({"distilled": trained()}, gold["dev"], rounds=0)
    row = replace(report.rows[0], f1=f1)
    references = replace(report.references, role=role)
    nlp = trained()
    attach_report(nlp, replace(report, rows=[row], references=references, **changes))
    return nlp


def test_development_data_are_measured_on_beside_test_data(gold, tmp_path):
    report = run(gold, dev=gold["dev"])
    held = report.development
    assert (held.references.role, report.references.role) == (
        "development data",
        "test data",
    )
    assert (held.references.documents, report.references.documents) == (8, 4)
    assert held.scores["student"] == TypeScore(1.0, 1.0, 1.0)
    assert held.scores["teacher"].f1 == pytest.approx(report.rows[0].f1)
    report.write(tmp_path / "report.json")
    assert Report.read(tmp_path / "report.json") == report


def test_docs_may_be_development_data(gold):
    docs = [eg.reference for eg in make_examples(spacy.blank("en"))]
    assert run(gold, dev=docs).development.references.documents == 4


def test_without_them_the_run_s_own_scores_are_shown(gold):
    held = run(gold, distilled(gold)).development
    assert list(held.scores) == ["student"]
    assert held.scores["student"].f1 == 0.5
    assert (held.references.documents, held.references.path) == (8, "")


@pytest.mark.parametrize(
    "changes",
    [
        {"role": "held-out documents of the soft labels"},
        # What was measured is another pipeline then.
        {"quantization": Quantization("int8")},
    ],
)
def test_other_scores_are_not(gold, changes):
    assert run(gold, distilled(gold, **changes)).development is None


def test_a_report_of_another_version_is_passed_over(gold):
    nlp = trained()
    nlp.meta[META_KEY] = {"format": 2}
    assert run(gold, nlp).development is None


def test_what_was_development_data_is_not_called_test_data(gold):
    report = run({"test": gold["dev"]}, distilled(gold))
    assert report.references.role == "development data"
    assert report.development is None


def test_paths_of_development_data_are_not_published(gold):
    report = run(gold, dev=gold["dev"])
    nlp = trained()
    attach_report(nlp, report)
    assert nlp.meta[META_KEY]["development"]["references"]["path"] == ""
