"""All that can be told before the teacher is loaded: config, gold annotation, texts."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

from spacy.vocab import Vocab
from thinc.api import Config

from ..addresses import as_path, path_exists
from ..corpora.texts import Texts, TextSource, as_texts
from ..docs import read_gold
from ..errors import DistillError
from ..files import check_writable
from ..soft_labels.manifest import FILE_NAME
from ..soft_labels.store import SoftLabels
from .checks import check_config
from .config import (
    check_gold,
    classifies,
    find_gold,
    hold_out,
    lacks_dev,
    read_config,
)
from .labels import count_labels
from .settings import check_overrides

# Held-out documents without gold annotation: a tenth, within these limits.
_HELD_OUT_SHARE, _HELD_OUT_MOST = 0.1, 1000


@dataclass(frozen=True)
class Prepared:
    """A run whose settings have been checked.

    Attributes:
        path: The config.
        settings: Overrides by dotted name, with the folder of the soft labels.
        lang: Language of the student.
        texts: The texts; None if the soft labels are there.
        soft_labels: Folder of the soft labels.
        without_dev: Whether there is no gold annotation for development.
        held_out: Documents to hold out; 0 with gold annotation for development.
        trains_on_gold: Whether there is gold annotation to train on.
        gold_labels: Gold entities by label, or documents by category, in training and
            development data.
        warnings: What to tell before work starts.
    """

    path: Path
    settings: Dict[str, Any]
    lang: str
    texts: Optional[Texts]
    soft_labels: Path
    without_dev: bool
    held_out: int
    trains_on_gold: bool
    gold_labels: Mapping[str, int]
    warnings: Tuple[str, ...]


def prepare(
    path: Path,
    settings: Mapping[str, Any],
    *,
    texts: Optional[TextSource],
    folder: Path,
    held_out: Optional[float],
) -> Prepared:
    """Check the settings of a run before the teacher is loaded.

    Args:
        path: Config of the student.
        settings: Overrides by dotted name.
        texts: The texts; None for those at paths.unlabelled.
        folder: Folder of the run.
        held_out: Texts to hold out; see `distill`.

    Raises:
        DistillError: If the run would fail later, or if a setting would have no effect.
    """
    settings = dict(settings)
    # Empty, as from a variable of a project that was left empty, counts as none.
    for name in ("paths.train", "paths.dev", "paths.unlabelled"):
        if settings.get(name) == "":
            settings[name] = None
    check_overrides(read_config(path, {}, interpolate=False), settings)
    config = read_config(path, settings)
    without_dev = lacks_dev(config)
    if without_dev:
        hold_out(config, folder, 0)  # tells now if it cannot
    elif held_out is not None:
        raise DistillError(
            "Expected held_out without gold annotation for development only, got both:"
            " leave one out."
        )
    check_config(read_config(path, settings, interpolate=False), path)
    check_gold(config if not without_dev else _without_dev_corpus(config))
    paths = config.get("paths", {})
    soft_labels = as_path(paths.get("soft_labels") or folder / "soft_labels")
    settings["paths.soft_labels"] = str(soft_labels)
    source = paths.get("unlabelled") or None if texts is None else texts
    found = None if source is None else as_texts(source)
    if found is None and not path_exists(soft_labels):
        raise DistillError(
            f"Expected texts for the teacher, or soft labels in {soft_labels}, got "
            "neither: add --paths.unlabelled TEXTS."
        )
    if not path_exists(soft_labels / FILE_NAME):
        check_writable(soft_labels)
    total = len(SoftLabels(soft_labels)) if found is None else len(found)
    gold = {name: find_gold(config, f"{name}_corpus") for name in ("train", "dev")}
    labels: Counter = Counter()
    for file in {file for file in gold.values() if file is not None}:
        # `+=` would drop categories without documents.
        labels.update(count_labels(file, categories=classifies(config)))
    return Prepared(
        path=path,
        settings=settings,
        lang=config["nlp"]["lang"],
        texts=found,
        soft_labels=soft_labels,
        without_dev=without_dev,
        held_out=_number_held_out(total, held_out) if without_dev else 0,
        trains_on_gold=gold["train"] is not None,
        gold_labels=labels,
        warnings=tuple(_find_ignored(settings)),
    )


def check_gold_files(settings: Mapping[str, Any]) -> None:
    """Check gold annotation while it is not known what the student is to learn.

    Args:
        settings: Overrides by dotted name.

    Raises:
        DistillError: If a file is missing, cannot be read, or has neither entities nor
            categories.
    """
    for name in ("paths.train", "paths.dev"):
        path = settings.get(name)
        if not path:
            continue
        docs = read_gold(Path(path), Vocab())
        # All are read, since the last of several files may be a broken one.
        if not sum(doc.has_annotation("ENT_IOB") or bool(doc.cats) for doc in docs):
            raise DistillError(
                f"Expected entities or categories in {path}, got Docs without"
                " annotation: annotate them, or name another file."
            )


def _find_ignored(settings: Mapping[str, Any]) -> List[str]:
    if {"schedule.passes", "training.max_steps"} <= settings.keys() and settings[
        "schedule.passes"
    ] is not None:
        return [
            "schedule.passes has no effect, since training.max_steps is given too: the"
            " number of steps counts."
        ]
    return []


def _without_dev_corpus(config: Config) -> Config:
    config = config.copy()
    section, _, name = str(config["training"]["dev_corpus"]).partition(".")
    del config[section][name]
    return config


def _number_held_out(total: int, held_out: Optional[float]) -> int:
    if held_out is None:
        number = min(round(_HELD_OUT_SHARE * total), _HELD_OUT_MOST)
    else:
        number = round(held_out * total) if held_out < 1 else round(held_out)
    if not 0 < number < total:
        raise DistillError(
            f"Expected to hold out some of {total} documents and keep others, got"
            f" {number}: give more texts, gold annotation for development, or"
            " another held_out."
        )
    return number
