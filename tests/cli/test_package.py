"""From a trained pipeline to an installed package, with spaCy's own command."""

import json
import os
import re
import shutil
import subprocess
import sys
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest
import spacy
from small import TEXTS, entities, trained, write_gold
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.cli.card import card_cli
from spacy_distill.evaluation import speed
from spacy_distill.evaluation.evaluate import evaluate

LOAD = """
import json, sys
import spacy

nlp = spacy.load("en_tiny")
docs = [nlp(text) for text in json.load(sys.stdin)]
print(json.dumps({
    "entities": [[(ent.text, ent.label_) for ent in doc.ents] for doc in docs],
    "scores": [doc.spans["ner"].attrs["scores"].tolist() for doc in docs],
    "meta": nlp.meta,
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    trained().to_disk(folder / "student")
    gold = write_gold(folder / "gold.spacy", spacy.blank("en"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "_SECONDS_A_PASS", 0.0)
        report = evaluate({"student": str(folder / "student")}, gold, rounds=1)
    report.write(folder / "report.json")
    card_cli(
        model=folder / "student",
        report=folder / "report.json",
        name="tiny",
        version="0.2.0",
    )
    (folder / "packages").mkdir()
    command = ["spacy", "package", str(folder / "student"), str(folder / "packages")]
    subprocess.run([sys.executable, "-m", *command, "--build", "wheel"], check=True)
    (wheel,) = folder.rglob("*.whl")
    return wheel


def run(folder, *more, name="small", output="out"):
    """Run `spacy-distill package` on the student; its output is in one line."""
    out = output if Path(output).is_absolute() else str(folder / output)
    args = ["package", str(folder / "student"), "-o", out, "--name", name, *more]
    result = CliRunner().invoke(app, args, terminal_width=200)
    return result, " ".join(result.output.split())


@pytest.mark.slow
def test_the_wheel_asks_for_spacy_and_spacy_distill_alone(wheel):
    assert wheel.name == "en_tiny-0.2.0-py3-none-any.whl"
    with ZipFile(wheel) as archive:
        (path,) = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(archive.read(path).decode("utf-8"))
        meta = json.loads(archive.read("en_tiny/meta.json"))
    # Whichever versions of spaCy 3.8 and of spacy-distill trained it.
    required = ["spacy-distill<1.0.0,>=0.1.0", "spacy<3.9.0,>=3.8.0"]
    assert sorted(metadata.get_all("Requires-Dist")) == required
    assert meta["spacy_version"] == ">=3.8.0,<3.9.0"
    assert metadata.get_payload().startswith("# en_tiny\n")


@pytest.mark.slow
def test_the_installed_package_finds_what_the_trained_pipeline_found(wheel, tmp_path):
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    target = tmp_path / "site"
    command = [*pip, "--no-index", "--target", str(target), str(wheel)]
    subprocess.run(command, check=True)
    result = subprocess.run(
        [sys.executable, "-c", LOAD],
        input=json.dumps(TEXTS),
        env={**os.environ, "PYTHONPATH": str(target)},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(result.stdout)
    docs = [trained()(text) for text in TEXTS]
    assert found["entities"] == [[list(e) for e in entities(doc)] for doc in docs]
    for scores, doc in zip(found["scores"], docs):
        assert scores == pytest.approx(doc.spans["ner"].attrs["scores"].tolist())
    assert found["meta"]["name"] == "tiny"
    assert found["meta"]["performance"]["ents_f"] == 1.0


OWN_LOSS = """
from spacy.util import registry
from spacy_distill.losses.distillation import distillation_loss_v1

@registry.misc("test_package.loss.v1")
def make_loss(alpha: float = 1.0):
    return distillation_loss_v1(alpha=alpha)
"""


@pytest.mark.slow
def test_own_code_goes_into_the_wheel(wheel, tmp_path):
    folder = next(path for path in wheel.parents if (path / "report.json").exists())
    shutil.copytree(folder / "student", tmp_path / "student")
    config = tmp_path / "student" / "config.cfg"
    text = config.read_text(encoding="utf-8")
    start = text.index("[components.ner.loss]")
    end = text.index("[", start + 1)
    block = '[components.ner.loss]\n@misc = "test_package.loss.v1"\n\n'
    config.write_text(text[:start] + block + text[end:], encoding="utf-8")
    (tmp_path / "own_loss.py").write_text(OWN_LOSS, encoding="utf-8")
    report = ["--report", str(folder / "report.json")]
    code = ["--code", str(tmp_path / "own_loss.py")]
    result, output = run(tmp_path, *report, *code, name="tiny")
    assert result.exit_code == 0, output
    (made,) = (tmp_path / "out").rglob("*.whl")
    with ZipFile(made) as archive:
        archive.extractall(tmp_path / "site")
    subprocess.run(
        [sys.executable, "-c", LOAD],
        input=json.dumps(TEXTS),
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("bundle", [False, True])
def test_one_command_makes_the_wheel(wheel, bundle):
    folder = next(path for path in wheel.parents if (path / "report.json").exists())
    report = ["--report", str(folder / "report.json")]
    options = ["--version", "1.5.0", "--author", "The makers", *report]
    result, output = run(folder, *options, *(["--bundle"] if bundle else []))
    assert result.exit_code == 0, output
    made = (
        folder / "out" / "en_small-1.5.0" / "dist" / "en_small-1.5.0-py3-none-any.whl"
    )
    assert re.search(r"en_small-1\.5\.0-py3-none-any\.whl \(0\.\d MB\)", output)
    with ZipFile(made) as archive:
        names = archive.namelist()
        meta = json.loads(archive.read("en_small/meta.json"))
    assert meta["author"] == "The makers"
    assert ("en_small/_spacy_distill/registration.py" in names) == bundle
    asks = [requirement.partition(">")[0] for requirement in meta["requirements"]]
    assert sorted(asks) == (["spacy"] if bundle else ["spacy", "spacy-distill"])
    assert ("It requires spaCy alone." in output) == bundle
    assert ("With --bundle" in output) == (not bundle)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "got one without: measure it with `evaluate` and give the report"),
        (
            {"output": "/dev/null/out"},
            "Expected a folder to write to, got /dev/null/out",
        ),
    ],
)
def test_a_fault_is_told_before_anything_is_built(tmp_path, options, message):
    trained().to_disk(tmp_path / "student")
    result, output = run(tmp_path, **options)
    assert result.exit_code == 1
    assert message in output
    assert "Traceback" not in output
    assert not list(tmp_path.rglob("*.whl"))
