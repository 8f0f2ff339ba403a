"""Configs for training: read, and looked through for faults before time is spent."""

from configparser import Error as ParserError
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

from spacy.util import load_config
from spacy.vocab import Vocab
from thinc.api import Config, ConfigValidationError

from ..docs import read_gold
from ..errors import DistillError

# Where readers have the path of their gold. Others look after themselves.
_GOLD_SETTING = {"spacy.Corpus.v1": "path", "spacy_distill.DistillCorpus.v1": "gold"}


def parse_overrides(arguments: List[str]) -> Dict[str, Any]:
    """Return settings by dotted name, from arguments such as `--training.max_steps 9`
    and from the environment variable SPACY_CONFIG_OVERRIDES, which wins.

    Raises DistillError for an argument that names no setting.
    """
    from click import NoSuchOption
    from spacy.cli._util import parse_config_overrides

    try:
        return parse_config_overrides(list(arguments))
    except NoSuchOption as error:
        raise DistillError(
            "Expected an option of this command or a setting with its section, as in"
            f" --training.max_steps 1000, got {error.option_name}: see --help."
        ) from error


def read_training_config(path: Path, overrides: Dict[str, Any]) -> Config:
    """Read a config, with its variables filled in.

    overrides: settings by dotted name.

    Raises DistillError for a config that cannot be read or overridden so, and for
    gold that is not there: spaCy's reader would train on nothing, or score 0 to the
    end, and others would fail when the teacher has done its work.
    """
    try:
        with config_errors(path):
            config = load_config(path, overrides=overrides, interpolate=True)
    except (OSError, UnicodeDecodeError) as error:
        raise DistillError(
            f"Expected a config in UTF-8 at {path}, got: {_one_line(error)}."
        ) from error
    for name, block in config.get("corpora", {}).items():
        reader = block.get("@readers") if isinstance(block, dict) else None
        if reader in _GOLD_SETTING:
            setting = _GOLD_SETTING[reader]
            _check_gold(name, setting, block.get(setting))
    return config


def find_dev_gold(config: Config) -> Optional[Path]:
    """The gold that a config scores on while training; None if its reader is one that
    keeps the path to itself."""
    section, _, name = str(config.get("training", {}).get("dev_corpus")).partition(".")
    block = config.get(section, {}).get(name, {})
    path = block.get(_GOLD_SETTING.get(block.get("@readers"), ""))
    return Path(path) if path else None


@contextmanager
def config_errors(path: Path) -> Iterator[None]:
    """Turn what spaCy says of a faulty config into a DistillError."""
    try:
        yield
    except (ConfigValidationError, ParserError) as error:
        if isinstance(error, ConfigValidationError):
            # Else the message ends with the whole block.
            error = ConfigValidationError.from_error(error, show_config=False)
        raise DistillError(
            f"Expected a config that fits in {path}, got: {_one_line(error)}. Correct"
            " it there or in the overrides."
        ) from error


def _check_gold(name: str, setting: str, path: Any) -> None:
    if path is None and setting == "gold":
        return  # It may live on soft labels alone.
    if not path:
        raise DistillError(
            f"Expected a path to gold annotation in [corpora.{name}], got"
            f" {'null' if path is None else repr(path)}: give it there, or on the"
            f" command line as in --paths.{name} FILE."
        )
    docs = read_gold(Path(path), Vocab())
    if not any(doc.has_annotation("ENT_IOB") for doc in docs):
        raise DistillError(
            f"Expected entities in {path} for [corpora.{name}], got Docs without"
            " annotation: annotate them, or name another file."
        )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
