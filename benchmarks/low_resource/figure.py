"""The paper's figure: F1 against the number of labels, one line for each system."""

from itertools import zip_longest
from pathlib import Path
from statistics import mean
from typing import Any, Dict, List, Sequence

from spacy_distill.errors import DistillError

from .grid import Variant
from .names import NAMES
from .panels import Panel, find_panels, rows_of_panel
from .rows import Row
from .table import by_variant

# Apart for eyes that do not tell red from green (after Okabe and Ito).
_COLORS = {
    "teacher": "#000000",
    "distilled": "#d55e00",
    "logits": "#cc79a7",
    "pseudo": "#0072b2",
    "gold": "#009e73",
    "second": "#e69f00",
    "second_teacher": "#56b4e9",
    "stock": "#8c8c8c",
}
_MARKERS = {
    "teacher": "s",
    "distilled": "o",
    "logits": "D",
    "pseudo": "^",
    "gold": "v",
    "second": "*",
    "second_teacher": "P",
    "stock": "x",
}

# Panels side by side.
_COLUMNS = 2


def draw_figure(rows: Sequence[Row], *, stem: Path, title: str) -> List[Path]:
    """Draw one corpus's rows to `stem`.svg and `stem`.png, and return both paths.

    There is a panel for each encoder with each classifier, with teachers and stock
    spaCy on the sentences that its students had. Lines are means over seeds, shades go
    from the lowest to the highest seed, dashes mean a word table that starts from
    random numbers. The same rows give the same bytes.

    Raises DistillError if matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise DistillError(
            "Expected matplotlib to draw the figure with, which is not installed:"
            " pip install 'spacy-distill[bench]', then run again with --report-only."
        ) from error
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    variants = by_variant(rows)
    panels = find_panels(variants)
    style: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "spacy-distill",
        "font.size": 9,
    }
    with matplotlib.rc_context(style):
        columns = min(len(panels), _COLUMNS)
        lines = -(-len(panels) // columns)
        size = (2.2 + 4.4 * columns, 0.6 + 3.4 * lines)
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
        handles: Dict[Variant, Any] = {}
        for axes, panel in zip_longest(grid.flat, panels):
            if panel is None:
                axes.set_axis_off()
                continue
            for variant, mine in rows_of_panel(variants, panel).items():
                line = _draw_line(axes, variant, mine)
                handles[Variant(variant.system, word_init=variant.word_init)] = line
            _dress(axes, sorted({row["labels"] for row in rows}))
            axes.set_title(_title(title, panel))
        figure.supylabel("entity F1 on test (%)", fontsize="medium")
        figure.supxlabel("labelled sentences", fontsize="medium")
        order = sorted(handles, key=lambda variant: variant.rank)
        figure.legend(
            [handles[variant] for variant in order],
            [_name(variant) for variant in order],
            loc="outside right upper",
            frameon=False,
        )
        paths = [stem.with_name(f"{stem.name}.{ending}") for ending in ("svg", "png")]
        # Without a date or a version: what is drawn anew is the same.
        figure.savefig(paths[0], metadata={"Date": None, "Creator": None})
        figure.savefig(paths[1], dpi=160, metadata={"Software": None})
    return paths


def _name(variant: Variant) -> str:
    words = ", random words" if variant.word_init == "random" else ""
    return NAMES[variant.system] + words


def _draw_line(axes: Any, variant: Variant, rows: Sequence[Row]) -> Any:
    scores: Dict[int, List[float]] = {}
    for row in rows:
        scores.setdefault(row["labels"], []).append(row["test_f1"])
    labels = sorted(scores)
    color = _COLORS[variant.system]
    (line,) = axes.plot(
        labels,
        [mean(scores[n]) for n in labels],
        color=color,
        marker=_MARKERS[variant.system],
        markersize=4,
        linewidth=1.6,
        linestyle="--" if variant.word_init == "random" else "-",
    )
    axes.fill_between(
        labels,
        [min(scores[n]) for n in labels],
        [max(scores[n]) for n in labels],
        color=color,
        alpha=0.15,
        linewidth=0,
    )
    return line


def _title(title: str, panel: Panel) -> str:
    choices = [NAMES.get(part, part) for part in panel if part is not None]
    return f"{title}: {', '.join(choices)}" if choices else title


def _dress(axes: Any, labels: Sequence[int]) -> None:
    axes.set_xscale("log")
    axes.set_xticks(labels, [f"{n:,}" for n in labels])
    axes.minorticks_off()
    axes.grid(True, color="#e0e0e0", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
