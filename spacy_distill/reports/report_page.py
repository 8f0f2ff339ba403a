"""Render a report as one HTML page: figures, plots and disagreements."""

from typing import List, Optional, Sequence, Tuple

from ..evaluation.agreement import Agreement
from ..evaluation.comparison import Comparison
from ..evaluation.report import Report, SoftLabelCounts
from ..evaluation.rows import ReferenceCounts, Row
from .caveats import caveats
from .charts import CHARTS_CSS, Bar, Dot, bar_chart, histogram, unit_chart
from .elements import (
    ELEMENTS_CSS,
    draw_figure,
    draw_table,
    draw_tiles,
    draw_warning,
)
from .markdown import (
    describe_training,
    measured_with,
    ratio,
    score_header,
    score_name,
)
from .page import TEXTS_CSS, draw_legend, draw_text, text_colors
from .table import HEADER, percent, table_cells, without_empty
from .web_page import as_html, web_page

_CSS = """
h2 { font-size: 1.1rem; margin: 2.5rem 0 .5rem }
p, ul { margin: .5rem 0; max-width: 46rem; overflow-wrap: anywhere }
.soft { color: var(--soft) }
.plots { display: grid; gap: 1rem; margin: .75rem 0; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)) }
.plots.square { grid-template-columns: repeat(auto-fit, minmax(min(100%, 13rem), 1fr)) }
.square figure { max-width: 20rem }
.multiples { display: grid; gap: 1rem 1.5rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 14rem), 1fr)) }
.multiples b { font-size: .85rem; overflow-wrap: anywhere }
.legend, .verdict { max-width: none }
@media print { h2 + .soft { break-after: avoid } }
/* The texts may run from right to left, whatever the page does. */
.entities { unicode-bidi: plaintext; text-align: start }
"""
_AGREEMENT_HEADER = ("", "F1", "Precision", "Recall", "Same entities in")
_SPLITS_HEADER = ("", "Documents", "Words", "Entities", "Read from")


def report_page(report: Report) -> str:
    """Render a report as an HTML document that needs no other file."""
    cells = table_cells(report.rows, report.development)
    parts = [
        "<h1>Distillation report</h1>",
        _introduction(report),
        "<main>",
        *(draw_warning(caveat) for caveat in caveats(report)),
        _tiles(report),
        "<h2>Side by side</h2>",
        draw_table(*without_empty(score_header(report, HEADER), cells), colored=True),
        _f1_by_type(report),
        *_disagreements(report),
        *_agreement(report),
        *_calibration(report.rows),
        *_soft_labels(report),
        *_training(report),
        "<h2>Measured on</h2>",
        draw_table(_SPLITS_HEADER, _splits(report)),
        "<h2>Measured with</h2>",
        f"<p>{as_html(measured_with(report))}</p>",
        draw_table(
            ("", "Loaded from", "Components"),
            [
                (row.name, report.sources.get(row.name, ""), ", ".join(row.components))
                for row in report.rows
            ],
        ),
        "</main>",
    ]
    names = " / ".join(row.name for row in report.rows)
    body = "\n".join(part for part in parts if part)
    css = f"{TEXTS_CSS}{CHARTS_CSS}{ELEMENTS_CSS}{_CSS}"
    return web_page(f"{names}: distillation report", body, css=css)


def _introduction(report: Report) -> str:
    references = report.references
    compared = "agreement with the teacher" if report.is_agreement else "measured"
    return (
        f'<p class="soft">{as_html(" / ".join(row.name for row in report.rows))},'
        f" {compared} on the {as_html(references.role)}: {references.documents:,}"
        f" documents with {references.words:,} words and"
        f" {sum(references.entities.values()):,} entities.</p>"
    )


def _splits(report: Report) -> List[Tuple[str, ...]]:
    splits = [report.references]
    if report.development is not None:
        splits.append(report.development.references)
    return [_split_cells(split) for split in splits]


def _split_cells(split: ReferenceCounts) -> Tuple[str, ...]:
    entities = ", ".join(f"{n:,} {label}" for label, n in split.entities.items())
    return (
        split.role,
        f"{split.documents:,}",
        f"{split.words:,}",
        f"{sum(split.entities.values()):,} ({entities})",
        split.path,
    )


def _tiles(report: Report) -> str:
    last = report.rows[-1]
    tiles = [(percent(last.f1), f"{score_name(report)} of {last.name}")]
    held = report.development
    if held is not None and last.name in held.scores:
        f1 = percent(held.scores[last.name].f1)
        tiles.append((f1, f"Development F1 of {last.name}"))
    if report.comparison is not None:
        tiles += _against(report.comparison)
    agreement = report.agreement.get(last.name)
    if agreement is not None and agreement.f1 is not None:
        tiles.append(
            (percent(agreement.f1), f"agreement with {report.rows[0].name} (F1)")
        )
    return draw_tiles(tiles)


def _against(comparison: Comparison) -> List[Tuple[str, str]]:
    other = comparison.against
    found = [
        ratio(comparison.fewer_parameters, "fewer parameters", "more parameters"),
        ratio(comparison.smaller, "smaller on disk", "larger on disk"),
        ratio(comparison.faster, "faster", "slower"),
    ]
    tiles = [(f"{one[0]} ×", f"{one[1]} than {other}") for one in found if one]
    if comparison.f1_share is not None:
        share = f"{100 * comparison.f1_share:.1f} %"
        tiles.insert(0, (share, f"of the F1 of {other}"))
    return tiles


def _f1_by_type(report: Report) -> str:
    labels = sorted({label for row in report.rows for label in row.per_type})
    scores: List[Tuple[str, List[Optional[float]]]] = [
        ("all", [row.f1 for row in report.rows])
    ]
    for label in labels:
        found = [row.per_type.get(label) for row in report.rows]
        scores.append((label, [None if s is None else s.f1 for s in found]))
    most = max((f1 or 0.0 for _, values in scores for f1 in values), default=0.0)
    drawn = ""
    for name, values in scores:
        bars = [
            Bar(i, f1, "" if f1 is None else percent(f1)) for i, f1 in enumerate(values)
        ]
        title = f"{score_name(report)}, {name}"
        chart = bar_chart(title, [("", bars)], most=most, width=230)
        drawn += f"<div><b>{as_html(name)}</b>{chart}</div>"
    names = list(enumerate(row.name for row in report.rows))
    return draw_figure(
        f"{score_name(report)} by entity type",
        f'<div class="multiples">{drawn}</div>',
        names,
    )


def _calibration(rows: Sequence[Row]) -> List[str]:
    figures = []
    for i, row in enumerate(rows):
        if row.ece is None:
            continue
        dots = [
            Dot(
                b.probability,
                b.accuracy,
                b.entities,
                f"{b.low:.1f} to {b.high:.1f}: {b.entities:,} entities, mean"
                f" probability {b.probability:.3f}, {percent(b.accuracy)} % right",
            )
            for b in row.calibration
        ]
        drawn = unit_chart(
            f"Calibration of {row.name}",
            dots,
            series=i,
            x_axis="probability",
            y_axis="share that is right",
        )
        caption = f"{row.name}: expected calibration error {row.ece:.3f}"
        if row.raw_ece is not None:
            caption += f" ({row.raw_ece:.3f} before calibration)"
        figures.append(draw_figure(caption, drawn))
    if not figures:
        return []
    return [
        "<h2>How far the probabilities can be trusted</h2>",
        '<p class="soft">Found entities in ten bins by their probability. On the dashed'
        " line a pipeline is right as often as it says; below it, it is too sure of"
        " itself. The larger a dot, the more entities.</p>",
        f'<div class="plots square">{"".join(figures)}</div>',
    ]


def _soft_labels(report: Report) -> List[str]:
    soft = report.soft_labels
    if soft is None:
        return []
    unaligned = soft.unaligned / max(soft.words, 1)
    tiles = [
        (f"{soft.documents:,}", "documents"),
        (f"{soft.words:,}", "words"),
        (f"{sum(soft.labels.values()):,}", "entities"),
        (f"{soft.mean_entropy:.3f}", "mean entropy, nats a word"),
        (f"{percent(unaligned)} %", "words without a word piece (unaligned)"),
        (f"{soft.dropped:,}", "entities dropped"),
    ]
    return [
        "<h2>The teacher's predictions for the unlabelled text</h2>",
        f'<p class="soft">Soft labels by {as_html(soft.teacher)}.</p>',
        draw_tiles(tiles),
        f'<div class="plots">{_entities(report, soft)}{_entropy(soft)}</div>',
        *_dropped(soft),
    ]


def _entities(report: Report, soft: SoftLabelCounts) -> str:
    counts = [soft.labels, report.references.entities]
    totals = [max(sum(found.values()), 1) for found in counts]
    groups = []
    for label in sorted({*soft.labels, *report.references.entities}):
        bars = []
        for i, (found, total) in enumerate(zip(counts, totals)):
            number = found.get(label, 0)
            told = f"{100 * number / total:.1f} % ({number:,})"
            bars.append(Bar(_SERIES[i], number / total, told))
        groups.append((label, bars))
    most = max((bar.value or 0.0 for _, bars in groups for bar in bars), default=0.0)
    drawn = bar_chart(
        f"Entities by type in soft labels and {report.references.kind} annotation",
        groups,
        most=most,
    )
    names = (_SOFT, report.references.kind)
    legend = [(series, name) for series, name in zip(_SERIES, names)]
    return draw_figure("Share of the entity types", drawn, legend)


# Colors that no row of most reports has.
_SERIES = (4, 5)
_SOFT = "soft labels"


def _entropy(soft: SoftLabelCounts) -> str:
    words = max(sum(b.words for b in soft.entropy), 1)
    bars = []
    for i, b in enumerate(soft.entropy):
        name = f"< {b.high:g}" if i == 0 else f"{b.low:g}"
        share = b.words / words
        bars.append((name, share, f"{100 * share:.1f} %"))
    axis = "entropy in nats, from this figure to the next"
    drawn = histogram("Entropy of the teacher, word by word", bars, axis=axis)
    caption = f"How unsure the teacher is of a word ({soft.sampled:,} documents)"
    return draw_figure(caption, drawn)


def _dropped(soft: SoftLabelCounts) -> List[str]:
    if not soft.dropped:
        return []
    named = "".join(f"<li>{as_html(e.describe())}</li>" for e in soft.dropped_first)
    more = soft.dropped - len(soft.dropped_first)
    rest = f"<p>And {more:,} more, which the manifest names.</p>" if more else ""
    return [
        f"<p>{soft.dropped:,} of the teacher's entities are not in the soft labels as"
        f" they are:</p><ul>{named}</ul>{rest}"
    ]


def _training(report: Report) -> List[str]:
    items = "".join(
        f"<li>{as_html(name)}: {as_html(' '.join(describe_training(facts)))}</li>"
        for name, facts in report.training.items()
    )
    return [f"<h2>What the students learned from</h2><ul>{items}</ul>"] if items else []


def _agreement(report: Report) -> List[str]:
    cells = [
        (f"{name} on {texts}", *_agreement_cells(agreement))
        for texts, agreements in (
            ("the same texts", report.agreement),
            ("a sample of the soft labels", report.soft_agreement),
        )
        for name, agreement in agreements.items()
    ]
    if not cells:
        return []
    first = as_html(report.rows[0].name if report.agreement else "the teacher")
    return [
        f"<h2>Agreement with {first}</h2>",
        '<p class="soft">Scores with its predictions as reference, whether they are'
        " right or wrong.</p>",
        draw_table(_AGREEMENT_HEADER, cells),
    ]


def _agreement_cells(agreement: Agreement) -> Tuple[str, ...]:
    f1 = agreement.f1
    return (
        "" if f1 is None else percent(f1),
        percent(agreement.precision),
        percent(agreement.recall),
        f"{agreement.documents:,} of {agreement.compared:,} documents",
    )


def _disagreements(report: Report) -> List[str]:
    other, worst = report.find_worst()
    if not worst:
        return []
    last = report.rows[-1].name
    texts = [passage.side_by_side() for passage in worst]
    colors = text_colors(texts)
    drawn = [draw_text(text, colors=colors, names=(other, last)) for text in texts]
    return [
        f"<h2>Where {as_html(last)} and {as_html(other)} disagree most</h2>",
        draw_legend(colors, scored=any(text.probabilities for text in texts)),
        *drawn,
    ]
