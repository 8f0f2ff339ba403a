"""What a pipeline gains and loses against others."""

from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence

from ..reports.table import points
from .measure import Row


@dataclass(frozen=True)
class Comparison:
    """The last pipeline of a report against the first, as a rule student and teacher.

    fewer_parameters, smaller, faster: how many times; the student's table for unknown
        words counts among its parameters. None where a figure is missing.
    f1_share: F1 as a share of the first's; None if that is 0.
    f1_gain: F1 minus that of each of the others, in shares of 1.
    """

    pipeline: str
    against: str
    fewer_parameters: Optional[float]
    smaller: Optional[float]
    faster: Optional[float]
    f1_share: Optional[float]
    f1_gain: Dict[str, float]


def compare_rows(rows: Sequence[Row]) -> Optional[Comparison]:
    """Compare the last row with the others; None if there are none."""
    if len(rows) < 2:
        return None
    first, last = rows[0], rows[-1]
    return Comparison(
        pipeline=last.name,
        against=first.name,
        fewer_parameters=_times(_numbers(first), _numbers(last)),
        smaller=_times(first.size, last.size),
        faster=_times(last.words_per_second, first.words_per_second),
        f1_share=_times(last.f1, first.f1),
        f1_gain={row.name: last.f1 - row.f1 for row in rows[:-1]},
    )


def describe(comparison: Comparison) -> List[str]:
    """The comparison in sentences."""
    sizes = {
        "times fewer parameters": comparison.fewer_parameters,
        "times smaller on disk": comparison.smaller,
        "times faster": comparison.faster,
    }
    told = [f"{value:.1f} {what}" for what, value in sizes.items() if value is not None]
    share = comparison.f1_share
    if share is not None:
        told.append(f"{100 * share:.1f} % of its F1")
    gains = [f"{points(g)} against {name}" for name, g in comparison.f1_gain.items()]
    return [
        f"{comparison.pipeline} against {comparison.against}: {', '.join(told)}.",
        f"F1 of {comparison.pipeline} in points: {', '.join(gains)}.",
    ]


def _numbers(row: Row) -> Optional[int]:
    return None if row.parameters is None else row.parameters + row.table


def _times(more: Optional[float], less: Optional[float]) -> Optional[float]:
    return more / less if more is not None and less else None
