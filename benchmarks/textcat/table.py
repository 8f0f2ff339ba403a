"""The table of `run.py`: mean and spread over seeds, in Markdown.

python benchmarks/textcat/table.py work/textcat -o benchmarks/results/textcat.md
"""

import argparse
import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, Dict, List, Optional

sys.path.insert(0, str(Path(__file__).parents[1]))
from textcat.corpora import READERS
from textcat.rows import ROWS

ORDER = ["teacher", "TF-IDF + LR, gold", *ROWS]
GOLD_ONLY = [row for row in ORDER if row.startswith("spaCy") and row.endswith("gold")]


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("-o", "--output", type=Path)
    args = parser.parse_args()
    cells = read_cells(args.results)
    text = "\n\n".join([accuracies(cells), gaps(cells), details(cells)]) + "\n"
    if args.output is None:
        print(text, end="")
    else:
        args.output.write_text(text, encoding="utf-8")


Cells = Dict[str, Dict[str, List[Dict[str, Any]]]]


def read_cells(folder: Path) -> Cells:
    """Read results by row and set."""
    cells: Cells = defaultdict(lambda: defaultdict(list))
    for path in sorted(folder.glob("*-*/*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        if "row" in result:
            cells[result["row"]][result["set"]].append(result)
    return cells


def accuracies(cells: Cells) -> str:
    """Accuracy in percent: mean, standard deviation and number of seeds."""
    sets = [name for name in READERS if any(name in row for row in cells.values())]
    lines = [
        "| test accuracy | " + " | ".join(sets) + " |",
        "|---|" + "---:|" * len(sets),
    ]
    for row in ORDER:
        if row in cells:
            values = [_spread(cells[row].get(name, []), "accuracy") for name in sets]
            lines.append(f"| {row} | " + " | ".join(values) + " |")
    return "\n".join(lines)


def gaps(cells: Cells) -> str:
    """Share of the gap between spaCy's best gold-only model and the teacher."""
    lines = [
        "| | spaCy's best on gold | best student | teacher | share of the gap |",
        "|---|---:|---:|---:|---:|",
    ]
    for name in READERS:
        gold = [_mean(cells[row][name]) for row in GOLD_ONLY if cells[row].get(name)]
        students = {
            row: _mean(cells[row][name])
            for row in ROWS
            if not row.endswith("gold") and cells[row].get(name)
        }
        teacher = cells["teacher"].get(name)
        if not gold or not students or not teacher:
            continue
        best = max(students, key=lambda row: students[row])
        low, top = max(gold), _mean(teacher)
        share = (students[best] - low) / (top - low) if top > low else float("nan")
        lines.append(
            f"| {name} | {100 * low:.1f} | {100 * students[best]:.1f} ({best}) |"
            f" {100 * top:.1f} | {100 * share:.0f} % |"
        )
    return "\n".join(lines)


def details(cells: Cells) -> str:
    """Means over all sets that a row was run on."""
    lines = [
        "| | macro F1 | ECE | docs/s, times the teacher's | MB | int8: MB | points |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in ORDER:
        results = [one for sets in cells[row].values() for one in sets]
        if not results:
            continue
        speed = []
        for one in results:
            for other in cells["teacher"].get(one["set"], []):
                if other["seed"] == one["seed"]:
                    speed.append(one["docs_per_second"] / other["docs_per_second"])
        small = [one for one in results if "int8_accuracy" in one]
        points = [100 * (one["int8_accuracy"] - one["accuracy"]) for one in small]
        lines.append(
            f"| {row} | {_percent(results, 'macro_f')} | {_number(results, 'ece')} |"
            f" {statistics.median(speed):.0f} | {_megabytes(results, 'bytes')} |"
            f" {_megabytes(small, 'int8_bytes')} |"
            f" {f'{statistics.mean(points):+.2f}' if points else ''} |"
        )
    return "\n".join(lines)


def _mean(results: List[Dict[str, Any]]) -> float:
    return statistics.mean(one["accuracy"] for one in results)


def _spread(results: List[Dict[str, Any]], key: str) -> str:
    values = [100 * one[key] for one in results]
    if not values:
        return ""
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.1f}{spread} ({len(values)})"


def _percent(results: List[Dict[str, Any]], key: str) -> str:
    return f"{100 * statistics.mean(one[key] for one in results):.1f}"


def _number(results: List[Dict[str, Any]], key: str) -> str:
    return f"{statistics.mean(one[key] for one in results):.3f}"


def _megabytes(results: List[Dict[str, Any]], key: str) -> str:
    values: List[Optional[float]] = [one.get(key) for one in results]
    known = [value for value in values if value is not None]
    return f"{statistics.mean(known) / 1e6:.1f}" if known else ""


if __name__ == "__main__":
    main()
