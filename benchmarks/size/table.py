"""The rows as Markdown."""

from typing import Any, Dict, List, Optional, Sequence

from spacy_distill.reports.table import markdown_table, millions

HEADER = (
    "",
    "Distilled",
    "Quantized",
    "Pruned",
    "F1 dev",
    "F1 test",
    "Difference",
    "Parameters",
    "Not zero",
    "MB zipped",
)


def report_markdown(rows: Sequence[Dict[str, Any]]) -> str:
    """A table of all rows; differences are those of the test F1 to the same system's
    float32."""
    plain = {
        row["system"]: row["test_f1"] for row in rows if row["variant"] == "float32"
    }
    cells: List[List[str]] = [
        [
            f"{row['system']}, {row['variant']}",
            "yes" if row["system"] == "student" else "",
            row["storage"] if row["storage"] != "float32" else "",
            f"{100 * row['pruned']:.0f} %" if row["pruned"] else "",
            _two(row["dev_f1"]),
            _two(row["test_f1"]),
            _difference(row, plain.get(row["system"])),
            millions(row["parameters"]),
            millions(row["nonzero"]),
            f"{row['zipped_mb']:.1f}",
        ]
        for row in rows
    ]
    return "# Size\n\n" + markdown_table(HEADER, cells) + "\n"


def _two(number: Optional[float]) -> str:
    return "" if number is None else f"{number:.2f}"


def _difference(row: Dict[str, Any], plain: Optional[float]) -> str:
    if plain is None or row["variant"] == "float32":
        return ""
    return f"{row['test_f1'] - plain:+.2f}"
