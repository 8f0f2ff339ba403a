"""The results as tables in Markdown."""

from statistics import mean, stdev
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

from .grid import STUDENTS, Variant
from .names import NAMES
from .results import variant_of
from .rows import Row

# Differences over seeds, each against the same draw of sentences.
PAIRS = (
    ("pseudo", "teacher"),
    ("distilled", "teacher"),
    ("second", "teacher"),
    ("distilled", "pseudo"),
    ("second", "pseudo"),
)


def report_markdown(rows: Sequence[Row]) -> str:
    """Means and spread over seeds for each corpus, and paired differences."""
    parts = []
    for corpus in dict.fromkeys(row["corpus"] for row in rows):
        mine = [row for row in rows if row["corpus"] == corpus]
        parts.append(_corpus_markdown(corpus, mine))
    return "\n".join(parts)


def figure_stem(corpus: str) -> str:
    """The name of a corpus's figure, without ending."""
    return f"low_resource_{corpus}"


def has_figure(rows: Iterable[Row]) -> bool:
    """Whether a corpus has more than one size: else there is no line to draw."""
    return len({row["labels"] for row in rows}) > 1


def by_variant(rows: Iterable[Row]) -> Dict[Variant, List[Row]]:
    """Rows by what they are of, in the order of tables."""
    found: Dict[Variant, List[Row]] = {}
    for row in rows:
        found.setdefault(variant_of(row), []).append(row)
    return {variant: found[variant] for variant in sorted(found, key=_rank)}


def differences(
    rows: Sequence[Row], variant: Variant, other: str, labels: int
) -> List[float]:
    """Test F1 of a variant minus that of another system with the same draw, one for
    each seed that has both; a student's is compared with the same network's."""
    against = Variant(other)
    if other in STUDENTS:
        against = Variant(other, variant.encoder, variant.classifier, variant.word_init)
    ours, theirs = (
        {
            row["seed"]: row["test_f1"]
            for row in rows
            if variant_of(row) == wanted and row["labels"] == labels
        }
        for wanted in (variant, against)
    )
    return [ours[seed] - theirs[seed] for seed in sorted(ours.keys() & theirs.keys())]


def _rank(variant: Variant) -> Tuple[int, ...]:
    return variant.rank


def _corpus_markdown(corpus: str, rows: Sequence[Row]) -> str:
    labels = sorted({row["labels"] for row in rows})
    lines = [f"## {corpus}", ""]
    if has_figure(rows):
        picture = f"{figure_stem(corpus)}.svg"
        lines += [f"![F1 on test against the number of labels]({picture})", ""]
    lines += [
        "Entity F1 on test in percent: mean ± standard deviation (number of seeds).",
        "Seconds are those of a run's own training, parameters without the table that",
        "unknown words are composed from; both are means.",
        "",
    ]
    head = ["system", "encoder", "classifier", "words", *map(str, labels)]
    lines += _header([*head, "parameters", "table", "seconds"], texts=4)
    for variant, mine in by_variant(rows).items():
        cells = [_spread(_scores(mine, n)) for n in labels]
        costs = [
            _mean([row[name] for row in mine if row[name] is not None])
            for name in ("parameters", "table", "train_seconds")
        ]
        lines.append(_line([*_described(variant), *cells, *costs]))
    lines += [*_difference_lines(rows, labels), "", *_made_with(rows), ""]
    return "\n".join(lines)


def _difference_lines(rows: Sequence[Row], labels: Sequence[int]) -> List[str]:
    lines = []
    for system, other in PAIRS:
        for variant in by_variant(rows):
            pairs = [differences(rows, variant, other, n) for n in labels]
            if variant.system == system and any(pairs):
                cells = [_spread(values, sign=True) for values in pairs]
                name = f"{system} − {other}"
                lines.append(_line([name, *_described(variant)[1:], *cells]))
    if not lines:
        return []
    head = ["difference", "encoder", "classifier", "words", *map(str, labels)]
    title = "Differences in F1, seed by seed: mean ± standard deviation."
    return ["", title, "", *_header(head, texts=4), *lines]


def _scores(rows: Sequence[Row], labels: int) -> List[float]:
    return [row["test_f1"] for row in rows if row["labels"] == labels]


def _spread(values: Sequence[float], *, sign: bool = False) -> str:
    if not values:
        return "–"
    text = f"{mean(values):{'+' if sign else ''}.1f}"
    if len(values) > 1:
        text += f" ± {stdev(values):.1f}"
    return f"{text} ({len(values)})"


def _mean(values: Sequence[float]) -> str:
    return f"{mean(values):,.0f}" if values else "–"


def _described(variant: Variant) -> List[str]:
    parts: List[Optional[str]] = [variant.system, variant.encoder, variant.classifier]
    names = ["–" if part is None else NAMES.get(part, part) for part in parts]
    words = {"teacher": "teacher's", "random": "random", None: "–"}
    return [*names, words[variant.word_init]]


def _header(names: Sequence[str], *, texts: int) -> List[str]:
    rule = ["---"] * texts + ["---:"] * (len(names) - texts)
    return [_line(names), _line(rule)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _made_with(rows: Sequence[Row]) -> List[str]:
    """With what the rows were made; several are named, not hidden."""
    versions = {
        ", ".join(f"{name} {version}" for name, version in row["versions"].items())
        for row in rows
    }
    codes = {row["code_sha256"][:12] for row in rows}
    counts = {
        device: sum(row["device"] == device for row in rows)
        for device in sorted({row["device"] for row in rows})
    }
    devices = ", ".join(
        f"{n} with a teacher on the {device.upper()}" for device, n in counts.items()
    )
    return [
        f"Made with {' and '.join(sorted(versions))}; SHA-256 of the code:"
        f" {', '.join(sorted(codes))}. Runs: {devices}."
    ]
