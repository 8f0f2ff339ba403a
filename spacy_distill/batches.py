"""Batches of windows of like length, so that little is spent on padding."""

from typing import List, NamedTuple, Sequence

from spacy.tokens import Doc

from .windows import split


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
