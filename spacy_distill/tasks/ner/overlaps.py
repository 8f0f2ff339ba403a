"""The rule for spans that overlap, of which tags can express only one."""

from typing import List, Sequence, Set

from .decoding import ScoredSpan


def resolve_overlaps(spans: Sequence[ScoredSpan]) -> List[ScoredSpan]:
    """Select non-overlapping spans greedily.

    Args:
        spans: Spans of one Doc, all in tokens or all in characters.

    Returns:
        The selected spans, sorted by position. Of overlapping spans, the one with the
        highest score is selected; ties are broken by length (longest first), then by
        position (first first).
    """
    kept: List[ScoredSpan] = []
    taken: Set[int] = set()
    for span in sorted(spans, key=lambda s: (-s.score, s.start - s.end, s.start)):
        covered = range(span.start, span.end)
        if taken.isdisjoint(covered):
            taken.update(covered)
            kept.append(span)
    return sorted(kept)
