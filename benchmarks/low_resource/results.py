"""What is kept of a run: one JSON file, with all that it was made with."""

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

from common.code import code_hash
from common.guard import FILE, dump_json, settings_hash

from spacy_distill.errors import DistillError
from spacy_distill.evaluation.report import Report
from spacy_distill.files import write_atomically

from .grid import Run, Variant

FORMAT = 1
# Where the runs lie, within the folder of results: a folder for each corpus.
RUNS = "low_resource"

Result = Dict[str, Any]

_SCORES = {"precision": "ents_p", "recall": "ents_r", "f1": "ents_f"}


def make_result(
    run: Run,
    *,
    corpus: str,
    settings: Mapping[str, Any],
    steps: Optional[Mapping[str, int]],
    stages: Mapping[str, Mapping[str, Any]],
    model: Path,
    teacher_sha256: str,
    report: Report,
) -> Result:
    """Gather what is kept of a run. All scores are in percent.

    steps: of its training; None if spaCy's defaults decide. stages: seconds, and where
    each was done. model: the trained pipeline, whose meta has the scores on dev.
    teacher_sha256: of the teacher's components. report: of the pipeline alone, on test.
    """
    (row,) = report.rows
    dev = json.loads((model / "meta.json").read_bytes())["performance"]
    return {
        "format": FORMAT,
        "corpus": corpus,
        "labels": run.labels,
        "seed": run.seed,
        **asdict(run.variant),
        "dev": {
            **{name: _percent(dev.get(key)) for name, key in _SCORES.items()},
            "f1_per_type": {
                label: _percent(score["f"])
                for label, score in sorted((dev.get("ents_per_type") or {}).items())
            },
        },
        "test": {
            **{name: _percent(getattr(row, name)) for name in _SCORES},
            "f1_per_type": {
                label: _percent(score.f1) for label, score in row.per_type.items()
            },
        },
        "parameters": row.parameters,
        "table": row.table,
        "steps": None if steps is None else dict(steps),
        "stages": {name: dict(stage) for name, stage in stages.items()},
        "settings_hash": settings_hash(settings),
        "settings": dict(settings),
        "teacher_sha256": teacher_sha256,
        "code_sha256": code_hash(),
        "versions": report.versions,
        "machine": report.machine,
    }


def variant_of(result: Mapping[str, Any]) -> Variant:
    """What a result, or a row made from it, is of."""
    return Variant(*(result[field.name] for field in fields(Variant)))


def result_file(folder: Path, run: Run) -> Path:
    """Where a run's result is kept in its corpus's folder."""
    return folder / f"{run.name}.json"


def write_result(folder: Path, run: Run, result: Mapping[str, Any]) -> None:
    """Write a run's result, whole or not at all."""
    write_atomically(result_file(folder, run), dump_json(result))


def read_results(folder: Path) -> List[Result]:
    """Read all results of a corpus's folder, in order of their names.

    Raises DistillError for a file that is no result, or one of other settings than
    the folder's.
    """
    expected = _read(folder / FILE).get("hash")
    results = []
    for path in sorted(folder.glob("*.json")):
        if path.name == FILE:
            continue
        result = _read(path)
        if result.get("format") != FORMAT or "test" not in result:
            raise DistillError(
                f"Expected a run's result of format {FORMAT} in {path}, got something"
                " else: take the file away."
            )
        if result["settings_hash"] != expected or result["corpus"] != folder.name:
            raise DistillError(
                f"Expected results of one corpus and one set of settings in {folder},"
                f" but {path.name} is of another: take the file away, or keep it in a"
                " folder of its own."
            )
        results.append(result)
    return results


def _read(path: Path) -> Dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DistillError(
            f"Expected a file of a grid's results at {path}, got:"
            f" {' '.join(str(error).split())}."
        ) from error
    return value if isinstance(value, dict) else {}


def _percent(share: Optional[float]) -> Optional[float]:
    return None if share is None else round(100 * share, 3)
