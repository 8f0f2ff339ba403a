"""Split long inputs into overlapping windows, batch them and merge the results."""

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np
from spacy.tokens import Doc

from .errors import DistillError

Window = Tuple[int, int]


def split(n_tokens: int, *, window: int, overlap: int) -> List[Window]:
    """Return windows (start, end) that together cover all tokens, in order.

    n_tokens: length of the Doc; 0 gives no window.
    window: the most tokens a window may have.
    overlap: how many tokens neighbouring windows share, 0 or more, below `window`.

    Raises DistillError for a window or an overlap out of range.
    """
    if window < 1 or not 0 <= overlap < window:
        raise DistillError(
            "Expected a window of 1 token or more and an overlap from 0 to below the"
            f" window, got window={window} and overlap={overlap}."
        )
    windows: List[Window] = []
    start = end = 0
    while end < n_tokens:
        end = min(start + window, n_tokens)
        windows.append((start, end))
        start += window - overlap
    return windows


def homes(windows: Sequence[Window]) -> List[Window]:
    """Return, for each window, the tokens (start, end) that are at home in it.

    A token is at home in the window where it lies furthest from an inner edge (an
    edge of the window that is not an edge of the Doc): there it has most context.
    Of two equal ones the earlier is taken. The homes follow one another without gap.
    """
    # Between two neighbours that is simply the middle of what they share.
    cuts = [
        (next_start + end + 1) // 2
        for (_, end), (next_start, _) in zip(windows, windows[1:])
    ]
    starts = [start for start, _ in windows[:1]] + cuts
    ends = cuts + [end for _, end in windows[-1:]]
    return list(zip(starts, ends))


def stitch(windows: Sequence[Window], rows: Sequence[np.ndarray]) -> np.ndarray:
    """Join the rows of several windows: [n_tokens, ...] from one [length, ...] each.

    Every token's row is taken from its home window.
    """
    parts = [
        row[first - start : last - start]
        for (start, _), (first, last), row in zip(windows, homes(windows), rows)
    ]
    return np.concatenate(parts)


class Cut(NamedTuple):
    """One window of one of several Docs: `docs[doc][start:end]`."""

    doc: int
    start: int
    end: int


def cut(docs: Sequence[Doc], *, window: int, overlap: int) -> List[Cut]:
    """Cut Docs into windows (see `windows.split`), in order. An empty Doc has none."""
    return [
        Cut(number, start, end)
        for number, doc in enumerate(docs)
        for start, end in split(len(doc), window=window, overlap=overlap)
    ]


def whole(docs: Sequence[Doc]) -> List[Cut]:
    """Take each Doc as one window, however long it is. An empty Doc has none."""
    return [Cut(number, 0, len(doc)) for number, doc in enumerate(docs) if len(doc)]


def batches_by_size(sizes: Sequence[int], *, most: int) -> List[List[int]]:
    """Return batches of indices into `sizes`, of like size, the largest first.

    A batch padded to its largest member has at most `most` cells, unless that member
    alone has more. The largest come first, so that memory, if it is too small, runs
    out at once and not after hours.
    """
    order = sorted(range(len(sizes)), key=lambda i: -sizes[i])
    batches: List[List[int]] = []
    for i in order:
        # Sizes fall, so a batch is as wide as its first member.
        if not batches or sizes[batches[-1][0]] * (len(batches[-1]) + 1) > most:
            batches.append([])
        batches[-1].append(i)
    return batches
