"""Between two rounds of distillation: the student labels, a new teacher learns."""

import json
import shutil
from contextlib import nullcontext, redirect_stdout
from dataclasses import replace
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any, ContextManager, Dict, Mapping, Optional, Union

import srsly
from spacy.language import Language
from spacy.tokens import DocBin
from thinc.api import get_current_ops
from tqdm.auto import tqdm
from wasabi import Printer

from ..docs import read_gold
from ..errors import DistillError
from ..evaluation.report import Report
from ..files import sha256_bytes, write_atomically
from ..hub import DEFAULT_TRANSFORMER
from ..soft_labels.store import SoftLabels
from ..tasks.base import Task
from ..tasks.textcat.task import TextCatTask
from .checks import check_config
from .config import (
    CONFIGS,
    TEACHER_CONFIG,
    classifies,
    find_gold,
    read_config,
)
from .labels import LabelMap
from .loop import fingerprint
from .preparation import Prepared
from .schedule import least_passes
from .teacher import train_teacher

_MARK, _TEACHER, _RELABELLED = "finished.json", "next_teacher", "relabelled"
_TEXTCAT_TEACHER_CONFIG = CONFIGS / "textcat_teacher.cfg"


def check_rounds(
    rounds: int, prepared: Prepared, round_teacher: Optional[Union[str, Path]]
) -> None:
    """Check before the first round whether there can be others.

    Args:
        rounds: Number of rounds.
        prepared: The first round.
        round_teacher: Config of the later teachers; None for the one that ships.

    Raises:
        DistillError: If something is missing.
    """
    if rounds == 1:
        if round_teacher is not None:
            raise DistillError(
                f"Expected a config of later teachers with 2 or more rounds, got"
                f" {round_teacher} and one round: set rounds to 2, or leave it out."
            )
        return
    if prepared.without_dev:
        raise DistillError(
            f"Expected gold annotation for development with {rounds} rounds, to choose"
            " the best step of each teacher by, got none: add dev, or leave rounds out."
        )
    if prepared.texts is None:
        raise DistillError(
            f"Expected texts with {rounds} rounds, which the student labels, got soft"
            " labels alone: add them."
        )
    if round_teacher is None and prepared.lang != "en":
        raise DistillError(
            f"Expected a config of later teachers for the language {prepared.lang!r},"
            " since the transformer of the one that ships is for English, got none:"
            " give round_teacher."
        )
    path = _teacher_config(prepared, round_teacher)
    settings = {"nlp.lang": prepared.lang}
    check_config(read_config(path, settings, interpolate=False), path)
    config = read_config(path, settings)
    student = read_config(prepared.path, prepared.settings)
    if classifies(config) != classifies(student):
        raise DistillError(
            f"Expected a teacher for the task of the student in {path}, got one for"
            " another: give the config of one."
        )


def mark_round(
    prepared: Prepared,
    teacher_hash: str,
    label_map: Optional[LabelMap],
    round_teacher: Optional[Union[str, Path]],
) -> str:
    """Return the fingerprint of a round, by which it is known to be finished.

    Args:
        prepared: The round.
        teacher_hash: Fingerprint of its teacher.
        label_map: New labels of the teacher's.
        round_teacher: Config of the next teacher.
    """
    # Gold annotation and whatever else the config names, such as word vectors. The soft
    # labels are made in the round.
    config = read_config(prepared.path, prepared.settings)
    student = fingerprint(config, without=[str(prepared.soft_labels)])
    assert prepared.texts is not None
    parts = [
        teacher_hash,
        None if label_map is None else dict(label_map),
        prepared.texts.hash,
        student,
        _teacher_config(prepared, round_teacher).read_text(encoding="utf-8"),
    ]
    return sha256_bytes(json.dumps(parts).encode("utf-8"))


def is_finished(folder: Path, mark: str) -> bool:
    """Whether a round was finished with the same settings and data.

    Args:
        folder: Folder of the round.
        mark: See `mark_round`.
    """
    path = folder / _MARK
    return path.is_file() and srsly.read_json(path) == {"run": mark}


def next_teacher(folder: Path) -> Path:
    """Return the path of the teacher that a finished round has trained."""
    return folder / _TEACHER / "model-best"


def next_soft_labels(folder: Path) -> Path:
    """Return the folder for the predictions of the teacher that a round has trained."""
    return folder / _TEACHER / "soft_labels"


def finish_round(
    folder: Path,
    student: Language,
    prepared: Prepared,
    *,
    mark: str,
    number: int,
    round_teacher: Optional[Union[str, Path]],
    say: Printer,
) -> None:
    """Train the next teacher on gold annotation and the student's predictions.

    Args:
        folder: Folder of the round.
        student: Its student.
        prepared: The round.
        mark: See `mark_round`.
        number: Number of the round, from 1.
        round_teacher: Config of the next teacher.
        say: Prints what is done.
    """
    say.divider(f"Round {number + 1}: training another teacher")
    config = read_config(prepared.path, prepared.settings)
    train, dev = (find_gold(config, f"{name}_corpus") for name in ("train", "dev"))
    relabelled = folder / _RELABELLED
    task = SoftLabels(prepared.soft_labels).task
    n_docs = _relabel(
        *(student, prepared, train, relabelled), task=task, progress=not say.no_print
    )
    say.info(f"The student has labelled the texts: {n_docs:,} documents with gold")
    # Of a teacher that was trained on something else, if there are any.
    shutil.rmtree(next_soft_labels(folder), ignore_errors=True)
    path = _teacher_config(prepared, round_teacher)
    settings: Dict[str, Any] = {
        "paths.train": str(relabelled),
        "paths.dev": str(dev),
        "nlp.lang": prepared.lang,
        # Another start than that of the teacher before, if that was trained likewise.
        "system.seed": config.get("system", {}).get("seed", 0) + number,
    }
    filled = read_config(path, settings)
    if "schedule" in filled and filled["schedule"].get("passes") is None:
        # The rule is for gold annotation: predictions are more, and not to be learned
        # by heart.
        settings["schedule.passes"] = least_passes(
            n_docs, filled["training"]["batcher"].get("size", 16)
        )
    ops = get_current_ops()
    gpu_id = int(ops.device_id) if ops.device_type == "gpu" else -1
    quiet: ContextManager[Any] = nullcontext()
    if say.no_print:
        quiet = redirect_stdout(StringIO())
    ships = round_teacher is None and find_spec(DEFAULT_TRANSFORMER) is not None
    with quiet:
        train_teacher(
            path,
            folder / _TEACHER,
            transformer=DEFAULT_TRANSFORMER if ships else None,
            overrides=settings,
            gpu_id=gpu_id,
            progress=not say.no_print,
        )
    srsly.write_json(folder / _MARK, {"run": mark})


def with_rounds(report: Report, earlier: Mapping[str, Report]) -> Report:
    """Add the pipelines of earlier rounds to the last round's report.

    Args:
        report: The report.
        earlier: Reports of earlier rounds, by the name of their folder.

    Returns:
        The report with their rows before that of its student.
    """
    rows, sources = [], dict(report.sources)
    for number, (folder, before) in enumerate(earlier.items(), 1):
        for row in before.rows:
            name = f"{row.name}, round {number}"
            rows.append(replace(row, name=name))
            source = before.sources[row.name]
            is_student = row.name == before.rows[-1].name
            sources[name] = f"{folder}/{source}" if is_student else source
    return replace(
        report, rows=[*report.rows[:-1], *rows, report.rows[-1]], sources=sources
    )


def _teacher_config(
    prepared: Prepared, round_teacher: Optional[Union[str, Path]]
) -> Path:
    if round_teacher is not None:
        return Path(round_teacher)
    if classifies(read_config(prepared.path, prepared.settings)):
        return _TEXTCAT_TEACHER_CONFIG
    return TEACHER_CONFIG


def _relabel(
    student: Language,
    prepared: Prepared,
    train: Optional[Path],
    folder: Path,
    *,
    task: Task,
    progress: bool,
) -> int:
    """Write gold annotation, and the other texts with the student's predictions.

    Returns:
        Number of documents.
    """
    assert prepared.texts is not None
    folder.mkdir(parents=True, exist_ok=True)
    gold = [] if train is None else list(read_gold(train, student.vocab))
    known = {doc.text for doc in gold}
    predicted = tqdm(
        student.pipe(prepared.texts.read(student)),
        total=len(prepared.texts),
        desc="Labelling",
        unit="doc",
        dynamic_ncols=True,
        disable=not progress,
    )
    others = [doc for doc in predicted if doc.text not in known]
    if isinstance(task, TextCatTask):
        for doc in others:
            doc.cats = _decide(doc.cats, exclusive=task.exclusive)
    for name, docs in (("gold", gold), ("student", others)):
        write_atomically(folder / f"{name}.spacy", DocBin(docs=docs).to_bytes())
    return len(gold) + len(others)


def _decide(cats: Mapping[str, float], *, exclusive: bool) -> Dict[str, float]:
    """Return the decisions of a classifier: teachers learn from 0 and 1."""
    if exclusive:
        best = max(cats, key=lambda name: cats[name])
        return {name: float(name == best) for name in cats}
    return {name: float(score >= 0.5) for name, score in cats.items()}
