"""The rows as Markdown: words a second, ratios, costs."""

from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from .names import shown
from .results import Row, system_rank
from .systems import BERT_SIZES

# What others are compared with, by the name of the column.
BASELINES = ("bert_base", "stock_cnn", "teacher_onnx_int8")
# Izsak et al. 2019 (arXiv 1910.06294), their distilled model: times faster than
# BERT-base with single texts and with large batches, and times smaller.
PAPER = {"one": "4.3", "large": "up to 55.6", "smaller": "36"}


def report_markdown(
    rows: Sequence[Row],
    *,
    streams: Sequence[Row],
    lengths: Sequence[Row],
    made_with: Dict[str, Any],
) -> str:
    """Tables of all rows, for each number of threads; streams and long documents.

    made_with: the settings that results are kept with.
    """
    parts = ["# Speed", "", *_made_with(made_with), ""]
    for threads in sorted({row["threads"] for row in rows}):
        mine = [row for row in rows if row["threads"] == threads]
        parts += [f"## {threads} thread{'s' if threads > 1 else ''}", ""]
        parts += [*_speeds(mine), "", *_ratios(mine), "", *_costs(mine), ""]
    if rows:
        parts += ["![words a second](speed.svg)", ""]
    if streams or lengths:
        parts += ["## Much text, one thread", "", *_scaling(streams, lengths), ""]
        parts += ["![memory and time](speed_scaling.svg)", ""]
    return "\n".join(parts)


def find_row(
    rows: Sequence[Row], system: str, batch: int, order: Optional[str] = None
) -> Optional[Row]:
    """The row of a system with that batch size; without an order, in its own best one
    for a transformer, else in reading order, since no user sorts for a pipeline."""
    found = [row for row in rows if (row["system"], row["batch"]) == (system, batch)]
    if order is not None:
        found = [row for row in found if row["order"] == order]
    elif found and all(row["kind"] in ("pipeline", "blank") for row in found):
        found = [row for row in found if row["order"] == "reading"] or found
    return max(found, key=lambda row: row["words_per_second"], default=None)


def systems_of(rows: Sequence[Row]) -> List[str]:
    """Their systems, in the order of tables."""
    return sorted({row["system"] for row in rows}, key=system_rank)


def ratio(
    rows: Sequence[Row], system: str, baseline: str, batch: int
) -> Optional[float]:
    """How many times faster a system is than a baseline at its best; see `find_row`.
    None if one of them was not measured."""
    ours = find_row(rows, system, batch)
    orders = {row["order"] for row in rows}
    candidates = [find_row(rows, baseline, batch, order) for order in orders]
    theirs = [row["words_per_second"] for row in candidates if row is not None]
    if ours is None or not theirs:
        return None
    return ours["words_per_second"] / max(theirs)


def _speeds(rows: Sequence[Row]) -> List[str]:
    cells = sorted({(row["order"], row["batch"]) for row in rows}, key=_sorted_first)
    head = [f"{batch}, {order}" for order, batch in cells]
    lines = [
        "Words a second, by batch size and order of the texts. Transformers are bare"
        " (word pieces, forward pass, best tags), all else and the teacher in reading"
        " order are spaCy pipelines from text to entities.",
        "",
    ]
    lines += _header(["system", *head], texts=1)
    for system in systems_of(rows):
        found = [find_row(rows, system, batch, order) for order, batch in cells]
        speeds = [_number(row and row["words_per_second"], "{:,.0f}") for row in found]
        lines.append(_line([shown(system), *speeds]))
    return lines


def _ratios(rows: Sequence[Row]) -> List[str]:
    batches = sorted({row["batch"] for row in rows})
    ends = sorted({batches[0], batches[-1]})
    there = [name for name in BASELINES if any(r["system"] == name for r in rows)]
    columns = [(name, batch) for name in there for batch in ends]
    if not columns:
        return []
    head = [f"× {shown(name)}, batch {batch}" for name, batch in columns]
    lines = [
        "Times faster than others in their best order. Bare transformers are in their"
        " own best order here, pipelines in reading order. Smaller: on disk.",
        "",
        *_header(["system", *head, "× smaller than BERT-base"], texts=1),
    ]
    for system in systems_of(rows):
        cells = [_times(ratio(rows, system, *column)) for column in columns]
        lines.append(_line([shown(system), *cells, _smaller(rows, system)]))
    if "bert_base" in there:
        known = {("bert_base", ends[0]): "one", ("bert_base", ends[-1]): "large"}
        cells = [PAPER[known[c]] if c in known else "–" for c in columns]
        cells.append(PAPER["smaller"])
        lines.append(_line(["distilled, Izsak et al. 2019 (as published)", *cells]))
    return lines


def _smaller(rows: Sequence[Row], system: str) -> str:
    sizes = {row["system"]: row["disk_mb"] for row in rows}
    if "bert_base" not in sizes or not sizes[system]:
        return "–"
    return _times(sizes["bert_base"] / sizes[system])


_COSTS: Tuple[Tuple[str, Callable[[List[Row]], Optional[float]], str], ...] = (
    ("parameters", lambda rows: rows[0]["parameters"], "{:,.0f}"),
    ("table", lambda rows: rows[0]["table"] or None, "{:,.0f}"),
    ("MB on disk", lambda rows: rows[0]["disk_mb"], "{:,.1f}"),
    ("MB installed", lambda rows: rows[0]["environment_mb"], "{:,.0f}"),
    ("MB in memory", lambda rows: max(r["peak_mb"] for r in rows), "{:,.0f}"),
    ("words/s cold", lambda rows: rows[0]["cold_words_per_second"], "{:,.0f}"),
    ("s to load", lambda rows: rows[0]["load_seconds"], "{:.2f}"),
    ("ms a document, p50", lambda rows: _wait(rows, "ms_p50"), "{:,.2f}"),
    ("p99", lambda rows: _wait(rows, "ms_p99"), "{:,.2f}"),
)


def _costs(rows: Sequence[Row]) -> List[str]:
    lines = [
        "MB installed: the packages that it needs. MB in memory: the peak of the"
        " process, with all batch sizes. Words/s cold: of the first documents that a"
        " fresh process reads, in batches of 128; above, they have been read before."
        " Seconds to load: a fresh process, imports included. Milliseconds: one"
        " document at a time, reading order.",
        "",
        *_header(["system", *(name for name, _, _ in _COSTS)], texts=1),
    ]
    for system in systems_of(rows):
        # The teacher is there twice: bare, and as pipeline.
        for kind in dict.fromkeys(r["kind"] for r in rows if r["system"] == system):
            mine = [r for r in rows if (r["system"], r["kind"]) == (system, kind)]
            name = shown(system)
            if len({r["kind"] for r in rows if r["system"] == system}) > 1:
                name += " as pipeline" if kind == "pipeline" else ", bare"
            cells = [_number(get(mine), form) for _, get, form in _COSTS]
            lines.append(_line([name, *cells]))
    return lines


def _wait(rows: List[Row], name: str) -> Optional[float]:
    singles = [row for row in rows if row[name] is not None]
    reading = [row for row in singles if row["order"] == "reading"]
    found = reading or singles
    return found[0][name] if found else None


_STREAM = ("documents", "words/s", "after a tenth", "at the end")


def _scaling(streams: Sequence[Row], lengths: Sequence[Row]) -> List[str]:
    lines: List[str] = []
    if streams:
        lines += [
            "A stream in which each document has a word that is new: words a second,"
            " and MB resident after a tenth of it and at its end.",
            "",
            *_header(["system", "memory zones", *_STREAM], texts=2),
        ]
    for row in streams:
        early = next(mb for n, mb in row["curve"] if n >= row["documents"] / 10)
        zones = "yes" if row["zones"] else "no"
        last = row["curve"][-1][1]
        speed = row["words"] / row["seconds"]
        numbers = (row["documents"], speed, early, last)
        cells = [f"{number:,.0f}" for number in numbers]
        lines.append(_line([shown(row["system"]), zones, *cells]))
    if lengths:
        lines += ["", "Words a second in one document of so many words:", ""]
        asked = sorted({n for row in lengths for n in row["asked"]})
        lines += _header(["system", *(f"{n:,}" for n in asked)], texts=1)
    for row in lengths:
        speeds = {
            n: found["words"] / found["seconds"]
            for n, found in zip(row["asked"], row["lengths"])
        }
        cells = [_number(speeds.get(n), "{:,.0f}") for n in asked]
        lines.append(_line([shown(row["system"]), *cells]))
    return lines


def _made_with(settings: Dict[str, Any]) -> List[str]:
    machine, effort = settings["machine"], settings["effort"]
    other = [
        f"{shown(name)} is none here: it has {size['layers']} layers, {size['width']}"
        " wide."
        for name, size in settings["berts"].items()
        if size != vars(BERT_SIZES[name])
    ]
    versions = ", ".join(f"{n} {v}" for n, v in settings["versions"].items())
    return [
        f"{settings['texts']['documents']:,} documents of"
        f" {settings['texts']['words']:,} words, read on {machine['cores']} cores of"
        f" {machine['processor'] or 'an unknown processor'} ({machine['system']})."
        f" Median of {effort['rounds']} rounds in which all systems have a turn of"
        f" about {effort['seconds']} s. With {versions}.",
        *(f"\n**{text}**" for text in other),
    ]


def _sorted_first(cell: Tuple[str, int]) -> Tuple[bool, int]:
    return cell[0] != "sorted", cell[1]


def _number(value: Optional[float], form: str) -> str:
    return "–" if value is None else form.format(value)


def _times(value: Optional[float]) -> str:
    """A ratio with about three figures."""
    if value is None:
        return "–"
    return f"{value:,.{0 if value >= 100 else 1 if value >= 1 else 2}f}"


def _header(names: Sequence[str], *, texts: int) -> List[str]:
    rule = ["---"] * texts + ["---:"] * (len(names) - texts)
    return [_line(names), _line(rule)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
