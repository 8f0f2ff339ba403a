"""The figures: words a second of all systems, and what much text costs."""

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from spacy_distill.errors import DistillError

from .names import shown
from .results import Row
from .table import find_row, systems_of

# Apart for eyes that do not tell red from green (after Okabe and Ito).
_COLORS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#000000", "#8c8c8c")


def draw_speeds(rows: Sequence[Row], *, stem: Path) -> List[Path]:
    """Draw words a second with the smallest and the largest batches, a panel for each
    number of threads, to `stem`.svg and `stem`.png. Returns both paths; the same rows
    give the same bytes.

    Raises DistillError if matplotlib is not installed.
    """
    threads = sorted({row["threads"] for row in rows})
    systems = systems_of(rows)
    size = (2.4 + 4.2 * len(threads), 1.4 + 0.34 * len(systems))
    with _figure(size, stem) as (figure, paths):
        panels = figure.subplots(1, len(threads), sharey=True, squeeze=False)[0]
        for axes, n in zip(panels, threads):
            mine = [row for row in rows if row["threads"] == n]
            batches = sorted({row["batch"] for row in mine})
            ends = sorted({batches[0], batches[-1]})
            for batch, color, marker in zip(ends, _COLORS, "os"):
                found = [find_row(mine, system, batch) for system in systems]
                points = [
                    (row["words_per_second"], place)
                    for place, row in enumerate(found)
                    if row is not None
                ]
                axes.plot(
                    *zip(*points),
                    color=color,
                    marker=marker,
                    linestyle="none",
                    label=f"batch {batch}",
                )
            axes.set_xscale("log")
            axes.set_yticks(range(len(systems)), map(_plain, systems))
            axes.set_xlabel("words a second")
            axes.set_title(f"{n} thread{'s' if n > 1 else ''}")
            _dress(axes)
        panels[0].invert_yaxis()
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(
            handles, names, loc="outside lower center", ncols=2, frameon=False
        )
    return paths


def draw_scaling(
    streams: Sequence[Row], lengths: Sequence[Row], *, stem: Path
) -> List[Path]:
    """Draw memory over a stream, and time against the length of a document; files and
    errors as in `draw_speeds`. Either may be missing, not both."""
    systems = systems_of([*streams, *lengths])
    colors = {name: _COLORS[i % len(_COLORS)] for i, name in enumerate(systems)}
    panels = [(_draw_streams, streams), (_draw_lengths, lengths)]
    panels = [(draw, rows) for draw, rows in panels if rows]
    with _figure((4.7 * len(panels), 3.6), stem) as (figure, paths):
        places = figure.subplots(1, len(panels), squeeze=False)
        for axes, (draw, rows) in zip(places.flat, panels):
            draw(axes, rows, colors)
            _dress(axes)
            axes.legend(frameon=False, fontsize="small")
    return paths


def _draw_streams(axes: Any, rows: Sequence[Row], colors: Dict[str, str]) -> None:
    for row in rows:
        zones = "memory zones" if row["zones"] else "no zones"
        axes.plot(
            *zip(*row["curve"]),
            color=colors[row["system"]],
            linestyle="-" if row["zones"] else "--",
            label=f"{_plain(row['system'])}, {zones}",
        )
    axes.set_xlabel("documents read, each with a new word")
    axes.set_ylabel("MB resident")
    axes.set_ylim(bottom=0)


def _draw_lengths(axes: Any, rows: Sequence[Row], colors: Dict[str, str]) -> None:
    for row in rows:
        points = [(p["words"], p["seconds"]) for p in row["lengths"]]
        axes.plot(
            *zip(*points),
            color=colors[row["system"]],
            marker="o",
            markersize=4,
            label=_plain(row["system"]),
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("words in one document")
    axes.set_ylabel("seconds")


@contextmanager
def _figure(size: Tuple[float, float], stem: Path) -> Iterator[Tuple[Any, List[Path]]]:
    """Yield a figure to draw in, and the paths it is saved to when it is done."""
    try:
        import matplotlib
    except ImportError as error:
        raise DistillError(
            "Expected matplotlib to draw the figures with, which is not installed:"
            " pip install 'spacy-distill[bench]', then run again with --report-only."
        ) from error
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    style: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "spacy-distill",
        "font.size": 9,
    }
    paths = [stem.with_name(f"{stem.name}.{ending}") for ending in ("svg", "png")]
    with matplotlib.rc_context(style):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure, paths
        # Without a date or a version: what is drawn anew is the same.
        figure.savefig(paths[0], metadata={"Date": None, "Creator": None})
        figure.savefig(paths[1], dpi=160, metadata={"Software": None})


def _plain(system: str) -> str:
    # Markdown has no place in a figure.
    return shown(system).replace("`", "")


def _dress(axes: Any) -> None:
    axes.grid(True, color="#e0e0e0", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
