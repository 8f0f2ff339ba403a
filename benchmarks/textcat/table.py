"""Table and figure of all results, in Markdown.

python benchmarks/textcat/table.py work/textcat -o benchmarks/results
"""

import argparse
import statistics
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional

sys.path.insert(0, str(Path(__file__).parents[1]))
from common.markdown import spread, table

from spacy_distill.files import write_atomically
from textcat.figure import draw_figure
from textcat.results import EVERYWHERE, ORDER, SPACY_GOLD, STUDENTS, Results

NAME = "textcat"
TFIDF = "TF-IDF + LR, gold"
# Rows to compare probabilities with hard labels, and what augmentation adds.
_PAIRS = {
    "soft in place of hard labels": [
        ("n-grams, soft", "n-grams, hard"),
        ("QRNN, soft", "QRNN, hard"),
    ],
    "augmentation": [
        ("n-grams, soft, all", "n-grams, soft"),
        ("QRNN, soft, all", "QRNN, soft"),
    ],
    "word vectors": [
        ("QRNN, soft, GloVe", "QRNN, soft"),
        ("QRNN, soft, all, GloVe", "QRNN, soft, all"),
    ],
    "transformer in place of QRNN": [
        ("transformer, soft", "QRNN, soft"),
    ],
    "document vectors": [
        ("QRNN, soft, vectors", "QRNN, soft"),
        ("QRNN, soft, all, vectors", "QRNN, soft, all"),
    ],
}


def main() -> None:
    """Add results to those there are; write them, their table and their figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path, nargs="*", help="output of run.py")
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    results = Results(args.output / f"{NAME}.json")
    for folder in args.work:
        results.add(folder)
    results.save()
    parts = [accuracies(results), gaps(results)]
    parts += [differences(results, title) for title in _PAIRS]
    parts += [quality(results), speeds(results)]
    text = "\n\n".join(part for part in parts if part) + "\n"
    write_atomically(args.output / f"{NAME}.md", text.encode("utf-8"))
    draw_figure(results, args.output / NAME)


def accuracies(results: Results) -> str:
    """Accuracy in percent: mean, standard deviation and number of seeds."""
    sets = results.sets
    rows = []
    for row in ORDER:
        if results.cells(row):
            found = [
                spread([100 * c["accuracy"] for c in results.cells(row, name)])
                for name in sets
            ]
            rows.append([row, *found])
    return table(["test accuracy (seeds)", *sets], rows)


def gaps(results: Results) -> str:
    """Share of the gap between spaCy's best model on gold and the teacher.

    Means are over the seeds that all others have been run with, and of students that
    have been run with all of them.
    """
    rows = []
    for name in results.sets:
        stock = [row for row in SPACY_GOLD if results.cells(row, name)]
        others = [*stock, "teacher", TFIDF]
        seeds = results.shared_seeds(others, name) if stock else []
        students = [
            row
            for row in STUDENTS
            if seeds and results.shared_seeds([*others, row], name) == seeds
        ]
        if not students:
            continue

        def mean(row: str, name: str = name, seeds: List[int] = seeds) -> float:
            return results.mean(row, name, seeds=seeds) or 0.0

        low, top = max(mean(row) for row in stock), mean("teacher")
        best = max(students, key=mean)
        share = f"{100 * (mean(best) - low) / (top - low):.0f} %" if top > low else ""
        rows.append(
            [
                *(name, str(len(seeds)), f"{low:.1f}", f"{mean(TFIDF):.1f}"),
                *(f"{mean(best):.1f} ({best})", f"{top:.1f}", share),
            ]
        )
    head = ["", "seeds", "spaCy's best on gold", TFIDF, "best student", "teacher"]
    return table([*head, "of the gap"], rows)


def differences(results: Results, title: str) -> str:
    """Differences in accuracy between pairs of rows, by set."""
    rows = []
    for row, other in _PAIRS[title]:
        found = []
        for name in results.sets:
            seeds = results.shared_seeds([row, other], name)
            if seeds:
                one = results.mean(row, name, seeds=seeds) or 0.0
                two = results.mean(other, name, seeds=seeds) or 0.0
                found.append(one - two)
            else:
                found.append(None)
        known = [points for points in found if points is not None]
        if known:
            mean = f"{statistics.mean(known):+.1f}"
            values = ["" if p is None else f"{p:+.1f}" for p in found]
            rows.append([f"{row} − {other}", *values, mean])
    return table([f"{title}, points", *results.sets, "mean"], rows)


def quality(results: Results) -> str:
    """Means over the sets and seeds that all rows have been run with."""
    everywhere = [row for row in EVERYWHERE if results.cells(row)]
    complete = results.complete(everywhere)
    rows = []
    for row in everywhere:
        cells = [cell for cell in complete if cell["row"] == row]
        if cells:
            small = [cell for cell in cells if "int8_accuracy" in cell]
            points = [100 * (c["int8_accuracy"] - c["accuracy"]) for c in small]
            numbers = [
                f"{100 * statistics.mean(cell[key] for cell in cells):.1f}"
                for key in ("accuracy", "macro_f")
            ]
            rows.append(
                [
                    *(row, str(len(cells)), *numbers),
                    _mean_of(cells, "ece"),
                    _mean_of(cells, "calibrated_ece"),
                    _megabytes(small, "int8_bytes"),
                    f"{statistics.mean(points):+.2f}" if points else "",
                ]
            )
    head = ["mean of all runs with every row", "runs", "accuracy", "macro F1", "ECE"]
    return table([*head, "calibrated", "int8: MB", "int8: points"], rows)


def speeds(results: Results) -> str:
    """Documents a second in turns and size, by set."""
    rows = []
    for name in results.sets:
        for row, speed in results.speeds.get(name, {}).items():
            teacher = results.speeds[name]["teacher"]
            times = speed["docs_per_second"] / teacher["docs_per_second"]
            rows.append(
                [
                    *(name, row, f"{speed['docs_per_second']:,.0f}", f"{times:,.0f}"),
                    f"{speed['bytes'] / 1e6:.1f}",
                ]
            )
    head = ["", "", "docs/s, one thread", "times the teacher's", "MB"]
    return table(head, rows)


def _mean_of(cells: List[Dict[str, Any]], key: str) -> str:
    values = [cell[key] for cell in cells if key in cell]
    return f"{statistics.mean(values):.3f}" if values else ""


def _megabytes(cells: List[Dict[str, Any]], key: str) -> str:
    values: List[Optional[float]] = [cell.get(key) for cell in cells]
    known = [value for value in values if value is not None]
    return f"{statistics.mean(known) / 1e6:.1f}" if known else ""


if __name__ == "__main__":
    main()
