"""Tables of all results, in Markdown.

python benchmarks/transformer_student/table.py work/transformer_student \
    -o benchmarks/results
"""

import argparse
import statistics
import sys
from pathlib import Path
from typing import Any, Dict, List

sys.path.insert(0, str(Path(__file__).parents[1]))
from common.markdown import spread, table
from spacy.util import load_config

from spacy_distill.files import write_atomically
from spacy_distill.training.config import CONFIGS
from transformer_student.corpora import CORPORA
from transformer_student.results import ORDER, Results, mean
from transformer_student.rows import ADAPTIVE, COMPARED, ROWS, SIZES, UNDISTILLED

NAME = "transformer_student"
_EARLIER = "¹"
_RATE: float = load_config(CONFIGS / "transformer_student.cfg")["training"][
    "optimizer"
]["learn_rate"]["initial_rate"]


def main() -> None:
    """Add results to those there are; write them and their tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path, nargs="*", help="output of run.py")
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    results = Results(args.output / f"{NAME}.json")
    for folder in args.work:
        results.add(folder)
    results.save()
    parts = [f_scores(results), characters(results), against(results)]
    parts.append(sizes(results))
    text = "\n\n".join(part for part in parts if part) + "\n"
    write_atomically(args.output / f"{NAME}.md", text.encode("utf-8"))


def f_scores(results: Results) -> str:
    """Entity F1 on the test set, and the share of the teacher's."""
    sets = results.sets
    rows = []
    for row in ORDER:
        found = [_score(results, row, name) for name in sets]
        if any(found):
            rows.append([row, *found])
    text = table(["entity F1 (seeds), share of the teacher's", *sets], rows)
    if _EARLIER in text:
        text += (
            f"\n\n{_EARLIER} With an earlier config: a learning rate other than"
            f" {_RATE}, or an English vocabulary pruned to the training texts."
        )
    return text


def _is_earlier(cell: Dict[str, Any]) -> bool:
    """Whether a transformer student was trained with an earlier config."""
    if not ROWS[cell["row"]].is_transformer:
        return False
    # Chinese students are always pruned.
    is_english = CORPORA[cell["set"]].lang == "en"
    # Earlier cells do not tell; all of them were pruned.
    is_pruned = is_english and cell.get("is_pruned", True)
    return bool(cell["learning_rate"] != _RATE) or is_pruned


def characters(results: Results) -> str:
    """F1 of characters, micro and macro, of Chinese sets."""
    sets = [
        name
        for name in results.sets
        if any("character_f1" in cell for cell in results.cells("teacher", name))
    ]
    rows = []
    for row in ORDER:
        found = [
            " / ".join(
                f"{100 * (mean(results.cells(row, name), key) or 0.0):.1f}"
                for key in ("character_f1", "character_macro_f1")
            )
            if results.cells(row, name)
            else ""
            for name in sets
        ]
        if any(found):
            rows.append([row, *found])
    return table(["F1 of characters, micro / macro", *sets], rows if sets else [])


def against(results: Results) -> str:
    """Differences of the adaptive weight from the other objectives, in points."""
    rows = []
    for row in COMPARED:
        found = []
        for name in results.sets if row != ADAPTIVE else []:
            ours, theirs = results.shared([ADAPTIVE, row], name)
            pairs = [
                100 * (a["f1"] - b["f1"])
                for a, b in zip(ours, theirs)
                if _is_earlier(a) == _is_earlier(b)
            ]
            found.append(f"{statistics.mean(pairs):+.1f}" if pairs else "")
        if any(found):
            note = " (direct pruning)" if row == UNDISTILLED else ""
            rows.append([f"{ADAPTIVE} − {row}{note}", *found])
    return table(["points of F1, same seeds", *results.sets], rows)


def sizes(results: Results) -> str:
    """Parameters, speed and size of each kind of student, by set."""
    rows = []
    for name in results.sets:
        speeds = results.speeds.get(name, {})
        for row in ("teacher", ADAPTIVE, *SIZES, "QRNN"):
            cells = results.cells(row, name)
            if not cells:
                continue
            rows.append([name, row, *_size(cells, row, speeds)])
    head = ["", "", "F1", "parameters: encoder", "embeddings"]
    head += ["words/s: torch", "ONNX or numpy", "int8", "int8 / teacher"]
    return table([*head, "MB", "int8: MB", "int8: points"], rows)


def _size(cells: List[Dict[str, Any]], row: str, speeds: Dict[str, float]) -> List[str]:
    f1, int8_f1 = mean(cells, "f1"), mean(cells, "int8_f1")
    is_teacher = row == "teacher"
    torch = speeds.get(row if is_teacher else f"{row}, torch")
    own = None if is_teacher else speeds.get(row)
    int8, teacher = speeds.get(f"{row}, int8"), speeds.get("teacher")
    return [
        f"{100 * (f1 or 0.0):.1f}",
        *(_millions(mean(cells, f"{part}_parameters")) for part in _PARTS),
        *(f"{speed:,.0f}" if speed else "" for speed in (torch, own, int8)),
        f"{int8 / teacher:.1f}" if int8 and teacher else "",
        *(_millions(mean(cells, key)) for key in ("bytes", "int8_bytes")),
        f"{100 * (int8_f1 - f1):+.2f}" if int8_f1 and f1 else "",
    ]


_PARTS = ("encoder", "embedding")


def _millions(number: Any) -> str:
    return f"{number / 1e6:.1f}" if number else ""


def _score(results: Results, row: str, name: str) -> str:
    teachers, cells = results.shared(["teacher", row], name)
    if not cells:
        return ""
    text = spread([100 * cell["f1"] for cell in cells])
    if row != "teacher" and any(map(_is_earlier, cells)):
        text += f" {_EARLIER}"
    if row == "teacher":
        return text
    shares = [cell["f1"] / top["f1"] for cell, top in zip(cells, teachers)]
    return f"{text}, {100 * statistics.mean(shares):.1f} %"


if __name__ == "__main__":
    main()
