"""Tables and figure of all results.

python benchmarks/presets/table.py work/presets -o benchmarks/results
"""

import argparse
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from common.markdown import spread, table

from presets.figure import draw_figure
from presets.results import Results
from presets.sets import ORDER, TEACHER
from spacy_distill.files import write_atomically

NAME = "presets"


def main() -> None:
    """Add results to those there are; write them, their tables and the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path, nargs="*", help="output of run.py")
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    results = Results(args.output / f"{NAME}.json")
    for folder in args.work:
        results.add(folder)
    results.save()
    parts = [f_scores(results), calibration(results), sizes(results)]
    text = "\n\n".join(part for part in parts if part) + "\n"
    write_atomically(args.output / f"{NAME}.md", text.encode("utf-8"))
    draw_figure(results, args.output / NAME)


def f_scores(results: Results) -> str:
    """Entity F1 on the test set, and the share of the teacher's."""
    rows = []
    for row in ORDER:
        found = [_score(results, row, name) for name in results.sets]
        if any(found):
            rows.append([row, *found])
    return table(
        ["entity F1, test (seeds), share of the teacher's", *results.sets], rows
    )


def calibration(results: Results) -> str:
    """F1 on the development set, and calibration error on the test set."""
    rows = []
    for row in ORDER:
        found = []
        for name in results.sets:
            dev, ece = (results.mean(row, name, key) for key in ("dev_f1", "ece"))
            text = f"{100 * dev:.1f}" if dev is not None else ""
            found.append(f"{text} / {ece:.3f}" if ece is not None else text)
        if any(found):
            rows.append([row, *found])
    return table(["entity F1, development / ECE, test", *results.sets], rows)


def sizes(results: Results) -> str:
    """Size and speed, as trained and quantized, by set."""
    rows = []
    for name in results.sets:
        speeds = results.speeds.get(name, {})
        for row in ORDER:
            f1, own = (results.mean(row, name, key) for key in ("f1", "bytes"))
            if f1 is None or own is None:
                continue
            rows.append([name, row, f"{100 * f1:.1f}", f"{own / 1e6:.1f}"])
            rows[-1].append(f"{speeds[row]:,.0f}" if row in speeds else "")
            for key, scale in (("int8_f1", 1e-2), ("int8_bytes", 1e6)):
                value = results.mean(row, name, key)
                rows[-1].append(f"{value / scale:.1f}" if value is not None else "")
            int8 = speeds.get(f"{row}, int8")
            rows[-1].append(f"{int8:,.0f}" if int8 is not None else "")
    head = ["", "", "F1", "MB, zipped", "words/s"]
    return table([*head, "quantized: F1", "MB, zipped", "words/s"], rows)


def _score(results: Results, row: str, name: str) -> str:
    text = spread([100 * cell["f1"] for cell in results.cells(row, name)])
    shares = results.shares(row, name)
    if row == TEACHER or not shares:
        return text
    return f"{text}, {100 * statistics.mean(shares):.0f} %"


if __name__ == "__main__":
    main()
