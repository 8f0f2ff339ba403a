"""Model packages that contain the modules that prediction needs."""

import ast
import json
import re
from email.parser import Parser
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZipFile

import pytest
import spacy
from clean_environment import CleanEnvironment
from small import TEXTS, entities, scores, trained, write_gold
from small_classifiers import KINDS, by_heart
from texts_with_categories import CLASSIFIED_TEXTS, classified_data, make_examples
from tiny_teachers import make_bert_teacher
from tiny_transformer_students import make_student, write_source
from tiny_transformer_students import train as learn

from spacy_distill.bundling import FOLDER, copy_modules, find_modules
from spacy_distill.errors import DistillError
from spacy_distill.evaluation import speed
from spacy_distill.evaluation.evaluate import evaluate
from spacy_distill.packaging import (
    PackageInfo,
    build_wheel,
    package,
    required_packages,
    requirements,
)

ROOT = Path(__file__).parent.parent
# Everything else is for training, for teachers or for reports.
_MODULES = {
    "": "addresses arrays docs errors files kernel languages losses optimizers"
    " quantization registration students tasks windows words",
    "losses.": "base distillation divergences weight",
    "students.": "architectures composition encoder encoder_cache layers lexicon"
    " ngram_cache ngram_hashes ngrams pieces transformer vector_teacher word_types",
    "students.lexicon.": "features interaction matching",
    "students.transformer.": "architecture module onnx_graph onnx_session reading shim",
    "students.layers.": "base bilstm char_cnn dilated_convolutions quasi_recurrent",
    "tasks.": "calibration calibration_error distributions labelled ner storage"
    " textcat",
    "tasks.ner.": "annotations calibration characters component crf decoding gold"
    " lattice model span_groups tags targets task",
    "tasks.ner.lattice.": "decode forward_backward path_sums transitions",
    "tasks.textcat.": "calibration component model scorer stock targets task",
}
PREDICTION = {
    f"spacy_distill.{folder}{name}"
    for folder, names in _MODULES.items()
    for name in names.split()
}
STUDENTS = {"first": ("qrnn", "softmax"), "second": ("bilstm", "crf")}
PREDICT = """
import importlib.util, json, sys, tempfile, warnings
import spacy

warnings.simplefilter("error", UserWarning)

def predict(nlp, texts, **kwargs):
    docs = list(nlp.pipe(texts, **kwargs))
    return {
        "entities": [[(ent.text, ent.label_) for ent in doc.ents] for doc in docs],
        "scores": [doc.spans["ner"].attrs["scores"].tolist() for doc in docs],
    }

if __name__ == "__main__":
    texts, names = json.loads(sys.argv[1]), sys.argv[2:]
    found = {"installed": importlib.util.find_spec("spacy_distill") is not None}
    for name in names:
        nlp = spacy.load(name)
        found[name] = predict(nlp, texts)
        found[name]["module"] = type(nlp.get_pipe("ner")).__module__
        with tempfile.TemporaryDirectory() as folder:
            nlp.to_disk(folder)
            assert predict(spacy.load(folder), texts) == predict(nlp, texts)
        assert predict(spacy.load(name).from_bytes(nlp.to_bytes()), texts) == predict(
            nlp, texts
        )
    print(json.dumps(found))
"""
CLASSIFY = """
import importlib.util, json, sys, tempfile
import spacy

texts, names = json.loads(sys.argv[1]), sys.argv[2:]
assert importlib.util.find_spec("spacy_distill") is None
found = {}
for name in names:
    nlp = spacy.load(name)
    found[name] = [doc.cats for doc in nlp.pipe(texts)]
    with tempfile.TemporaryDirectory() as folder:
        nlp.to_disk(folder)
        assert [doc.cats for doc in spacy.load(folder).pipe(texts)] == found[name]
print(json.dumps(found))
"""
IN_PROCESSES = """
import json, multiprocessing, sys
import spacy

multiprocessing.set_start_method("spawn")
nlp = spacy.load(sys.argv[2])
docs = nlp.pipe(json.loads(sys.argv[1]), n_process=2, batch_size=2)
print(json.dumps([[(ent.text, ent.label_) for ent in doc.ents] for doc in docs]))
"""
# An older version is used by a package that was made with a later one.
WARNS = """
import sys, warnings
import spacy_distill

spacy_distill.__version__ = "0.0.9"
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import en_first
print(*(warning.message for warning in caught if warning.category is UserWarning))
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Bundled wheels of two students."""
    folder = tmp_path_factory.mktemp("bundling")
    gold = write_gold(folder / "gold.spacy", spacy.blank("en"))
    made = {}
    for name, (arch, output) in STUDENTS.items():
        trained(arch, output).to_disk(folder / name)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(speed, "_SECONDS_A_PASS", 0.0)
            report = evaluate({name: str(folder / name)}, gold, rounds=1)
        info = PackageInfo(name=name, version="0.2.0")
        options = {"info": info, "report": report, "bundle": True}
        made[name] = package(folder / name, folder / "out", **options)
    return made


@pytest.fixture
def environment(tmp_path):
    return CleanEnvironment(tmp_path)


def check_predictions(found):
    for name, student in STUDENTS.items():
        docs = [trained(*student)(text) for text in TEXTS]
        got = found[f"en_{name}"]
        assert got["entities"] == [[list(e) for e in entities(doc)] for doc in docs]
        for one, doc in zip(got["scores"], docs):
            assert one == pytest.approx(scores(doc), abs=1e-6)


def relative_imports(path):
    """Modules that a file imports, also those that a function imports when called."""
    parts = path.relative_to(ROOT).parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield ".".join([*parts[: -node.level], node.module or ""]).rstrip(".")


@pytest.mark.slow
def test_the_modules_that_are_imported_to_predict(tmp_path):
    """All architectures are among them, whatever the student is made of."""
    trained(*STUDENTS["second"]).to_disk(tmp_path)
    assert find_modules(tmp_path) == sorted(PREDICTION)


def test_what_functions_import_later_is_there_too():
    imports = set()
    for name in PREDICTION:
        path = ROOT / Path(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        imports.update(relative_imports(path))
    assert len(imports) > 20
    assert imports <= PREDICTION


@pytest.mark.slow
def test_a_pipeline_that_cannot_be_loaded(tmp_path):
    with pytest.raises(DistillError, match="Could not load the pipeline.*nothing"):
        find_modules(tmp_path / "nothing")


def test_copies_have_no_imports_of_the_installed_package(tmp_path):
    copy_modules(PREDICTION, tmp_path / "copy", version="7.8.9")
    paths = sorted((tmp_path / "copy").rglob("*.py"))
    assert len(paths) == len(PREDICTION) + 1
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from|import) spacy_distill", text, re.M), path
    init = (tmp_path / "copy" / "__init__.py").read_text(encoding="utf-8")
    assert '__version__ = "7.8.9"' in init


@pytest.mark.slow
def test_what_a_bundled_wheel_contains_and_requires(wheels):
    with ZipFile(wheels["first"]) as archive:
        sizes = {info.filename: info.compress_size for info in archive.infolist()}
        (path,) = [name for name in sizes if name.endswith("METADATA")]
        metadata = Parser().parsestr(archive.read(path).decode("utf-8"))
        meta = json.loads(archive.read("en_first/meta.json"))
        (path,) = [name for name in sizes if "licenses/LICENSE" in name]
        license_ = archive.read(path).decode("utf-8")
    modules = [name for name in sizes if name.startswith(f"en_first/{FOLDER}/")]
    assert len(modules) == len(PREDICTION) + 1
    assert f"en_first/{FOLDER}/tasks/ner/component.py" in modules
    assert sum(sizes[name] for name in modules) < 145_000
    assert metadata.get_all("Requires-Dist") == ["spacy<3.9.0,>=3.8.0"]
    assert meta["requirements"] == ["spacy>=3.8.0,<3.9.0"]
    assert metadata["Requires-Python"] == ">=3.10"
    assert license_ == (ROOT / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.slow
def test_one_file_is_enough_where_spacy_is_installed(wheels, environment):
    environment.install(wheels["first"], wheels["second"])
    names = ["en_first", "en_second"]
    found = json.loads(environment.run(PREDICT, json.dumps(TEXTS), *names))
    assert found["installed"] is False
    check_predictions(found)
    # The packages do not clash: the second uses the modules of the first.
    modules = {found[name]["module"] for name in names}
    assert modules == {f"en_first.{FOLDER}.tasks.ner.component"}


@pytest.mark.slow
def test_in_processes_that_import_anew(wheels, environment):
    environment.install(wheels["second"])
    found = json.loads(environment.run(IN_PROCESSES, json.dumps(TEXTS), "en_second"))
    docs = [trained(*STUDENTS["second"])(text) for text in TEXTS]
    assert found == [[list(e) for e in entities(doc)] for doc in docs]


@pytest.mark.slow
def test_an_installed_spacy_distill_is_used(wheels, environment):
    environment.install(wheels["first"], wheels["second"])
    # As installed: the package, and the entry points in its metadata.
    (environment.site / "spacy_distill").symlink_to(ROOT / "spacy_distill")
    ours = distribution("spacy-distill")
    info = environment.site / f"spacy_distill-{ours.version}.dist-info"
    info.mkdir()
    for name, text in {
        "METADATA": str(ours.metadata),
        "entry_points.txt": ours.read_text("entry_points.txt"),
    }.items():
        (info / name).write_text(text, encoding="utf-8")
    names = ["en_first", "en_second"]
    found = json.loads(environment.run(PREDICT, json.dumps(TEXTS), *names))
    assert found["installed"] is True
    check_predictions(found)
    modules = {found[name]["module"] for name in names}
    assert modules == {"spacy_distill.tasks.ner.component"}
    warning = environment.run(WARNS)
    assert warning.startswith("en_first was made with spacy-distill")
    assert "now runs with 0.0.9, which is spacy_distill" in warning


def build(nlp, name, folder):
    """Build a bundled wheel without a model card."""
    nlp.meta.update(name=name, version="0.2.0", **requirements(nlp))
    nlp.to_disk(folder / name)
    return build_wheel(folder / name, folder / "out", bundle=True)


@pytest.mark.slow
def test_text_classifiers(tmp_path, environment):
    wheels = [build(by_heart(kind), kind, tmp_path) for kind in KINDS]
    for wheel in wheels:
        assert required_packages(wheel.parent.parent) == ["spacy"]
    environment.install(*wheels)
    names = [f"en_{kind}" for kind in KINDS]
    found = json.loads(environment.run(CLASSIFY, json.dumps(CLASSIFIED_TEXTS), *names))
    for kind in KINDS:
        expected = by_heart(kind).pipe(CLASSIFIED_TEXTS)
        for cats, doc in zip(found[f"en_{kind}"], expected):
            assert cats == pytest.approx(doc.cats, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("factory", ["textcat", "textcat_multilabel"])
def test_spacys_own_text_classifiers_need_no_bundle(factory, tmp_path, environment):
    nlp = spacy.blank("en")
    nlp.add_pipe(factory)
    examples = make_examples(nlp, classified_data())
    nlp.initialize(lambda: examples)
    # As `spacy train` leaves it, with a reader that only training needs.
    nlp.config["corpora"] = {"train": {"@readers": "spacy_distill.DistillCorpus.v1"}}
    assert requirements(nlp)["requirements"] == []
    wheel = build(nlp, "plain", tmp_path)
    assert required_packages(wheel.parent.parent) == ["spacy"]
    with ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if "_spacy_distill" in name]
    environment.install(wheel)
    texts = json.dumps(CLASSIFIED_TEXTS)
    found = json.loads(environment.run(CLASSIFY, texts, "en_plain"))
    for cats, doc in zip(found["en_plain"], nlp.pipe(CLASSIFIED_TEXTS)):
        assert cats == pytest.approx(doc.cats, abs=1e-6)


@pytest.mark.slow
def test_a_pipeline_with_torch_is_not_bundled(tmp_path):
    nlp = make_bert_teacher(tmp_path / "bert")
    info = PackageInfo(name="teacher")
    with pytest.raises(DistillError, match="runs on numpy alone, got components"):
        package(nlp, tmp_path / "out", info=info, bundle=True)


@pytest.mark.slow
def test_a_transformer_student_needs_onnx_runtime_and_its_tokenizer(
    tmp_path, environment
):
    student = make_student(write_source(tmp_path / "source"))
    learn(student, 40)
    student.to_disk(tmp_path / "first")
    expected = [[list(e) for e in entities(doc)] for doc in student.pipe(TEXTS)]
    nlp = spacy.load(tmp_path / "first")
    needed = requirements(nlp)["requirements"]
    assert [line.partition(">")[0] for line in needed] == ["spacy-distill[onnx]"]
    wheel = build(nlp, "transformer", tmp_path)
    names = required_packages(wheel.parent.parent)
    assert sorted(names) == ["onnxruntime", "spacy", "tokenizers"]
    environment.install(wheel)
    found = json.loads(environment.run(PREDICT, json.dumps(TEXTS), "en_transformer"))
    assert found["installed"] is False
    assert found["en_transformer"]["entities"] == expected


@pytest.mark.slow
def test_a_wheel_of_a_transformer_student_requires_the_extra(tmp_path):
    student = make_student(write_source(tmp_path / "source"))
    student.to_disk(tmp_path / "model")
    wheel = build_wheel(tmp_path / "model", tmp_path / "out")
    with ZipFile(wheel) as archive:
        (path,) = [name for name in archive.namelist() if name.endswith("METADATA")]
        metadata = Parser().parsestr(archive.read(path).decode("utf-8"))
    names = {line.partition("<")[0] for line in metadata.get_all("Requires-Dist")}
    assert names == {"spacy", "spacy-distill[onnx]"}
