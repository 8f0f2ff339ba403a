"""The training corpus: gold and soft-labelled Examples in one stream."""

import random
from itertools import islice
from pathlib import Path
from typing import Callable, Iterable, Iterator, List, Optional

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry

from ..docs import bare_doc, read_gold
from ..errors import DistillError
from ..soft_labels.store import SoftLabels


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


@registry.readers("spacy_distill.DistillCorpus.v1")
def distill_corpus_v1(
    gold: Optional[Path] = None,
    soft_labels: Optional[Path] = None,
    gold_share: float = 0.0,
) -> Callable[[Language], Iterable[Example]]:
    """A corpus for [corpora.train]. One pass has every soft-labelled Doc once, read
    shard by shard in random order, with gold Docs spread evenly among them. With
    [training] max_epochs = -1 nothing but one shard is in memory.

    gold: `.spacy` file or folder. soft_labels: a folder that `annotate` wrote. At
        least one of them.
    gold_share: share of gold Docs in a pass, in [0, 1); they are repeated or left
        for the next pass as needed. 0 takes each gold Doc once a pass.
    RAISES (when called): DistillError on missing or empty data, or on soft labels
        that do not fit the pipeline.
    """
    if not 0.0 <= gold_share < 1.0:
        raise DistillError(
            f"Expected gold_share in [0, 1), got {gold_share}: change [corpora]."
        )

    def read(nlp: Language) -> Iterator[Example]:
        if gold is None and soft_labels is None:
            raise DistillError(
                "Expected a path for gold or soft_labels in [corpora], got neither."
            )
        gold_docs = [] if gold is None else list(read_gold(gold, nlp.vocab))
        # spaCy seeds the global generator; an own one keeps streams independent.
        rng = random.Random(random.getrandbits(64))
        if soft_labels is None:
            rng.shuffle(gold_docs)
            yield from (_example(nlp, doc) for doc in gold_docs)
            return
        store = SoftLabels(soft_labels)
        store.check(nlp)
        n_soft = store.manifest.counts.docs
        n_gold = len(gold_docs)
        if gold_docs and gold_share:
            n_gold = round(n_soft * gold_share / (1.0 - gold_share))
        soft = store.read(nlp, rng=rng)
        hard = _endless(gold_docs, rng)
        left = n_gold + n_soft
        while left:
            take_gold = rng.random() * left < n_gold
            n_gold -= take_gold
            left -= 1
            yield _example(nlp, next(hard if take_gold else soft))

    return read


def _endless(docs: List[Doc], rng: random.Random) -> Iterator[Doc]:
    """Random permutations of the Docs, one after the other."""
    while docs:
        yield from rng.sample(docs, len(docs))


def _example(nlp: Language, doc: Doc) -> Example:
    return Example(bare_doc(doc, nlp.vocab), doc)
