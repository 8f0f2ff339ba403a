"""The figure: accuracy of teacher, students and baselines on each corpus."""

from pathlib import Path
from typing import Any, Dict, Set

from textcat.results import SPACY_GOLD, STUDENTS, Results

# Apart for eyes that do not tell red from green (after Okabe and Ito).
_STYLES = {
    "teacher": ("#000000", "s"),
    "best student": ("#d55e00", "o"),
    "TF-IDF + LR, gold": ("#0072b2", "^"),
    "spaCy's best, gold": ("#009e73", "v"),
    "fastText, gold": ("#8c8c8c", "x"),
}


def draw_figure(results: Results, stem: Path) -> None:
    """Draw a line for each corpus to `stem`.svg and `stem`.png.

    The same results give the same bytes.

    Args:
        results: Results.
        stem: Path without ending.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sets = results.sets[::-1]
    style: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "spacy-distill",
        "font.size": 9,
    }
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(7.4, 0.9 + 0.42 * len(sets)), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        labelled: Set[str] = set()
        for place, name in enumerate(sets):
            scores = _scores(results, name)
            axes.plot(
                [min(scores.values()), max(scores.values())],
                [place, place],
                color="#d0d0d0",
                zorder=0,
            )
            for system, score in scores.items():
                color, marker = _STYLES[system]
                axes.plot(
                    *([score], [place]),
                    color=color,
                    marker=marker,
                    linestyle="",
                    label=None if system in labelled else system,
                )
                labelled.add(system)
        axes.set_yticks(range(len(sets)), sets)
        axes.set_xlabel("test accuracy (%), mean over seeds")
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(left=False)
        figure.legend(loc="outside right upper", frameon=False)
        # Without a date or a version: what is drawn anew is the same.
        figure.savefig(f"{stem}.svg", metadata={"Date": None, "Creator": None})
        figure.savefig(f"{stem}.png", dpi=160, metadata={"Software": None})


def _scores(results: Results, name: str) -> Dict[str, float]:
    def best(rows: Any) -> Any:
        found = [results.mean(row, name) for row in rows]
        return max((score for score in found if score is not None), default=None)

    scores = {
        "teacher": results.mean("teacher", name),
        "best student": best(STUDENTS),
        "TF-IDF + LR, gold": results.mean("TF-IDF + LR, gold", name),
        "spaCy's best, gold": best(SPACY_GOLD),
        "fastText, gold": results.mean("fastText, gold", name),
    }
    return {system: score for system, score in scores.items() if score is not None}
