"""Split gold sentences at random, so that rare labels are in every part.

At random, a label with a dozen sentences may miss from a tenth of a corpus, and a small
sample of gold may lack it. `split_by_label` draws parts in which each label has its
share, by iterative stratification (Sechidis et al. 2011, "On the Stratification of
Multi-Label Data"): the label with the fewest sentences is distributed first, each of
its sentences to the part that lacks most of them. `draw_per_label` draws gold with a
number of sentences of each label, which is what category sampling is for in Ye and
Hernandez 2023.

Both take the labels of each sentence and return indices, so that they serve entities
and categories. The result depends on the seed and the order of the sentences alone.
"""

import math
import random
from collections import Counter
from typing import Collection, Dict, List, NamedTuple, Sequence, Set, Tuple

from ..errors import DistillError


class MissingLabel(NamedTuple):
    """A label that a part does not have.

    Attributes:
        label: The label.
        part: Index of the part.
        sentences: Sentences with the label in all parts together.
    """

    label: str
    part: int
    sentences: int


class Split(NamedTuple):
    """Parts of a corpus.

    Attributes:
        parts: Indices of the sentences of each part, sorted.
        missing: Labels that parts lack.
    """

    parts: List[List[int]]
    missing: List[MissingLabel]


class Drawn(NamedTuple):
    """Gold sentences that were drawn.

    Attributes:
        indices: Indices of the sentences, sorted.
        fewer: Labels that have fewer sentences than asked for, with their number.
    """

    indices: List[int]
    fewer: Dict[str, int]


def split_by_label(
    labels: Sequence[Collection[str]], shares: Sequence[float], *, seed: int
) -> Split:
    """Split sentences into parts in which each label has its share.

    A label with as many sentences as there are parts, or more, is in each part, unless
    the sentences that have it are needed for other labels too, or a part is too small
    for all labels. Where that is so, `Split.missing` says it.

    Args:
        labels: Labels of each sentence; none for one without entities.
        shares: Share of each part, above 0; they sum to 1.
        seed: Random seed.

    Returns:
        The parts, whose sizes are the shares, rounded, and what they lack.

    Raises:
        DistillError: If the shares do not fit, or if a part would be empty.
    """
    sizes = _sizes(len(labels), shares)
    rng = random.Random(seed)
    order = list(range(len(labels)))
    rng.shuffle(order)
    sets = [frozenset(found) for found in labels]
    totals = Counter(label for found in sets for label in found)
    free = list(sizes)
    # What each part still needs of each label, which may become negative.
    needs = [{label: share * n for label, n in totals.items()} for share in shares]
    has: List[Counter] = [Counter() for _ in sizes]
    part_of: Dict[int, int] = {}
    left = Counter(totals)
    by_label: Dict[str, List[int]] = {label: [] for label in sorted(totals)}
    for i in order:
        for label in sorted(sets[i]):
            by_label[label].append(i)
    while left:
        label = min(left, key=lambda name: (left[name], name))
        for i in by_label[label]:
            if i in part_of:
                continue
            part = max(
                (p for p in range(len(sizes)) if free[p]),
                key=lambda p: (not has[p][label], needs[p][label], free[p], -p),
            )
            part_of[i] = part
            free[part] -= 1
            for other in sets[i]:
                has[part][other] += 1
                needs[part][other] -= 1
                left[other] -= 1
        left = +left
    for i in order:
        if i not in part_of:
            part = max(range(len(sizes)), key=lambda p: (free[p], -p))
            part_of[i] = part
            free[part] -= 1
    _exchange(part_of, sets, has, totals, order)
    parts: List[List[int]] = [[] for _ in sizes]
    for i in range(len(labels)):
        parts[part_of[i]].append(i)
    missing = [
        MissingLabel(label, p, totals[label])
        for label in sorted(totals)
        for p in range(len(sizes))
        if not has[p][label]
    ]
    return Split(parts, missing)


def draw_per_label(
    labels: Sequence[Collection[str]], number: int, *, seed: int
) -> Drawn:
    """Draw gold sentences until each label has a number of them.

    Labels are taken from the rarest on, so that the sentences of rare labels count for
    frequent ones too, and these do not crowd them out. Frequent labels may have more
    sentences than asked for, since they occur beside others.

    Args:
        labels: Labels of each sentence; none for one without entities.
        number: Sentences of each label.
        seed: Random seed. With the same one, a larger number adds sentences only.

    Returns:
        The sentences; all that there are of labels with fewer.

    Raises:
        DistillError: If the number is less than 1.
    """
    if number < 1:
        raise DistillError(
            f"Expected a number of sentences of each label from 1 on, got {number}:"
            " change it."
        )
    order = list(range(len(labels)))
    random.Random(seed).shuffle(order)
    totals = Counter(label for found in labels for label in set(found))
    rarest_first = sorted(totals, key=lambda label: (totals[label], label))
    waiting = {
        label: iter([i for i in order if label in labels[i]]) for label in rarest_first
    }
    chosen: Set[int] = set()
    has: Counter = Counter()
    # Round by round, so that a smaller draw is part of a larger one.
    for target in range(1, number + 1):
        for label in rarest_first:
            if has[label] >= target:
                continue
            found = next((i for i in waiting[label] if i not in chosen), None)
            if found is not None:
                chosen.add(found)
                has.update(set(labels[found]))
    fewer = {label: totals[label] for label in rarest_first if totals[label] < number}
    return Drawn(sorted(chosen), fewer)


def _sizes(n: int, shares: Sequence[float]) -> List[int]:
    """Return the sizes of parts, by the largest remainders."""
    if any(not 0 < share < 1 for share in shares) or not math.isclose(sum(shares), 1.0):
        listed = ", ".join(f"{share:g}" for share in shares)
        raise DistillError(
            f"Expected shares above 0 that sum to 1, such as 0.8, 0.1 and 0.1, got"
            f" {listed}: change them."
        )
    exact = [share * n for share in shares]
    # Rounded, since 0.1 * 10 may be a little less than 1.
    sizes = [math.floor(round(size, 9)) for size in exact]
    remainders = sorted(range(len(exact)), key=lambda p: (sizes[p] - exact[p], p))
    for p in remainders[: n - sum(sizes)]:
        sizes[p] += 1
    if not all(sizes):
        raise DistillError(
            f"Expected enough sentences for every part, got {n}, which are"
            f" {', '.join(map(str, sizes))}: annotate more, or change the shares."
        )
    return sizes


def _exchange(
    part_of: Dict[int, int],
    sets: Sequence[frozenset],
    has: List[Counter],
    totals: Counter,
    order: Sequence[int],
) -> None:
    """Exchange sentences between parts as long as more labels are in all parts."""
    n_parts = len(has)

    def lacking() -> List[Tuple[int, str, int]]:
        return [
            (totals[label], label, part)
            for label in sorted(totals)
            for part in range(n_parts)
            if not has[part][label] and totals[label] >= n_parts
        ]

    pending = sorted(lacking())
    while pending:
        _, label, part = pending.pop(0)
        if has[part][label]:
            continue
        inside = [i for i in order if part_of[i] == part]
        found = next(
            (
                (i, j)
                for i in order
                if label in sets[i] and has[part_of[i]][label] > 1
                for j in inside
                if _gain(sets[i], sets[j], has[part_of[i]], has[part]) > 0
            ),
            None,
        )
        if found is None:
            continue
        i, j = found
        other = part_of[i]
        part_of[i], part_of[j] = part, other
        has[other].subtract(sets[i])
        has[part].update(sets[i])
        has[part].subtract(sets[j])
        has[other].update(sets[j])
        pending = sorted(lacking())


def _gain(
    given: frozenset, returned: frozenset, source: Counter, target: Counter
) -> int:
    """Return how many more labels two parts have after an exchange of two sentences."""
    gain = 0
    for label in given ^ returned:
        moved = 1 if label in given else -1
        gain += (source[label] - moved > 0) - (source[label] > 0)
        gain += (target[label] + moved > 0) - (target[label] > 0)
    return gain
