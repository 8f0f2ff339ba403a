"""What `python -m spacy distill` reports at its end."""

import json

import pytest
import spacy
from small import SENTENCES, TEXTS, write_gold
from spacy.tokens import DocBin
from spacy.training import Corpus
from spacy.util import registry
from tiny_distillation import CONFIG, distill, write_files

from spacy_distill.evaluation.report import Report


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_files(tmp_path_factory.mktemp("run_report"))


def run(files, out, **settings):
    result = distill(files, "-o", out, **settings)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def annotate_texts(path, sentences):
    lines = [
        {
            "text": text,
            "spans": [{"start": s, "end": e, "label": x} for s, e, x in spans],
        }
        for text, spans in sentences
    ]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    return path


def test_a_run_ends_with_its_report(files, tmp_path):
    output = run(files, tmp_path)
    report = Report.read(tmp_path / "report.json")
    assert [row.name for row in report.rows] == ["teacher", "distilled"]
    teacher, student = report.rows
    best = spacy.load(tmp_path / "model-best")
    assert student.f1 == pytest.approx(best.meta["performance"]["ents_f"])
    # The teacher's parameters are known; to measure speed would take too long.
    assert teacher.parameters > 0
    assert teacher.size > 0
    assert teacher.ece is not None
    assert [row.words_per_second for row in report.rows] == [None, None]
    assert report.rounds == 0
    assert report.references.documents == 2 * len(SENTENCES)
    assert report.sources == {
        "teacher": str(files / "teacher"),
        "distilled": "model-best",
    }
    assert report.soft_labels.documents == 3 * len(TEXTS)
    assert list(report.agreement) == list(report.soft_agreement) == ["distilled"]
    assert "Agreement with teacher (F1): distilled" in output
    assert "Words/s" not in output
    for name in ("report.json", "report.md", "report.html"):
        assert (tmp_path / name).is_file()
        assert str(tmp_path / name) in output
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<h1>Distillation report</h1>" in page


def test_the_same_run_elsewhere_gives_the_same_report(files, tmp_path):
    labels = {"paths.soft_labels": tmp_path / "soft_labels"}
    for out in ("one", "two"):
        run(files, tmp_path / out, **labels)
    for name in ("report.json", "report.md", "report.html"):
        one, two = ((tmp_path / out / name).read_bytes() for out in ("one", "two"))
        assert one == two


def test_a_teacher_that_cannot_read_the_development_texts(files, tmp_path):
    teacher = annotate_texts(tmp_path / "teacher.jsonl", SENTENCES)
    nlp = spacy.blank("en")
    doc = nlp("Rome is here")
    doc.ents = [doc.char_span(0, 4, label="LOC")]
    DocBin(docs=[doc]).to_disk(tmp_path / "dev.spacy")
    settings = {"teacher": teacher, "paths.dev": tmp_path / "dev.spacy"}
    output = run(files, tmp_path / "out", **settings)
    assert "The report will be without the teacher's scores. Expected annota" in output
    report = Report.read(tmp_path / "out" / "report.json")
    assert [row.name for row in report.rows] == ["distilled"]
    assert report.agreement == {}
    assert report.soft_agreement["distilled"].compared == 3 * len(TEXTS)
    assert report.find_worst()[0] == "the soft labels"


def test_a_teacher_that_is_a_file(files, tmp_path):
    teacher = annotate_texts(tmp_path / "teacher.jsonl", SENTENCES)
    run(files, tmp_path / "out", teacher=teacher)
    taught, student = Report.read(tmp_path / "out" / "report.json").rows
    assert (taught.f1, taught.parameters, taught.size) == (1.0, None, None)
    assert student.parameters > 0


def test_gold_without_an_entity_is_no_reason_to_fail(files, tmp_path):
    doc = spacy.blank("en")("nobody is here")
    doc.set_ents([])
    DocBin(docs=[doc]).to_disk(tmp_path / "dev.spacy")
    output = run(files, tmp_path / "out", **{"paths.dev": tmp_path / "dev.spacy"})
    assert "There is no report. Expected Docs with entities" in output
    assert (tmp_path / "out" / "model-best").is_dir()
    assert not (tmp_path / "out" / "report.json").exists()


@registry.readers("test_run_report.reader.v1")
def make_reader(place: str):
    return Corpus(place)


def test_a_reader_that_keeps_its_path_to_itself(files, tmp_path):
    gold = write_gold(tmp_path / "gold.spacy", spacy.blank("en"))
    block = '@readers = "spacy.Corpus.v1"\npath = ${paths.dev}\n'
    other = f'@readers = "test_run_report.reader.v1"\nplace = "{gold}"\n'
    text = CONFIG.read_text(encoding="utf-8")
    assert block in text
    config = tmp_path / "student.cfg"
    config.write_text(text.replace(block, other), encoding="utf-8")
    output = run(files, tmp_path / "out", config=config)
    assert "There is no report. Expected a path to gold" in output
    assert (tmp_path / "out" / "model-best").is_dir()
    assert not (tmp_path / "out" / "report.json").exists()
