"""Load the tokenizer of a Hugging Face model, and say which of its files is missing."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, List, Sequence

from .errors import DistillError
from .hub import CONFIG, Located

_FAST = "tokenizer.json"
# Characters of a library's error message; some list all that the library knows.
_MOST = 200


def load_tokenizer(located: Located, *, source: str, fast: bool = True) -> Any:
    """Load a tokenizer, without asking the hub if the files are in a folder.

    Args:
        located: The files of a model.
        source: Name of the model, for error messages.
        fast: Whether it must be a fast one.

    Returns:
        The tokenizer, a fast one if there is any.

    Raises:
        DistillError: If the model's config cannot be read, if files of the tokenizer
            are missing or broken, or if the tokenizer is a slow one and should not.
    """
    from transformers import AutoConfig, AutoTokenizer

    args = from_pretrained_args(located)
    # Broken files raise errors of many types.
    try:
        config = AutoConfig.from_pretrained(**args)
    except Exception as error:
        raise DistillError(
            f"Expected a {CONFIG} of a model that transformers knows in {source}, got"
            f" an error: {reason(error)}"
        ) from error
    try:
        tokenizer = AutoTokenizer.from_pretrained(**args, use_fast=True)
    except Exception as error:
        if located.revision is None and not isinstance(error, ImportError):
            _check_files(located.folder, config, source, error)
        raise DistillError(
            f"Could not load the tokenizer of {source}: {reason(error)}"
        ) from error
    if fast:
        check_fast(tokenizer, source=source)
    return tokenizer


def check_saveable(located: Located, *, source: str) -> None:
    """Check that spacy-transformers can load and save a model's tokenizer.

    It stores the tokenizer's vocabulary file too, if that is a SentencePiece model,
    although a fast tokenizer does not need it.

    Args:
        located: The files of the model.
        source: Name of the model, for error messages.

    Raises:
        DistillError: If the tokenizer cannot be loaded, or has no such file.
    """
    tokenizer = load_tokenizer(located, source=source, fast=False)
    vocab_file = getattr(tokenizer, "vocab_file", "")
    if vocab_file is None:
        name = tokenizer.vocab_files_names["vocab_file"]
        raise DistillError(
            f"Expected {name} beside {_FAST} in {source}, since spacy-transformers"
            " saves it with the model, got none: copy it there from the model that it"
            " was fine-tuned from, or use another model."
        )


def check_fast(tokenizer: Any, *, source: str) -> None:
    """Check that a tokenizer returns character offsets.

    Args:
        tokenizer: A `transformers` tokenizer.
        source: Name of its model, for error messages.

    Raises:
        DistillError: If it is a slow one.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise DistillError(
            f"Expected a fast tokenizer with {source}, since only fast ones return"
            f" character offsets, got {type(tokenizer).__name__}: use a model with"
            f" a {_FAST}."
        )


def from_pretrained_args(located: Located) -> Dict[str, Any]:
    """Return the arguments of `from_pretrained` for a model that was found.

    Args:
        located: The files of the model.
    """
    return {
        "pretrained_model_name_or_path": located.location,
        "revision": located.revision or "main",
        "local_files_only": located.revision is None,
    }


def reason(error: Exception) -> str:
    """Return the first line of an error of a library, shortened.

    Args:
        error: The error.
    """
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    text = text if len(text) <= _MOST else f"{text[:_MOST]}..."
    return text if text.endswith(".") else f"{text}."


def _check_files(folder: Path, config: Any, source: str, error: Exception) -> None:
    """Raise an error that names the files that are broken or missing, if known."""
    if (folder / _FAST).is_file():
        raise DistillError(
            f"Could not read {_FAST} of {source}: {reason(error)} Save it there again."
        ) from error
    others = _slow_files(config)
    names = " and ".join(others)
    if not others or not all((folder / name).is_file() for name in others):
        either = " or ".join([_FAST, names] if others else [_FAST])
        raise DistillError(
            f"Expected a tokenizer in {source}, as {either},"
            " got none: save that of the model it was fine-tuned from there, as in"
            f" AutoTokenizer.from_pretrained(NAME).save_pretrained({str(folder)!r})."
        ) from error
    if names.endswith(".model") and find_spec("sentencepiece") is None:
        raise DistillError(
            f"Expected {_FAST} in {source}, or the package sentencepiece to read"
            f" {names}, got neither: run pip install sentencepiece protobuf."
        ) from error


def _slow_files(config: Any) -> Sequence[str]:
    """Return the files, other than tokenizer.json, that make a model's tokenizer."""
    from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING

    kinds: List[Any] = []
    if type(config) in TOKENIZER_MAPPING:
        kinds = [kind for kind in TOKENIZER_MAPPING[type(config)] if kind is not None]
    for kind in reversed(kinds):
        return [name for name in kind.vocab_files_names.values() if name != _FAST]
    return []
