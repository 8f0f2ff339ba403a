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
    main_cells,
    measured_with,
    ratio,
    score_name,
    type_header,
    type_score_name,
)
from .table import percent, type_cells
from .views import view_of
from .web_page import as_html, web_page
from .wording import Wording, capitalize, wording_of

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


def report_page(report: Report) -> str:
    """Render a report as an HTML document that needs no other file."""
    words = wording_of(report.task)
    splits_header = ("", "Documents", "Words", capitalize(words.many), "Read from")
    parts = [
        "<h1>Distillation report</h1>",
        _introduction(report),
        "<main>",
        *(draw_warning(caveat) for caveat in caveats(report)),
        _tiles(report),
        "<h2>Side by side</h2>",
        draw_table(*main_cells(report), colored=True),
        _f1_by_type(report),
        _categories(report),
        *_disagreements(report),
        *_agreement(report),
        *_calibration(report.rows, words),
        *_soft_labels(report),
        *_training(report),
        "<h2>Measured on</h2>",
        draw_table(splits_header, _splits(report)),
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
    css = f"{view_of(report.task).css}{CHARTS_CSS}{ELEMENTS_CSS}{_CSS}"
    return web_page(f"{names}: distillation report", body, css=css)


def _introduction(report: Report) -> str:
    references = report.references
    compared = "agreement with the teacher" if report.is_agreement else "measured"
    return (
        f'<p class="soft">{as_html(" / ".join(row.name for row in report.rows))},'
        f" {compared} on the {as_html(references.role)}:"
        f" {wording_of(report.task).describe_data(references)}.</p>"
    )


def _splits(report: Report) -> List[Tuple[str, ...]]:
    splits = [report.references]
    if report.development is not None:
        splits.append(report.development.references)
    return [_split_cells(split) for split in splits]


def _split_cells(split: ReferenceCounts) -> Tuple[str, ...]:
    words = wording_of(split.task)
    labels = words.list_labels(split.entities)
    return (
        split.role,
        f"{split.documents:,}",
        f"{split.words:,}",
        f"{words.total(split.entities):,} ({labels})",
        split.path,
    )


def _tiles(report: Report) -> str:
    last = report.rows[-1]
    tiles = [(percent(last.f1), f"{score_name(report)} of {last.name}")]
    words = wording_of(report.task)
    held = report.development
    if held is not None and last.name in held.scores:
        f1 = percent(held.scores[last.name].f1)
        tiles.append((f1, f"Development {words.score} of {last.name}"))
    if last.macro_f1 is not None:
        tiles.append((percent(last.macro_f1), f"macro F1 of {last.name}"))
    if report.comparison is not None:
        tiles += _against(report.comparison, words)
    agreement = report.agreement.get(last.name)
    if agreement is not None and agreement.f1 is not None:
        described = f"agreement with {report.rows[0].name} ({words.agreement_note})"
        tiles.append((percent(agreement.f1), described))
    return draw_tiles(tiles)


def _against(comparison: Comparison, words: Wording) -> List[Tuple[str, str]]:
    other = comparison.against
    found = [
        ratio(comparison.fewer_parameters, "fewer parameters", "more parameters"),
        ratio(comparison.smaller, "smaller on disk", "larger on disk"),
        ratio(comparison.faster, "faster", "slower"),
    ]
    tiles = [(f"{one[0]} ×", f"{one[1]} than {other}") for one in found if one]
    if comparison.f1_share is not None:
        share = f"{100 * comparison.f1_share:.1f} %"
        tiles.insert(0, (share, f"of the {words.score} of {other}"))
    return tiles


def _f1_by_type(report: Report) -> str:
    words = wording_of(report.task)
    labels = sorted({label for row in report.rows for label in row.per_type})
    overall: List[Optional[float]] = [row.f1 for row in report.rows]
    if words.counts_labels:
        overall = [row.macro_f1 for row in report.rows]
    scores = [("all (mean)" if words.counts_labels else "all", overall)]
    for label in labels:
        found = [row.per_type.get(label) for row in report.rows]
        scores.append((label, [None if s is None else s.f1 for s in found]))
    most = max((f1 or 0.0 for _, values in scores for f1 in values), default=0.0)
    drawn = ""
    for name, values in scores:
        bars = [
            Bar(i, f1, "" if f1 is None else percent(f1)) for i, f1 in enumerate(values)
        ]
        title = f"{type_score_name(report)}, {name}"
        chart = bar_chart(title, [("", bars)], most=most, width=230)
        drawn += f"<div><b>{as_html(name)}</b>{chart}</div>"
    names = list(enumerate(row.name for row in report.rows))
    return draw_figure(
        f"{type_score_name(report)} {words.by_label}",
        f'<div class="multiples">{drawn}</div>',
        names,
    )


def _categories(report: Report) -> str:
    """Render precision and recall of each category, of the last pipeline."""
    if not wording_of(report.task).counts_labels:
        return ""
    last = report.rows[-1]
    header = (f"Categories of {last.name}", *type_header(report)[1:])
    return draw_table(header, type_cells(last))


def _calibration(rows: Sequence[Row], words: Wording) -> List[str]:
    figures = []
    for i, row in enumerate(rows):
        if row.ece is None:
            continue
        dots = [
            Dot(
                b.probability,
                b.accuracy,
                b.entities,
                f"{b.low:.1f} to {b.high:.1f}: {b.entities:,} {words.decisions}, mean"
                f" probability {b.probability:.3f}, {percent(b.accuracy)} %"
                f" {words.right}",
            )
            for b in row.calibration
        ]
        drawn = unit_chart(
            f"Calibration of {row.name}",
            dots,
            series=i,
            x_axis="probability",
            y_axis=words.is_right,
        )
        caption = f"{row.name}: expected calibration error {row.ece:.3f}"
        if row.raw_ece is not None:
            caption += f" ({row.raw_ece:.3f} before calibration)"
        figures.append(draw_figure(caption, drawn))
    if not figures:
        return []
    return [
        "<h2>How far the probabilities can be trusted</h2>",
        f'<p class="soft">{words.calibrated} On the dashed line a pipeline is right as'
        " often as it says; below it, it is too sure of itself. The larger a dot, the"
        f" more {words.decisions}.</p>",
        f'<div class="plots square">{"".join(figures)}</div>',
    ]


def _soft_labels(report: Report) -> List[str]:
    soft = report.soft_labels
    if soft is None:
        return []
    words = wording_of(report.task)
    unaligned = soft.unaligned / max(soft.words, 1)
    tiles = [
        (f"{soft.documents:,}", "documents"),
        (f"{soft.words:,}", "words"),
        (f"{words.total(soft.labels):,}", words.many),
        (f"{soft.mean_entropy:.3f}", f"mean entropy, nats a {words.unit}"),
    ]
    # What classifiers never drop and hardly miss is mentioned if it occurs.
    if soft.unaligned or not words.counts_labels:
        described = "words without a word piece (unaligned)"
        tiles.append((f"{percent(unaligned)} %", described))
    if not words.counts_labels:
        tiles.append((f"{soft.dropped:,}", "entities dropped"))
    return [
        "<h2>The teacher's predictions for the unlabelled text</h2>",
        f'<p class="soft">Soft labels by {as_html(soft.teacher)}.</p>',
        draw_tiles(tiles),
        f'<div class="plots">{_labels(report, soft)}{_entropy(soft, words)}</div>',
        *_dropped(soft),
    ]


def _labels(report: Report, soft: SoftLabelCounts) -> str:
    words = wording_of(report.task)
    counts = [soft.labels, report.references.entities]
    totals = [max(sum(found.values()), 1) for found in counts]
    if words.counts_labels:
        totals = [max(soft.documents, 1), max(report.references.documents, 1)]
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
        f"{words.by_share} in soft labels and {report.references.kind} annotation",
        groups,
        most=most,
    )
    names = (_SOFT, report.references.kind)
    legend = [(series, name) for series, name in zip(_SERIES, names)]
    return draw_figure(words.share, drawn, legend)


# Colors that no row of most reports has.
_SERIES = (4, 5)
_SOFT = "soft labels"


def _entropy(soft: SoftLabelCounts, words: Wording) -> str:
    total = max(sum(b.words for b in soft.entropy), 1)
    bars = []
    for i, b in enumerate(soft.entropy):
        name = f"< {b.high:g}" if i == 0 else f"{b.low:g}"
        share = b.words / total
        bars.append((name, share, f"{100 * share:.1f} %"))
    axis = "entropy in nats, from this figure to the next"
    unit = words.unit
    drawn = histogram(f"Entropy of the teacher, {unit} by {unit}", bars, axis=axis)
    caption = f"How unsure the teacher is of a {unit} ({soft.sampled:,} documents)"
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
    words = wording_of(report.task)
    cells = [
        (f"{name} on {texts}", *_agreement_cells(agreement, words))
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
        draw_table(
            ("", *words.agreement_header, f"{capitalize(words.same)} in"),
            cells,
        ),
    ]


def _agreement_cells(agreement: Agreement, words: Wording) -> Tuple[str, ...]:
    f1 = agreement.f1
    scores = (
        "" if f1 is None else percent(f1),
        percent(agreement.precision),
        percent(agreement.recall),
    )
    return (
        # One alone where all three are the same.
        *scores[: len(words.agreement_header)],
        f"{agreement.documents:,} of {agreement.compared:,} documents",
    )


def _disagreements(report: Report) -> List[str]:
    other, worst = report.find_worst()
    if not worst:
        return []
    last = report.rows[-1].name
    return [
        f"<h2>Where {as_html(last)} and {as_html(other)} disagree most</h2>",
        *view_of(report.task).texts(worst, (other, last)),
    ]
