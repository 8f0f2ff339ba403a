"""The figure: F1 against words a second, with the size of the package as area."""

import math
from pathlib import Path
from typing import Any, List, NamedTuple

from presets.results import Results
from presets.sets import ROWS, STOCK, TEACHER

# Apart for eyes that do not tell red from green (after Okabe and Ito).
_COLORS = {TEACHER: "#000000", STOCK: "#009e73"}
_STUDENT = "#d55e00"
# Square points for a MB.
_AREA = 12.0


class Point(NamedTuple):
    """A pipeline.

    Attributes:
        row: Its row.
        f1: Entity F1 on the test set, in percent.
        speed: Words a second.
        megabytes: Size of its files, zipped.
    """

    row: str
    f1: float
    speed: float
    megabytes: float


def find_points(results: Results, name: str) -> List[Point]:
    """Return the pipelines of a set whose speed is known, students as quantized."""
    speeds = results.speeds.get(name, {})
    points = []
    for row in (TEACHER, *ROWS):
        is_small = f"{row}, int8" in speeds
        f1 = results.mean(row, name, "int8_f1" if is_small else "f1")
        size = results.mean(row, name, "int8_bytes" if is_small else "bytes")
        speed = speeds.get(f"{row}, int8" if is_small else row)
        if f1 is not None and size is not None and speed is not None:
            points.append(Point(row, 100 * f1, speed, size / 1e6))
    return points


def draw_figure(results: Results, stem: Path) -> None:
    """Draw a panel for each set with speeds to `stem`.svg and `stem`.png.

    The same results give the same bytes.

    Args:
        results: Results.
        stem: Path without ending.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = {name: find_points(results, name) for name in results.sets}
    panels = {name: points for name, points in panels.items() if points}
    if not panels:
        return
    style: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "spacy-distill",
        "font.size": 9,
    }
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(7.4, 3.6 * len(panels)), layout="constrained")
        FigureCanvasAgg(figure)
        found = figure.subplots(len(panels), squeeze=False)
        for axes, (name, points) in zip(found[:, 0], panels.items()):
            for point in points:
                area = _AREA * point.megabytes
                # The lower of two of about the same speed has its name below.
                is_lower = any(
                    other.f1 > point.f1 and 0.5 < other.speed / point.speed < 2
                    for other in points
                )
                distance = math.sqrt(area) / 2 + 3
                axes.scatter(
                    [point.speed],
                    [point.f1],
                    s=area,
                    color=_COLORS.get(point.row, _STUDENT),
                    alpha=0.55,
                    linewidths=0,
                )
                axes.annotate(
                    f"{point.row}, {point.megabytes:.1f} MB",
                    (point.speed, point.f1),
                    xytext=(0, -distance if is_lower else distance),
                    textcoords="offset points",
                    ha="center",
                    va="top" if is_lower else "bottom",
                )
            axes.set_xscale("log")
            axes.margins(0.2, 0.25)
            axes.set_title(name, loc="left")
            axes.set_xlabel("words/s, one thread")
            axes.set_ylabel("entity F1, test")
            axes.spines[["top", "right"]].set_visible(False)
        # Without a date or a version: what is drawn anew is the same.
        figure.savefig(f"{stem}.svg", metadata={"Date": None, "Creator": None})
        figure.savefig(f"{stem}.png", dpi=160, metadata={"Software": None})
