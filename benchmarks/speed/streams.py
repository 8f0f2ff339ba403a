"""What a worker does with much text: a stream of documents, and one long document."""

import contextlib
import time
from itertools import cycle, islice
from statistics import median
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from .batches import Texts
from .memory import resident_mb
from .readers import PipelineReader

# As many documents share a memory zone.
ZONE = 1000


def read_stream(
    reader: PipelineReader,
    texts: Texts,
    *,
    documents: int,
    batch: int,
    zones: bool,
    samples: int = 50,
) -> Dict[str, Any]:
    """Read a stream and watch the memory.

    Each document ends in a word that none has had before, so that whatever is kept of
    words would grow.

    documents: how many. zones: whether each ZONE of them are read in a memory zone of
    spaCy's, which forgets their words when it ends. samples: points of the curve.

    Returns `words`, `seconds`, and `curve`: (documents read, MiB resident) pairs.
    """
    stream = _stream(texts.texts, documents)
    words = documents + sum(islice(cycle(texts.words), documents))
    every = max(1, -(-documents // samples // ZONE) * ZONE)
    curve = [[0, round(resident_mb(), 2)]]
    read, start = 0, time.perf_counter()
    while part := list(islice(stream, ZONE)):
        with reader.nlp.memory_zone() if zones else contextlib.nullcontext():
            for _ in reader.read(part, batch=batch):
                read += 1
        if read % every == 0 or read == documents:
            curve.append([read, round(resident_mb(), 2)])
    seconds = time.perf_counter() - start
    return {"words": words, "seconds": seconds, "curve": curve}


def read_lengths(
    reader: PipelineReader, texts: Texts, *, lengths: Sequence[int], rounds: int
) -> List[Dict[str, float]]:
    """Read documents of growing length, each as a whole.

    lengths: in words. Documents are the texts behind one another, until there are so
    many. rounds: the median counts.

    Returns for each `words` (of the document; whole texts, so a few more than asked),
    and `seconds`.
    """
    documents = [join(texts, length) for length in lengths]
    limit = reader.nlp.max_length
    reader.nlp.max_length = max(limit, *(len(text) for text, _ in documents))
    seconds: List[List[float]] = [[] for _ in documents]
    # One round more, the first, to warm up.
    for _ in range(rounds + 1):
        for (text, _), taken in zip(documents, seconds):
            start = time.perf_counter()
            for _ in reader.read([text], batch=1):
                pass
            taken.append(time.perf_counter() - start)
    reader.nlp.max_length = limit
    return [
        {"words": words, "seconds": median(taken[1:])}
        for (_, words), taken in zip(documents, seconds)
    ]


def join(texts: Texts, words: int) -> Tuple[str, int]:
    """The texts behind one another, from the first again after the last, until there
    are so many words. Returns text and number of words."""
    parts: List[str] = []
    count = 0
    for text, n in cycle(zip(texts.texts, texts.words)):
        parts.append(text)
        count += n
        if count >= words:
            break
    return " ".join(parts), count


def _stream(texts: Sequence[str], documents: int) -> Iterator[str]:
    for number, text in enumerate(islice(cycle(texts), documents)):
        yield f"{text} {_spell(number)}"


def _spell(number: int) -> str:
    """A word of its own for each number, in letters: 10 is "newba"."""
    return "new" + "".join(chr(ord("a") + int(digit)) for digit in str(number))
