"""Files and arguments for `python -m spacy distill`, small enough for a test."""

from pathlib import Path
from tempfile import mkdtemp
from typing import Any, List, Optional

import spacy.cli
from small import TEXTS, write_gold
from spacy.cli._util import app
from spacy.util import registry
from thinc.api import Config
from tiny_teachers import make_bert_teacher, make_cnn_teacher, write_jsonl
from typer.testing import CliRunner

CONFIG = Path(__file__).parent.parent / "spacy_distill" / "configs" / "student.cfg"
SMALL = {
    "components.ner.model.tok2vec.word_width": 8,
    "components.ner.model.tok2vec.hidden_width": 8,
    "components.ner.model.tok2vec.char_width": 4,
    "training.max_steps": 4,
    "training.eval_frequency": 2,
    # The tiny teacher has no word pieces, and an installed MiniLM would be large.
    "initialize.before_init.source": "null",
}


def write_files(folder: Path) -> Path:
    """Write two teachers, gold Docs and unlabelled texts."""
    make_cnn_teacher().to_disk(folder / "teacher")
    make_cnn_teacher(output="crf").to_disk(folder / "other_teacher")
    write_gold(folder / "gold.spacy", spacy.blank("en"), repeat=2)
    write_jsonl(folder / "texts.jsonl", TEXTS * 3)
    return folder


def write_round_teacher(folder: Path) -> Path:
    """Write a config of later teachers: like the shipped one, of a tiny BERT."""
    make_bert_teacher(folder / "bert")
    config = Config().from_disk(CONFIG.parent / "teacher.cfg", interpolate=False)
    config["paths"]["transformer"] = str(folder / "bert")
    spans = config["components"]["transformer"]["model"]["get_spans"]
    spans.update({"window": 8, "stride": 6})
    config["training"].update({"max_steps": 4, "eval_frequency": 2})
    config["training"]["logger"]["progress_bar"] = None
    # Not the steps of the shipped one.
    del config["schedule"]
    path = folder / "round_teacher.cfg"
    config.to_disk(path)
    return path


def overrides(**settings: Any) -> List[str]:
    """Return arguments that override settings, by dotted name."""
    pairs = ((f"--{name}", str(value)) for name, value in settings.items())
    return [argument for pair in pairs for argument in pair]


def run_spacy(*args: Any) -> Any:
    """Run `python -m spacy ...` in this process.

    Returns:
        A result with `exit_code`, `output` and `exception`.
    """
    registry.cli.get_all()
    return CliRunner().invoke(app, list(map(str, args)))


def arguments(
    folder: Path, *more: Any, config: Optional[Path] = CONFIG, **settings: Any
) -> List[str]:
    """Return the arguments of `python -m spacy distill` for `write_files(folder)`.

    Args:
        folder: The folder of the files.
        *more: Other arguments. Without -o among them, the output is a new folder.
        config: Config of the student; None for none, so that the default is used.
        **settings: Overrides by dotted name, where None removes one, and `teacher`.
    """
    teacher = settings.pop("teacher", folder / "teacher")
    wanted = {
        **SMALL,
        "paths.train": folder / "gold.spacy",
        "paths.dev": folder / "gold.spacy",
        "paths.unlabelled": folder / "texts.jsonl",
        **settings,
    }
    wanted = {name: value for name, value in wanted.items() if value is not None}
    if "-o" not in more:
        more = (*more, "-o", mkdtemp(dir=folder, prefix="out_"))
    given = [teacher] if config is None else [teacher, config]
    return [*map(str, ("distill", *given, *more)), *overrides(**wanted)]


def distill(folder: Path, *more: Any, **settings: Any) -> Any:
    """Run `python -m spacy distill` with these `arguments`."""
    return run_spacy(*arguments(folder, *more, **settings))


def told(result: Any) -> str:
    """Return the one line that a command failed with."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    (line,) = [line for line in result.output.splitlines() if "✘" in line]
    return line
