import json

import pytest
import spacy
from rule_teacher import make_rule_teacher
from small import TEXTS, entities, trained, write_gold
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.evaluation import speed
from spacy_distill.evaluation.evaluate import evaluate


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("card")
    make_rule_teacher().to_disk(folder / "teacher")
    trained().to_disk(folder / "student")
    gold = write_gold(folder / "gold.spacy", spacy.blank("en"))
    sources = {name: str(folder / name) for name in ("teacher", "student")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speed, "_SECONDS_A_PASS", 0.0)
        evaluate(sources, gold, rounds=1).write(folder / "report.json")
    return folder


def run(folder, *more, model="student", name="tiny", version="0.2.0"):
    args = ["card", str(folder / model), "--report", str(folder / "report.json")]
    args += ["--name", name, "--version", version, *more]
    result = CliRunner().invoke(app, args, terminal_width=200)
    return result, " ".join(result.output.split())


def test_card_and_meta(folder):
    result, output = run(
        folder, "--license", "BSD", "--data", "Four sentences.", "--teacher", "Rules"
    )
    assert result.exit_code == 0, output
    card = (folder / "student" / "README.md").read_text(encoding="utf-8")
    assert card.startswith("# en_tiny\n\nNamed entities in English text")
    assert "Four sentences." in card
    assert "`LOC`, `PER`" in card
    assert "This pipeline is `student`." in card
    meta = json.loads((folder / "student" / "meta.json").read_text(encoding="utf-8"))
    assert (meta["name"], meta["version"], meta["license"]) == ("tiny", "0.2.0", "BSD")
    assert meta["performance"]["ents_f"] == 1.0
    assert meta["spacy_version"] == ">=3.8.0,<3.9.0"
    assert meta["requirements"] == ["spacy-distill>=0.1.0,<1.0.0"]
    nlp = spacy.load(folder / "student")
    assert nlp.meta["name"] == "tiny"
    assert entities(nlp(TEXTS[0])) == entities(trained()(TEXTS[0]))


def test_nothing_is_invented(folder, tmp_path):
    result, output = run(folder, "-o", str(tmp_path / "copy"))
    assert result.exit_code == 0, output
    card = (tmp_path / "copy" / "README.md").read_text(encoding="utf-8")
    before = json.loads((folder / "student" / "meta.json").read_text(encoding="utf-8"))
    meta = json.loads((tmp_path / "copy" / "meta.json").read_text(encoding="utf-8"))
    for name in ("license", "author", "url"):
        assert meta[name] == before[name]
    for part in ("MIT", "Training data", "license"):
        assert part not in card


def test_row_and_language_can_be_given(folder):
    options = ["--row", "teacher", "--lang-name", "Scots", "--description", "Rules."]
    result, output = run(folder, *options, model="teacher")
    assert result.exit_code == 0, output
    card = (folder / "teacher" / "README.md").read_text(encoding="utf-8")
    assert "This pipeline is `teacher`." in card
    assert "It reads Scots" in card
    assert "\n\nRules.\n\n" in card


def test_the_pipeline_can_be_left_as_it_is(folder, tmp_path):
    before = (folder / "student" / "meta.json").read_bytes()
    out = tmp_path / "new" / "copy"
    for version in ("7.0", "7.1"):
        result, output = run(folder, "-o", str(out), version=version)
        assert result.exit_code == 0, output
    assert (folder / "student" / "meta.json").read_bytes() == before
    assert spacy.load(out).meta["version"] == "7.1"
    assert "en_tiny-7.1" in (out / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "nothing"}, "Expected the folder of a pipeline"),
        ({"name": "com-pact"}, "Expected a name of letters"),
        ({"name": "en_tiny"}, "try 'tiny'"),
        ({"version": "one"}, "Expected a version as in 0.1.0"),
    ],
)
def test_a_fault_is_one_message_and_a_failure(folder, options, message):
    result, output = run(folder, **options)
    assert result.exit_code == 1
    assert message in output
    assert len(result.output.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--row", "baseline", "Expected one of teacher, student"),
        ("--report", "none.json", "Expected a report at none.json"),
        ("--output", "/dev/null/x", "Could not copy"),
    ],
)
def test_a_fault_in_an_option(folder, option, value, message):
    result, output = run(folder, option, value)
    assert result.exit_code == 1
    assert message in output
