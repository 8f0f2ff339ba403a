"""`--code`: teachers and functions of one's own on the command line."""

import pytest
import spacy
from small import TEXTS, write_gold
from tiny_distillation import SMALL, overrides, told
from tiny_teachers import write_jsonl
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.soft_labels.store import SoftLabels

CODE = """
import spacy
from spacy.util import registry
from spacy_distill import load_teacher

def names(texts):
    return [
        [(text.find(name), text.find(name) + len(name), label)
         for name, label in (("Anna", "PER"), ("Paris", "LOC")) if name in text]
        for text in texts
    ]

@registry.misc("test_code.Names.v1")
def names_v1():
    return load_teacher(names, labels=["LOC", "PER"])
"""
CONFIG = '[teacher]\n@misc = "test_code.Names.v1"\n'


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("code")
    (folder / "names.py").write_text(CODE, encoding="utf-8")
    (folder / "teacher.cfg").write_text(CONFIG, encoding="utf-8")
    write_jsonl(folder / "texts.jsonl", TEXTS * 3)
    write_gold(folder / "gold.spacy", spacy.blank("en"))
    return folder


def run(command, *args):
    return CliRunner().invoke(app, list(map(str, [command, *args])))


def test_own_teacher(files, tmp_path):
    code = ["--code", files / "names.py"]
    teacher, texts = files / "teacher.cfg", files / "texts.jsonl"
    result = run("annotate", teacher, texts, "-o", tmp_path / "soft", *code)
    assert result.exit_code == 0, result.output
    assert SoftLabels(tmp_path / "soft").manifest.counts.labels == {"LOC": 6, "PER": 6}
    args = [teacher, "-o", tmp_path / "out", "--soft-labels", tmp_path / "soft"]
    result = run("distill", *args, *code, *overrides(**SMALL))
    assert result.exit_code == 0, result.output
    pipelines = ["-p", f"teacher={teacher}", "-p", f"s={tmp_path / 'out/model-best'}"]
    gold = ["--gold", files / "gold.spacy", "-o", tmp_path / "r.json", "--rounds", 0]
    result = run("evaluate", *pipelines, *gold, *code)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "Expected a Python file for --code, got nothing at"),
        ("import no_such_module", "Could not import"),
        ("raise ValueError('broken')", "ValueError: broken"),
        ("def", "SyntaxError"),
    ],
)
@pytest.mark.parametrize("command", ["annotate", "distill"])
def test_code_that_cannot_be_imported(files, tmp_path, command, content, message):
    path = tmp_path / "code.py"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    args = [files / "teacher.cfg", files / "texts.jsonl", "-o", tmp_path / "out"]
    assert message in told(run(command, *args, "--code", path))
    assert not (tmp_path / "out").exists()
