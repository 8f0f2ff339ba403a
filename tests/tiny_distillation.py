"""All that `python -m spacy distill` needs, small enough for a test."""

from pathlib import Path
from typing import Any, List

import spacy.cli
from small import TEXTS, write_gold
from spacy.cli._util import app
from spacy.util import registry
from tiny_teachers import make_cnn_teacher, write_jsonl
from typer.testing import CliRunner

CONFIG = Path(__file__).parent.parent / "configs" / "student.cfg"
SMALL = {
    "components.ner.model.tok2vec.word_width": 8,
    "components.ner.model.tok2vec.hidden_width": 8,
    "components.ner.model.tok2vec.char_width": 4,
    "training.max_steps": 4,
    "training.eval_frequency": 2,
    # The tiny teacher has no word pieces to start from.
    "initialize.before_init.source": "null",
}


def write_files(folder: Path) -> Path:
    """A teacher, another one, gold sentences and texts without annotation."""
    make_cnn_teacher().to_disk(folder / "teacher")
    make_cnn_teacher(output="crf").to_disk(folder / "other_teacher")
    write_gold(folder / "gold.spacy", spacy.blank("en"), repeat=2)
    write_jsonl(folder / "texts.jsonl", TEXTS * 3)
    return folder


def overrides(**settings: Any) -> List[str]:
    """Arguments for settings by their dotted names."""
    pairs = ((f"--{name}", str(value)) for name, value in settings.items())
    return [argument for pair in pairs for argument in pair]


def run_spacy(*args: Any) -> Any:
    """`python -m spacy ...`, in this process. RETURNS: exit_code, output, exception."""
    registry.cli.get_all()
    return CliRunner().invoke(app, list(map(str, args)))


def arguments(
    folder: Path, *more: Any, config: Path = CONFIG, **settings: Any
) -> List[str]:
    """Those of `python -m spacy distill` on `write_files(folder)`. Another teacher or
    config can be given; `settings` are overrides, None takes one away."""
    teacher = settings.pop("teacher", folder / "teacher")
    wanted = {
        **SMALL,
        "paths.train": folder / "gold.spacy",
        "paths.dev": folder / "gold.spacy",
        "paths.unlabelled": folder / "texts.jsonl",
        **settings,
    }
    wanted = {name: value for name, value in wanted.items() if value is not None}
    return [*map(str, ("distill", teacher, config, *more)), *overrides(**wanted)]


def distill(folder: Path, *more: Any, **settings: Any) -> Any:
    """`run_spacy` with these `arguments`."""
    return run_spacy(*arguments(folder, *more, **settings))


def told(result: Any) -> str:
    """The one line that a fault was reported with."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    (line,) = [line for line in result.output.splitlines() if "✘" in line]
    return line
