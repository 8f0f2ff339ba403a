"""The figures: words a second of all systems, and what much text costs."""

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, List, Sequence, Tuple

from spacy_distill.errors import DistillError

from .names import shown
from .results import Row
from .table import find_row, systems_of

# Apart for eyes that do not tell red from green (after Okabe and Ito).
_COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#000000", "#8c8c8c")


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
            for batch, colour, marker in zip(ends, _COLOURS, "os"):
                found = [find_row(mine, system, batch) for system in systems]
                points = [
                    (row["words_per_second"], place)
                    for place, row in enumerate(found)
                    if row is not None
                ]
                axes.plot(
                    *zip(*points),
                    color=colour,
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
    errors as in `draw_speeds`."""
    systems = systems_of([*streams, *lengths])
    colours = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(systems)}
    with _figure((9.4, 3.6), stem) as (figure, paths):
        memory, time = figure.subplots(1, 2)
        for row in streams:
            zones = "memory zones" if row["zones"] else "no zones"
            memory.plot(
                *zip(*row["curve"]),
                color=colours[row["system"]],
                linestyle="-" if row["zones"] else "--",
                label=f"{_plain(row['system'])}, {zones}",
            )
        memory.set_xlabel("documents read, each with a new word")
        memory.set_ylabel("MB resident")
        memory.set_ylim(bottom=0)
        for row in lengths:
            points = [(p["words"], p["seconds"]) for p in row["lengths"]]
            time.plot(
                *zip(*points),
                color=colours[row["system"]],
                marker="o",
                markersize=4,
                label=_plain(row["system"]),
            )
        time.set_xscale("log")
        time.set_yscale("log")
        time.set_xlabel("words in one document")
        time.set_ylabel("seconds")
        for axes, there in ((memory, streams), (time, lengths)):
            _dress(axes)
            if there:
                axes.legend(frameon=False, fontsize="small")
    return paths


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
