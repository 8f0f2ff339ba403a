"""License and model card of a pipeline that was quantized."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict

from spacy.language import Language

from ..errors import DistillError
from ..evaluation.report import attach_report, get_report
from ..evaluation.rows import Quantization
from ..files import to_json, write_atomically
from ..reports.card import add_quantization_note

_README = "README.md"
# What `spacy package` puts beside a pipeline, in its folder too.
_LICENSES = ("LICENSE", "LICENSES_SOURCES")


def keep_card(
    nlp: Language, source: Path, done: Quantization, scores: Dict[str, Any]
) -> None:
    """Take over license and card, without claims that were measured before.

    Args:
        nlp: The quantized pipeline, loaded from its folder.
        source: Folder of the pipeline before.
        done: What was done to it.
        scores: Its own scores; empty without gold annotation.

    Raises:
        DistillError: If a file cannot be copied.
    """
    assert nlp.path is not None
    nlp.meta["performance"] = dict(scores)
    try:
        report = get_report(nlp)
    except DistillError:  # of another version: it stays as it is
        report = None
    if report is not None:
        attach_report(nlp, replace(report, quantization=done))
    write_atomically(nlp.path / "meta.json", to_json(nlp.meta))
    try:
        for name in _LICENSES:
            if (source / name).is_file():
                shutil.copy(source / name, nlp.path / name)
        if (source / _README).is_file():
            # Bytes that are not UTF-8 stay as they are.
            card = (source / _README).read_bytes().decode("utf-8", "surrogateescape")
            noted = add_quantization_note(card, done)
            data = noted.encode("utf-8", "surrogateescape")
            write_atomically(nlp.path / _README, data)
    except OSError as error:
        raise DistillError(
            f"Could not copy the model card to {nlp.path}: {error.strerror or error}."
        ) from error
