"""project.yml: what it runs exists, and what it reads is made or there."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import spacy.cli  # noqa: F401 - registers spaCy's own commands
import typer.main
from spacy.cli._util import app as spacy_app
from spacy.cli.init_config import fill_config
from spacy.schemas import ConfigSchemaTraining
from spacy.util import load_config, registry
from tiny_distillation import run_spacy
from weasel.cli.document import MARKER_END, MARKER_START, project_document
from weasel.util import load_project_config, parse_config_overrides

from spacy_distill.cli.app import app

ROOT = Path(__file__).parent.parent
DEFAULT = ()
COLUMNS = (
    *("--vars.work", "work/other", "--vars.name", "other_ner", "--vars.lang", "de"),
    *("--vars.train", "data/train.conll", "--vars.dev", "data/dev.conll"),
    *("--vars.test", "data/test.conll", "--vars.unlabelled", "", "--vars.seed", "3"),
    *("--vars.n_labels", "750", "--vars.transformer", "bert-base-cased"),
    *("--vars.alpha", "0.5", "--vars.gpu", "0"),
    *("--vars.textcat_work", "work/topics", "--vars.textcat_name", "topics"),
    *("--vars.textcat_train", "data/topics.csv", "--vars.textcat_rounds", "1"),
)
OVERRIDES = {"default": DEFAULT, "columns": COLUMNS}


def load(*overrides):
    parsed = parse_config_overrides(list(overrides), env_var=None)
    return load_project_config(ROOT, overrides=parsed)


def commands(*overrides):
    return {command["name"]: command for command in load(*overrides)["commands"]}


def variables(*overrides):
    given = parse_config_overrides(list(overrides), env_var=None)
    return {**load()["vars"], **{n.split(".")[1]: str(v) for n, v in given.items()}}


def scripts(project):
    """(name of the command, words of the line) for every line."""
    for command in project["commands"]:
        for line in command["script"]:
            yield command["name"], shlex.split(line)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A copy of the project in which every file and folder named has been made."""
    for name in ("assets", "spacy_distill", "project.yml"):
        (tmp_path / name).symlink_to(ROOT / name)
    for overrides in OVERRIDES.values():
        for command in commands(*overrides).values():
            for path in command.get("deps", []) + command.get("outputs", []):
                if not (tmp_path / path).exists():
                    (tmp_path / path).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_workflow_and_commands():
    project = load()
    names = [command["name"] for command in project["commands"]]
    assert len(set(names)) == len(names)
    for name, steps in project["workflows"].items():
        assert name not in names
        assert set(steps) <= set(names)
    # Everything but `clean`, in the order in which it is defined.
    assert [step for steps in project["workflows"].values() for step in steps] == [
        name for name in names if name != "clean"
    ]
    assert all(command["help"] for command in project["commands"])


@pytest.mark.parametrize("overrides", OVERRIDES.values(), ids=OVERRIDES)
def test_every_dependency_is_there_by_then(overrides):
    value = variables(*overrides)
    names = ("train", "dev", "test", "teacher_config", "student_config")
    there = {
        f"{value[prefix + name]}/" for prefix in ("", "textcat_") for name in names
    }
    others = ("encoder_config", "transformer_config", "textcat_unlabelled")
    there.update(f"{value[name]}/" for name in others)
    for name, command in commands(*overrides).items():
        assert set(command.get("deps", [])) <= there
        work = value["textcat_work" if name.startswith("textcat-") else "work"]
        for path in command.get("outputs", []):
            assert path.startswith(f"{work}/")
            assert path not in there
        there.update(command.get("outputs", []))


@pytest.mark.parametrize("overrides", OVERRIDES.values(), ids=OVERRIDES)
def test_every_path_in_a_script_is_declared(overrides):
    """Else a command would not run again when what it reads has changed."""
    project = load(*overrides)
    value = variables(*overrides)
    work = "|".join([value["work"], value["textcat_work"]])
    declared = {}
    for command in project["commands"]:
        declared[command["name"]] = {
            *command.get("deps", ()),
            *command.get("outputs", ()),
        }
        # What a dependency was made from is declared by it.
        for earlier in project["commands"]:
            if {*earlier.get("outputs", ())} & {*command.get("deps", ())}:
                declared[command["name"]] |= declared[earlier["name"]]
    for name, words in scripts(project):
        for path in re.findall(rf"(?:{work})/[\w./-]+", " ".join(words)):
            assert any(
                # Within what is declared, or, as in `-o teacher`, around it.
                f"{path}/".startswith(f"{known}/") or known.startswith(f"{path}/")
                for known in declared[name]
            ), f"{name}: {path}"


def test_variables_arrive():
    found = commands(*COLUMNS)
    corpus = shlex.split(found["corpus"]["script"][0])
    assert corpus[corpus.index("--unlabelled") + 1] == ""
    assert corpus[corpus.index("--n-labels") + 1] == "750"
    assert found["corpus"]["deps"] == [
        f"data/{name}.conll/" for name in ("train", "dev", "test")
    ]
    assert found["corpus"]["outputs"] == ["work/other/corpus"]
    distill = shlex.split(found["distill"]["script"][0])
    for option, value in {
        "--nlp.lang": "de",
        "--system.seed": "3",
        "--paths.soft_labels": "work/other/soft_labels",
        "--components.ner.loss.alpha": "0.5",
        "--components.ner.loss.temperature": "1.0",
        "-o": "work/other/distilled",
    }.items():
        assert distill[distill.index(option) + 1] == value
    card = shlex.split(found["package"]["script"][0])
    assert card[card.index("--name") + 1] == "other_ner"
    assert card[card.index("--data") + 1] == variables()["data"]


def parse(words):
    """Let typer parse a line. RETURNS: its values, and arguments left over."""
    if words[0] == "spacy-distill":
        group, rest = typer.main.get_command(app), words[1:]
    else:
        assert words[:3] == ["python", "-m", "spacy"]
        registry.cli.get_all()
        group, rest = typer.main.get_command(spacy_app), words[3:]
    context = group.commands[rest[0]].make_context(rest[0], rest[1:])
    return context.params, context.args


@pytest.mark.parametrize("overrides", OVERRIDES.values(), ids=OVERRIDES)
def test_every_option_exists(place, overrides):
    seen = set()
    for _, words in scripts(load(*overrides)):
        if words[:2] == ["python", "-c"]:
            compile(words[2], "project.yml", "exec")
            continue
        if words[:5] == ["python", "-m", "spacy", "project", "run"]:
            given = parse_config_overrides(words[7:], env_var=None)
            assert words[5] in load()["workflows"]
            assert {name.partition(".")[2] for name in given} <= set(load()["vars"])
            continue
        params, rest = parse(words)
        seen.add(words[1] if words[0] == "spacy-distill" else words[3])
        if not rest:
            continue
        # Settings of a config, each of which has to be there already.
        path = next(Path(word) for word in words if word.endswith(".cfg"))
        settings = parse_config_overrides(list(rest), env_var=None)
        config = load_config(path, overrides=settings, interpolate=True)
        original = load_config(path)
        for name in settings:
            section = original
            for part in name.split("."):
                assert part in section, name
                section = section[part]
        # An encoder has no pipeline.
        if "nlp" in config:
            assert config["nlp"]["lang"] == variables(*overrides)["lang"]
    assert seen >= {"corpus", "train-teacher", "annotate", "train", "distill", "card"}
    assert seen >= {"convert", "augment", "quantize", "evaluate", "package", "summary"}


def test_options_that_do_not_exist_would_be_found(place):
    with pytest.raises(Exception, match="nonsense"):
        parse(["spacy-distill", "annotate", "a", "b", "-o", "c", "--nonsense", "1"])


@pytest.mark.parametrize(
    "workflow", ["all", "small", "quick", "transformer", "distill-textcat"]
)
@pytest.mark.parametrize("overrides", OVERRIDES.values(), ids=OVERRIDES)
def test_dry_run(place, overrides, workflow):
    result = run_spacy("project", "run", workflow, place, "--dry", *overrides)
    assert result.exit_code == 0, result.output
    project = load(*overrides)
    assert result.output.count("Running command: ") == len(
        [name for name, _ in scripts(project) if name in project["workflows"][workflow]]
    )
    assert "Missing dependency" not in result.output
    assert not (place / "project.lock").exists()


def test_quick_settings_are_the_default_workflow_in_a_folder_of_its_own(place):
    copy, run, _ = (words for name, words in scripts(load()) if name == "all-quick")
    assert run[3:7] == ["project", "run", "all", "."]
    settings = parse_config_overrides(run[7:], env_var=None)
    assert settings["vars.work"] == "work/quick"
    assert settings["vars.name"] != load()["vars"]["name"]
    texts = place / settings["vars.unlabelled"]
    # The copies are of some files, and the same files each time.
    for _ in range(2):
        subprocess.run([sys.executable, *copy[1:]], cwd=place, check=True)
        copied = {path.name for path in texts.iterdir()}
        assert copied < {path.name for path in (ROOT / "assets/unlabelled").iterdir()}
        assert len(copied) == 12
    original = load_config(place / load()["vars"]["teacher_config"])
    teacher = load_config(place / settings["vars.teacher_config"])
    original["training"]["optimizer"]["learn_rate"]["initial_rate"] *= 5
    assert teacher == original


def test_makefile_names_variables_that_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    names = re.findall(r"--vars\.(\w+)", makefile)
    assert names
    assert set(names) <= set(load()["vars"])


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_serve_needs_what_make_distill_makes(tmp_path):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"WORK ?= {load()['vars']['work']}\n" in makefile
    command = ["make", "--silent", "serve", f"WORK={tmp_path}", f"VENV={tmp_path}"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 2
    told = run.stderr.splitlines()[0]
    assert told.startswith(f"Expected a pipeline in {tmp_path}/pipeline, got none: run")
    assert "`make distill` first" in told
    assert list(tmp_path.iterdir()) == []


# Of pipelines: that of distill-encoder is none.
CONFIGS = sorted(
    path
    for path in (ROOT / "spacy_distill" / "configs").glob("*.cfg")
    if path.stem != "encoder"
)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_configs_are_whole(path, tmp_path):
    _, filled = fill_config(tmp_path / "filled.cfg", path, silent=True)
    # Filled in, not changed: what spaCy does not know would be taken out.
    _check_contained(load_config(path), filled)
    weights = filled["training"]["score_weights"]
    if "ner" in filled["components"]:
        assert weights.keys() >= {"ents_f", "ents_ece"}
    else:
        assert weights["cats_score"] == 1.0
        if filled["components"]["textcat"]["factory"] == "compact_textcat":
            assert weights.keys() >= {"cats_acc", "cats_ece"}
    filled["paths"].update(train="some.spacy", dev="some.spacy")
    config = filled.interpolate()
    assert registry.resolve(config["corpora"]).keys() >= {"train", "dev"}
    registry.resolve(config["training"], schema=ConfigSchemaTraining)


def _check_contained(part, whole):
    for key, value in part.items():
        assert key in whole, key
        if isinstance(value, dict):
            _check_contained(value, whole[key])
        else:
            assert whole[key] == value, key


def test_the_page_has_the_project_s_own_description(capsys):
    readme = (ROOT / "docs" / "project.md").read_text(encoding="utf-8")
    start, end = (marker.format(tag="WEASEL") for marker in (MARKER_START, MARKER_END))
    if start not in readme:
        pytest.skip("docs/project.md has no generated part yet")
    project_document(ROOT, Path("-"))
    generated = (
        capsys.readouterr().out.strip().replace("(project.yml)", "(../project.yml)")
    )
    inside = readme[readme.index(start) : readme.index(end) + len(end)]
    command = "python -m spacy project document -o docs/project.md"
    assert inside == generated, f"run {command}, and link to ../project.yml"
