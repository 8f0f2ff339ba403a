"""All results as rows: one flat list over all corpora, for others to read."""

import json
from pathlib import Path
from typing import Any, Dict, List

from spacy_distill.errors import DistillError
from spacy_distill.files import write_atomically

from .results import RUNS, Result, read_results, variant_of

Row = Dict[str, Any]

SUMMARY = "low_resource.json"


def gather_rows(results: Path) -> List[Row]:
    """Rows of all runs of all corpora in a folder of results, sorted.

    Raises DistillError if there is none, or for what `read_results` does not take.
    """
    folders = sorted(f for f in (results / RUNS).glob("*") if f.is_dir())
    rows = [make_row(result) for folder in folders for result in read_results(folder)]
    if not rows:
        raise DistillError(
            f"Expected results of runs in {results / RUNS}, got none: run the grid"
            " first, or name another folder."
        )
    return sorted(
        rows,
        key=lambda row: (
            row["corpus"],
            variant_of(row).rank,
            row["labels"],
            row["seed"],
        ),
    )


def make_row(result: Result) -> Row:
    """A result's figures. Scores are in percent, seconds those of the system's own
    training; encoder, classifier and word_init are None where the grid has no choice.
    """
    test, dev, stages = result["test"], result["dev"], result["stages"]
    on_gpu = any(stage["gpu_id"] >= 0 for stage in stages.values())
    return {
        "corpus": result["corpus"],
        "labels": result["labels"],
        "seed": result["seed"],
        "system": result["system"],
        "encoder": result["encoder"],
        "classifier": result["classifier"],
        "word_init": result["word_init"],
        "test_f1": test["f1"],
        "dev_f1": dev["f1"],
        "test_precision": test["precision"],
        "test_recall": test["recall"],
        "parameters": result["parameters"],
        "table": result["table"],
        "train_seconds": stages["train"]["seconds"],
        "device": "gpu" if on_gpu else "cpu",
        "versions": {
            name: result["versions"][name] for name in ("spacy-distill", "spacy")
        },
        "code_sha256": result["code_sha256"],
    }


def write_rows(results: Path, rows: List[Row]) -> Path:
    """Write the summary, a line for each row, and return its path."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    path = results / SUMMARY
    write_atomically(path, f"[\n{lines}\n]\n".encode())
    return path
