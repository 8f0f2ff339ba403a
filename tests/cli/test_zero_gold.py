"""`python -m spacy distill` without a config and without gold annotation."""

import pytest
import spacy
from small import TEXTS
from spacy.util import load_config
from tiny_distillation import distill, told, write_files
from tiny_teachers import write_jsonl

from spacy_distill.corpora.distill_corpus import distill_corpus_v1, held_out_corpus_v1
from spacy_distill.evaluation.report import Report, get_report
from spacy_distill.soft_labels.store import SoftLabels

NO_GOLD = {"paths.train": None, "paths.dev": None}
# Every text is different, so that documents can be told apart.
UNLABELLED = [f"{i} : {TEXTS[i % len(TEXTS)]}" for i in range(30)]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = write_files(tmp_path_factory.mktemp("zero_gold"))
    write_jsonl(folder / "texts.jsonl", UNLABELLED)
    return folder


def run(files, out, *more, **settings):
    settings = {**NO_GOLD, **settings}
    result = distill(files, "-o", out, *more, config=None, **settings)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


@pytest.fixture(scope="module")
def finished(files, tmp_path_factory):
    """The output folder of a run, and what the run printed."""
    out = tmp_path_factory.mktemp("zero_gold_out") / "out"
    return out, run(files, out)


def texts(docs):
    return [doc.text for doc in docs]


def test_the_report_states_agreement(finished):
    out, output = finished
    report = Report.read(out / "report.json")
    assert report.is_agreement
    (row,) = report.rows
    assert (row.name, row.ece) == ("distilled", None)
    # A tenth of the documents.
    assert report.references.documents == 3
    assert report.references.role == "held-out documents of the soft labels"
    assert report.references.path == str(out / "soft_labels")
    assert report.soft_labels.documents == len(UNLABELLED)
    assert not report.training["distilled"].gold
    assert report.training["distilled"].soft_labels
    assert "3 of 30 documents are held out. Scores are agreement with the" in output
    assert "There is no gold annotation: scores are the agreement with the" in output
    assert "Agreement (F1) P R" in output


@pytest.mark.parametrize("name", ["report.md", "report.html"])
def test_no_score_is_called_f1(finished, name):
    out, _ = finished
    page = (out / name).read_text(encoding="utf-8")
    assert "Agreement (F1)" in page
    for score in ("| F1 |", ">F1 of distilled<", ">F1, all", "gold annotation and"):
        assert score not in page
    # Only the table of agreement with the soft labels calls it so.
    assert page.count(">F1<") == (name == "report.html")


def test_the_scores_in_meta_are_called_agreement(finished):
    out, _ = finished
    nlp = spacy.load(out / "model-best")
    performance = nlp.meta["performance"]
    row = Report.read(out / "report.json").rows[0]
    assert performance["agreement_f"] == pytest.approx(row.f1)
    assert performance["agreement_p"] == pytest.approx(row.precision)
    assert performance["agreement_r"] == pytest.approx(row.recall)
    assert set(performance["agreement_per_type"]) == set(row.per_type)
    assert not {name for name in performance if name.startswith("ents_")}
    assert get_report(nlp).is_agreement


def test_held_out_documents_are_not_trained_on(finished):
    out, _ = finished
    config = load_config(out / "model-best" / "config.cfg").interpolate()
    train, dev = config["corpora"]["train"], config["corpora"]["dev"]
    assert train["held_out"] == dev["documents"] == 3
    assert dev["@readers"] == "spacy_distill.HeldOutCorpus.v1"
    assert train["soft_labels"] == dev["soft_labels"] == str(out / "soft_labels")
    nlp = spacy.load(out / "model-best")
    train = distill_corpus_v1(soft_labels=train["soft_labels"], held_out=3)
    dev = held_out_corpus_v1(soft_labels=dev["soft_labels"], documents=3)
    trained, held_out = (
        [eg.reference.text for eg in corpus(nlp)] for corpus in (train, dev)
    )
    assert len(held_out) == 3
    assert sorted(trained + held_out) == sorted(UNLABELLED)


@pytest.mark.parametrize("number", [1, 7, 29])
def test_held_out_documents_and_the_others_are_all(finished, number):
    out, _ = finished
    store, nlp = SoftLabels(out / "soft_labels"), spacy.blank("en")
    held_out = texts(store.read_held_out(nlp, number))
    others = texts(store.read(nlp, held_out=number))
    assert len(held_out) == number
    assert sorted(held_out + others) == sorted(UNLABELLED)
    # Both in the order of the texts, and from all over them.
    assert held_out == [text for text in UNLABELLED if text in set(held_out)]
    assert others == [text for text in UNLABELLED if text not in set(held_out)]
    assert UNLABELLED.index(held_out[-1]) >= len(UNLABELLED) * (number - 1) // number


@pytest.mark.parametrize(("given", "number"), [("0.5", 15), ("7", 7)])
def test_the_number_of_held_out_documents_can_be_given(
    files, finished, tmp_path, given, number
):
    out, _ = finished
    settings = {"paths.soft_labels": out / "soft_labels"}
    run(files, tmp_path / "out", "--held-out", given, **settings)
    report = Report.read(tmp_path / "out" / "report.json")
    assert report.references.documents == number


@pytest.mark.parametrize("given", ["0", "30", "31", "0.001"])
def test_something_is_held_out_and_something_is_left(files, finished, tmp_path, given):
    out, _ = finished
    settings = {**NO_GOLD, "paths.soft_labels": out / "soft_labels"}
    options = ["-o", tmp_path / "out", "--held-out", given]
    line = told(distill(files, *options, config=None, **settings))
    assert "Expected to hold out some of 30 documents and keep others" in line
    assert not (tmp_path / "out" / "model-best").exists()


def test_empty_paths_are_none(files, tmp_path):
    """As from a variable of a project that was left empty."""
    run(files, tmp_path / "out", **dict.fromkeys(NO_GOLD, '""'))
    assert Report.read(tmp_path / "out" / "report.json").is_agreement


def test_gold_annotation_for_training_alone(files, tmp_path):
    run(files, tmp_path / "out", **{"paths.train": files / "gold.spacy"})
    report = Report.read(tmp_path / "out" / "report.json")
    assert report.is_agreement
    assert report.training["distilled"].gold
    assert report.references.documents == 3


def test_gold_annotation_for_development_alone(files, tmp_path):
    run(files, tmp_path / "out", **{"paths.dev": files / "gold.spacy"})
    report = Report.read(tmp_path / "out" / "report.json")
    assert not report.is_agreement
    assert [row.name for row in report.rows] == ["teacher", "distilled"]
    assert not report.training["distilled"].gold
    performance = spacy.load(tmp_path / "out" / "model-best").meta["performance"]
    assert performance["ents_f"] == pytest.approx(report.rows[1].f1)
    assert "agreement_f" not in performance


def test_held_out_documents_need_a_corpus_that_leaves_them_out(files, tmp_path):
    settings = {
        **NO_GOLD,
        "corpora.train.@readers": "spacy.JsonlCorpus.v1",
        "paths.unlabelled": files / "texts.jsonl",
    }
    out = tmp_path / "out"
    line = told(distill(files, "-o", out, config=None, **settings))
    assert "Expected spacy_distill.DistillCorpus.v1 as training corpus" in line
    assert "got spacy.JsonlCorpus.v1: change [corpora.train]" in line
    assert not (out / "model-best").exists()
