"""Batches of Examples of like length, from a stream."""

import random
from itertools import islice
from typing import Callable, Iterable, Iterator, List

from spacy.training import Example
from spacy.util import registry

from ..errors import DistillError


@registry.batchers("spacy_distill.bucketed_batches.v1")
def bucketed_batches_v1(
    size: int = 32, buffer: int = 20
) -> Callable[[Iterable[Example]], Iterator[List[Example]]]:
    """A batcher for [training.batcher]: takes `buffer` batches' worth of Examples
    from the stream, sorts them by length, cuts them and yields the batches in random
    order. Gold and soft-labelled Examples mix as they come.

    size: Examples in a batch. buffer: batches held at a time.
    RAISES: DistillError on sizes below 1.
    """
    if size < 1 or buffer < 1:
        raise DistillError(
            f"Expected size and buffer of 1 or more, got {size} and {buffer}: change "
            "[training.batcher]."
        )

    def batch(examples: Iterable[Example]) -> Iterator[List[Example]]:
        stream = iter(examples)
        while window := list(islice(stream, size * buffer)):
            window.sort(key=lambda eg: len(eg.predicted))
            batches = [window[i : i + size] for i in range(0, len(window), size)]
            random.shuffle(batches)
            yield from batches

    return batch
