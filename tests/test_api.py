"""The public API: what `import spacy_distill` offers."""

import json
import re
import subprocess
import sys
import tempfile
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest
import spacy
from rule_teacher import make_rule_teacher
from small import SENTENCES, TEXTS, entities, make_examples, trained, write_gold
from spacy.language import Language
from spacy.tokens import Doc
from tiny_distillation import SMALL
from tiny_teachers import make_cnn_teacher

import spacy_distill
from spacy_distill import DistillError
from spacy_distill.teachers.base import Teacher

# The command line reads "null" as None; the API has None itself.
OVERRIDES = {**SMALL, "initialize.before_init.source": None}

IMPORTED = """
import sys
import spacy_distill
assert spacy_distill.__version__
print(*sys.modules, sep="\\n")
"""


def gold_docs(nlp=None):
    return [eg.reference for eg in make_examples(nlp or spacy.blank("en"))]


def test_every_name_imports():
    for name in spacy_distill.__all__:
        assert getattr(spacy_distill, name).__name__ == name
    assert set(spacy_distill.__all__) <= set(dir(spacy_distill))
    assert sorted(spacy_distill.__all__) == spacy_distill.__all__


def test_a_name_that_does_not_exist():
    with pytest.raises(AttributeError, match="'spacy_distill' has no attribute 'di"):
        spacy_distill.distil  # noqa: B018
    with pytest.raises(ImportError):
        from spacy_distill import distil  # noqa: F401


def test_the_import_alone_imports_nothing_else():
    command = [sys.executable, "-c", IMPORTED]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert "spacy_distill" in modules
    assert {name for name in modules if name.startswith("spacy_distill.")} == set()
    assert not {"torch", "transformers", "spacy", "thinc", "numpy"} & modules


@pytest.fixture(scope="module")
def teacher():
    return make_cnn_teacher()


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder of temporary files, and an empty current folder."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.chdir(tmp_path / "here")
    return folder


def test_distill_objects_and_nothing_is_left_on_disk(teacher, temporary, capsys):
    texts = [f"{i} : {text}" for i, text in enumerate(TEXTS * 3)]
    nlp = spacy_distill.distill(teacher, texts, overrides=OVERRIDES, progress=False)
    assert isinstance(nlp, Language)
    assert nlp.pipe_names == ["ner"]
    assert set(nlp.get_pipe("ner").labels) == {"LOC", "PER"}
    assert isinstance(nlp(TEXTS[0]), Doc)
    assert nlp.path is None
    assert list(temporary.iterdir()) == []
    assert list((temporary.parent / "here").iterdir()) == []
    assert capsys.readouterr().out == ""


def test_the_report_stays_with_the_pipeline(teacher, tmp_path):
    texts = iter([f"{i} : {text}" for i, text in enumerate(TEXTS * 3)])
    nlp = spacy_distill.distill(
        teacher, texts, overrides=OVERRIDES, held_out=4, progress=False
    )
    report = spacy_distill.get_report(nlp)
    assert isinstance(report, spacy_distill.Report)
    assert report.is_agreement
    assert report.references.documents == 4
    assert report.soft_labels.documents == 12
    nlp.to_disk(tmp_path / "student")
    loaded = spacy.load(tmp_path / "student")
    again = spacy_distill.get_report(loaded)
    assert again.is_agreement
    assert again.references == report.references
    assert again.rows[0].f1 == pytest.approx(report.rows[0].f1)
    # Loading does not change what the pipeline predicts.
    for text in TEXTS:
        assert entities(loaded(text)) == entities(nlp(text))
    assert spacy_distill.get_report(spacy.blank("en")) is None


def test_gold_annotation_as_docs(teacher, tmp_path):
    out = tmp_path / "out"
    nlp = spacy_distill.distill(
        teacher,
        TEXTS * 3,
        train=gold_docs(),
        dev=iter(gold_docs()),
        output=out,
        overrides=OVERRIDES,
        progress=False,
    )
    report = spacy_distill.get_report(nlp)
    assert not report.is_agreement
    assert report.references.documents == len(SENTENCES)
    assert report.references.role == "development data"
    assert report.training["distilled"].gold
    assert [row.name for row in report.rows] == ["teacher", "distilled"]
    assert nlp.path == out / "model-best"
    written = {path.name for path in out.iterdir()}
    assert written >= {"model-best", "model-last", "report.json", "soft_labels"}
    # The same soft labels, from texts in memory, with a path as gold annotation.
    before = (out / "soft_labels" / "manifest.json").read_bytes()
    same = spacy_distill.distill(
        teacher,
        TEXTS * 3,
        train=write_gold(tmp_path / "gold.spacy", spacy.blank("en")),
        dev=str(tmp_path / "gold.spacy"),
        soft_labels=out / "soft_labels",
        overrides=OVERRIDES,
        progress=False,
    )
    assert (out / "soft_labels" / "manifest.json").read_bytes() == before
    assert [entities(same(text)) for text in TEXTS] == [
        entities(nlp(text)) for text in TEXTS
    ]


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ([], "Expected Docs or a path as train, got nothing"),
        (["Anna went to Paris ."], "Expected Docs or a path as train, got str"),
        ("none.spacy", "Expected gold annotation at none.spacy"),
    ],
)
def test_wrong_gold_annotation(teacher, train, message):
    with pytest.raises(DistillError, match=message):
        spacy_distill.distill(teacher, TEXTS, train=train, overrides=OVERRIDES)


def test_distill_needs_texts_or_soft_labels(teacher, tmp_path):
    with pytest.raises(DistillError, match="got neither"):
        spacy_distill.distill(teacher, output=tmp_path / "out", overrides=OVERRIDES)
    assert not (tmp_path / "out").exists()


def test_annotate_and_open_soft_labels(teacher, tmp_path):
    loaded = spacy_distill.load_teacher(teacher)
    assert isinstance(loaded, Teacher)
    assert isinstance(
        loaded.predict(gold_docs(loaded.nlp))[0], spacy_distill.Prediction
    )
    manifest = spacy_distill.annotate(loaded, TEXTS, tmp_path, progress=False)
    store = spacy_distill.SoftLabels(tmp_path)
    assert store.manifest == manifest
    assert [doc.text for doc in store.read(spacy.blank("en"))] == TEXTS


def test_evaluate_pipelines_in_memory(tmp_path):
    student = trained()
    pipelines = {"rules": make_rule_teacher(), "student": student}
    report = spacy_distill.evaluate(pipelines, gold_docs(), rounds=0)
    assert report.sources == dict.fromkeys(pipelines, "in memory")
    assert report.references.path == "Docs in memory"
    assert [row.size for row in report.rows] == [None, None]
    assert [row.words_per_second for row in report.rows] == [None, None]
    assert report.comparison.pipeline == "student"
    # The same as from disk, but for the size of the files.
    student.to_disk(tmp_path / "student")
    gold = write_gold(tmp_path / "gold.spacy", spacy.blank("en"))
    loaded = spacy_distill.evaluate({"student": tmp_path / "student"}, gold, rounds=0)
    (row,) = loaded.rows
    assert row.size > 0
    assert (row.f1, row.per_type) == (report.rows[1].f1, report.rows[1].per_type)
    assert row.parameters == report.rows[1].parameters


def test_evaluate_a_teacher_object(teacher):
    loaded = spacy_distill.load_teacher(teacher)
    report = spacy_distill.evaluate(
        {"pipeline": teacher, "teacher": loaded}, gold_docs(), rounds=0
    )
    one, other = report.rows
    assert one.f1 == pytest.approx(other.f1)
    assert report.agreement["teacher"].f1 in (None, 1.0)
    assert report.sources["teacher"] == loaded.name


@pytest.mark.parametrize("path", [str, Path])
def test_quantize_a_folder(tmp_path, path):
    trained().to_disk(tmp_path / "student")
    done = spacy_distill.quantize(
        path(tmp_path / "student"),
        path(tmp_path / "small"),
        storage="float16",
        gold=path(write_gold(tmp_path / "gold.spacy", spacy.blank("en"))),
    )
    assert done.documents == len(SENTENCES)
    assert done.after.folder < done.before.folder
    small = spacy.load(tmp_path / "small")
    assert small.get_pipe("ner").storage == "float16"


def test_a_package_needs_a_report(tmp_path):
    info = spacy_distill.PackageInfo(name="tiny")
    with pytest.raises(DistillError, match="Expected a pipeline with a report"):
        spacy_distill.package(trained(), tmp_path / "out", info=info)
    assert not (tmp_path / "out").exists()


def packaged(wheel):
    """The files of a wheel, by path."""
    with ZipFile(wheel) as archive:
        return {
            name: archive.read(name).decode()
            for name in archive.namelist()
            if name.endswith((".json", "METADATA", "README.md"))
        }


@pytest.mark.slow
def test_package_a_pipeline_in_memory(tmp_path):
    student = trained()
    report = spacy_distill.evaluate({"student": student}, gold_docs(), rounds=0)
    info = spacy_distill.PackageInfo(
        name="tiny", version="0.2.0", description="Names.", data="Four sentences."
    )
    wheel = spacy_distill.package(student, tmp_path / "out", info=info, report=report)
    assert wheel.name == "en_tiny-0.2.0-py3-none-any.whl"
    files = packaged(wheel)
    meta = json.loads(files["en_tiny/meta.json"])
    assert (meta["name"], meta["description"]) == ("tiny", "Names.")
    assert meta["performance"]["ents_f"] == report.rows[0].f1
    (metadata,) = (text for name, text in files.items() if name.endswith("METADATA"))
    message = Parser().parsestr(metadata)
    required = {re.split(r"[^\w-]", r)[0] for r in message.get_all("Requires-Dist")}
    assert required == {"spacy", "spacy-distill"}
    assert "Four sentences." in message.get_payload()
    # The pipeline in memory is as before.
    assert student.meta["name"] != "tiny"


@pytest.mark.slow
def test_package_what_distill_returned(teacher, tmp_path):
    nlp = spacy_distill.distill(teacher, TEXTS * 3, overrides=OVERRIDES, progress=False)
    info = spacy_distill.PackageInfo(name="tiny")
    wheel = spacy_distill.package(nlp, tmp_path / "out", info=info)
    files = packaged(wheel)
    meta = json.loads(files["en_tiny/meta.json"])
    assert "agreement_f" in meta["performance"]
    assert "ents_f" not in meta["performance"]
    assert meta["spacy_distill"]["references"]["path"] == ""
    (metadata,) = (text for name, text in files.items() if name.endswith("METADATA"))
    card = Parser().parsestr(metadata).get_payload()
    assert "There is no gold annotation" in card
    assert "trained on soft labels." in card
    assert "F1" not in card.replace("Agreement (F1)", "")
    # Nothing on disk that was there while it was trained is named.
    assert tempfile.gettempdir() not in card
