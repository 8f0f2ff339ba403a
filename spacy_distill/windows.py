"""Splitting Docs into overlapping windows, batching them and merging the results."""

from typing import TYPE_CHECKING, List, Sequence, Tuple

from .errors import DistillError

if TYPE_CHECKING:
    import numpy as np

# Documents in a shard of soft labels.
SHARD_SIZE = 1000
# Texts in a shard of predictions. A student computes its word types again for each, so
# that a text of a shard of 1,000 takes it about 1.4 times as long.
PREDICTED_SHARD_SIZE = 5000
# Default size of padded batches, in tokens or word pieces.
BATCH_WORDS = 4096
# Default window of teachers and overlap of adjacent windows, in tokens.
WINDOW = 512
OVERLAP = 64

Window = Tuple[int, int]


def check_window(window: int, overlap: int) -> None:
    """Check the size of windows and of their overlap.

    Args:
        window: Largest number of tokens in a window.
        overlap: Number of tokens that adjacent windows share.

    Raises:
        DistillError: If one of them is out of range.
    """
    if window < 1 or not 0 <= overlap < window:
        raise DistillError(
            "Expected a window of 1 token or more and an overlap from 0 to below the"
            f" window, got window={window} and overlap={overlap}."
        )


def split(n_tokens: int, *, window: int, overlap: int) -> List[Window]:
    """Return overlapping windows (start, end) that cover all tokens, in order.

    Args:
        n_tokens: Length of the Doc. 0 gives no windows.
        window: Maximum number of tokens of a window.
        overlap: Number of tokens that adjacent windows share, at least 0 and less than
            `window`.

    Returns:
        Windows in token indices, end exclusive.

    Raises:
        DistillError: If `window` or `overlap` is out of range.
    """
    check_window(window, overlap)
    windows: List[Window] = []
    start = end = 0
    while end < n_tokens:
        end = min(start + window, n_tokens)
        windows.append((start, end))
        start += window - overlap
    return windows


def split_by_size(sizes: Sequence[int], *, most: int, overlap: int) -> List[Window]:
    """Return overlapping windows (start, end) whose items fit by their sizes, in order.

    Args:
        sizes: Size of each item, such as the word pieces of a word.
        most: Maximum sum of the sizes in a window. An item that is larger is a window
            of its own.
        overlap: Maximum sum of the sizes that adjacent windows share. They share less
            where the next item would not fit otherwise.

    Returns:
        Windows of items, end exclusive.

    Raises:
        DistillError: If `most` or `overlap` is out of range.
    """
    check_window(most, overlap)
    windows: List[Window] = []
    start = end = 0
    while end < len(sizes):
        total = sum(sizes[start:end])
        while end < len(sizes) and (end == start or total + sizes[end] <= most):
            total += sizes[end]
            end += 1
        windows.append((start, end))
        if end < len(sizes):
            room = min(overlap, most - sizes[end])
            first, start = start + 1, end
            while start > first and sum(sizes[start - 1 : end]) <= room:
                start -= 1
    return windows


def max_context_ranges(windows: Sequence[Window]) -> List[Window]:
    """Return the tokens (start, end) that have maximum context in each window.

    A token belongs to the window in which it is furthest from an inner edge, i.e. an
    edge of the window that is not an edge of the Doc. Of two equal windows it is the
    first. The ranges are contiguous.

    Args:
        windows: The windows in order; see `split`.

    Returns:
        One range for each window, in token indices, end exclusive.
    """
    # Between two adjacent windows this is the middle of their overlap.
    cuts = [
        (next_start + end + 1) // 2
        for (_, end), (next_start, _) in zip(windows, windows[1:])
    ]
    starts = [start for start, _ in windows[:1]] + cuts
    ends = cuts + [end for _, end in windows[-1:]]
    return list(zip(starts, ends))


def stitch(windows: Sequence[Window], rows: Sequence["np.ndarray"]) -> "np.ndarray":
    """Merge the rows of several windows, taking each from its max-context window.

    Args:
        windows: The windows in order; see `split`.
        rows: Rows of each window, [length of the window, ...].

    Returns:
        [n_tokens, ...].
    """
    # Here, since commands read the settings above before threads are set.
    import numpy as np

    parts = [
        row[first - start : last - start]
        for (start, _), (first, last), row in zip(
            windows, max_context_ranges(windows), rows
        )
    ]
    return np.concatenate(parts)


def batches_by_size(sizes: Sequence[int], *, most: int) -> List[List[int]]:
    """Group items of similar size into batches, largest first.

    Largest first means that a lack of memory shows at once, not after hours.

    Args:
        sizes: Size of each item.
        most: Maximum number of cells of a batch that is padded to its largest item. An
            item that is larger is a batch of its own.

    Returns:
        Batches of indices into `sizes`.
    """
    order = sorted(range(len(sizes)), key=lambda i: -sizes[i])
    batches: List[List[int]] = []
    for i in order:
        # Sizes are descending, so the first item of a batch is its largest.
        if not batches or sizes[batches[-1][0]] * (len(batches[-1]) + 1) > most:
            batches.append([])
        batches[-1].append(i)
    return batches
