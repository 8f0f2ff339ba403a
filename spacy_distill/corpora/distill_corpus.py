"""Readers and batches for training: gold and soft-labelled Examples in one stream."""

import math
import random
from itertools import islice
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, List, Optional, Tuple

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry

from ..docs import (
    COLUMNS,
    GOLD_LABELS,
    LOGITS,
    Trimmed,
    bare_doc,
    read_gold,
    trim_entities,
    warn_trimmed,
)
from ..errors import DistillError
from ..soft_labels.store import SoftLabels
from ..tasks.textcat.stock import CLASSIFIERS
from ..tasks.textcat.task import TextCatTask


@registry.readers("spacy_distill.DistillCorpus.v1")
def distill_corpus_v1(
    gold: Optional[Path] = None,
    soft_labels: Optional[Path] = None,
    gold_share: float = 0.0,
    held_out: int = 0,
    temperature: float = 1.0,
    hard: bool = False,
) -> Callable[[Language], Iterable[Example]]:
    """Create a corpus for [corpora.train].

    One pass contains every soft-labelled Doc once, shard by shard in random order, with
    gold Docs spread evenly among them. A soft-labelled Doc with the text and tokens of
    a gold Doc has its entities, too, in place of the teacher's labels. With [training]
    max_epochs = -1 only one shard is in memory. At least one of `gold` and
    `soft_labels` is needed. Whitespace at the ends of gold entities is trimmed. The
    labels of all gold annotation, and of the teacher, are in the user data of the first
    reference.

    Soft labels of text classification are also in `doc.cats`, as probabilities, so that
    spaCy's own `textcat` and `textcat_multilabel` learn from them.

    Args:
        gold: `.spacy` file or folder.
        soft_labels: Folder that `annotate` wrote.
        gold_share: Share of gold Docs in a pass, in [0, 1); they are repeated, or left
            for the next pass. 0 takes each gold Doc once per pass.
        held_out: Leave out so many soft-labelled Docs, those of `HeldOutCorpus.v1`.
        temperature: Softens the probabilities in `doc.cats`; above 0.
        hard: Whether `doc.cats` has 1 and 0 (pseudo labels) instead of probabilities.

    Raises:
        DistillError: When the corpus is read: if data are missing or empty, or if soft
            labels do not fit the pipeline.
    """
    if not 0.0 <= gold_share < 1.0:
        raise DistillError(
            f"Expected gold_share in [0, 1), got {gold_share}: change [corpora]."
        )
    if not 0.0 < temperature < math.inf:
        raise DistillError(
            f"Expected a finite temperature above 0, got {temperature}: change"
            " [corpora]."
        )

    def read(nlp: Language) -> Iterator[Example]:
        if gold is None and soft_labels is None:
            raise DistillError(
                "Expected a path for gold or soft_labels in [corpora], got neither."
            )
        gold_docs = [] if gold is None else _read_gold(gold, nlp)
        labels = _gold_labels(gold_docs, nlp)
        store = None
        if soft_labels is not None:
            store = SoftLabels(soft_labels)
            store.check(nlp)
            _check_task(nlp, store)
        for i, doc in enumerate(stream(nlp, gold_docs, store)):
            if i == 0:
                # `initialize` may see the first 100 Examples only.
                doc.user_data[GOLD_LABELS] = labels
                if store is not None:
                    doc.user_data[COLUMNS] = store.task.columns
            yield Example(bare_doc(doc, nlp.vocab), doc)

    def stream(
        nlp: Language, gold_docs: List[Doc], store: Optional[SoftLabels]
    ) -> Iterator[Doc]:
        # spaCy seeds the global generator; a separate one keeps streams independent.
        rng = random.Random(random.getrandbits(64))
        if store is None:
            rng.shuffle(gold_docs)
            yield from gold_docs
            return
        n_soft = len(store) - held_out
        n_gold = len(gold_docs)
        if gold_docs and gold_share:
            n_gold = round(n_soft * gold_share / (1.0 - gold_share))
        read_soft = store.read(nlp, rng=rng, held_out=held_out)
        soft = with_categories(read_soft, store)
        if gold_docs and not isinstance(store.task, TextCatTask):
            soft = _with_gold(soft, gold_docs)
        hard = _endless(gold_docs, rng)
        left = n_gold + n_soft
        while left:
            take_gold = rng.random() * left < n_gold
            n_gold -= take_gold
            left -= 1
            yield next(hard if take_gold else soft)

    def with_categories(docs: Iterator[Doc], store: SoftLabels) -> Iterator[Doc]:
        task = store.task
        for doc in docs:
            if isinstance(task, TextCatTask):
                task.annotate([doc], [doc.user_data[LOGITS] / temperature])
                if hard:
                    task.harden(doc)
            yield doc

    return read


@registry.readers("spacy_distill.HeldOutCorpus.v1")
def held_out_corpus_v1(
    soft_labels: Optional[Path] = None, documents: int = 0
) -> Callable[[Language], Iterable[Example]]:
    """Create a corpus for [corpora.dev] out of soft labels, without gold annotation.

    The references are the teacher's predictions, so the scores are the agreement of the
    student with its teacher, not its quality.

    Args:
        soft_labels: Folder that `annotate` wrote.
        documents: How many documents, evenly spread over all. Give the same number as
            `held_out` of `DistillCorpus.v1`.

    Raises:
        DistillError: When the corpus is read: if there are no soft labels, or if they
            do not fit the pipeline.
    """

    def read(nlp: Language) -> Iterator[Example]:
        if soft_labels is None:
            raise DistillError(
                "Expected a path for soft_labels in [corpora], got none."
            )
        store = SoftLabels(soft_labels)
        store.check(nlp)
        _check_task(nlp, store)
        for doc in store.read_held_out(nlp, documents):
            store.task.annotate([doc], [doc.user_data[LOGITS]])
            if isinstance(store.task, TextCatTask):
                store.task.harden(doc)
            doc.user_data = {}
            yield Example(bare_doc(doc, nlp.vocab), doc)

    return read


@registry.batchers("spacy_distill.bucketed_batches.v1")
def bucketed_batches_v1(
    size: int = 32, buffer: int = 20
) -> Callable[[Iterable[Example]], Iterator[List[Example]]]:
    """Create a batcher for [training.batcher] that batches Examples of similar length.

    It takes the Examples of `buffer` batches from the stream, sorts them by length,
    and yields their batches in random order. Gold and soft-labelled Examples mix.

    Args:
        size: Examples in a batch.
        buffer: Batches in memory at a time.

    Raises:
        DistillError: If one of them is below 1.
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


def _read_gold(path: Path, nlp: Language) -> List[Doc]:
    """Read gold annotation, without whitespace at the ends of entities."""
    docs = list(read_gold(path, nlp.vocab))
    counts = [trim_entities(doc) for doc in docs]
    trimmed = sum(count.trimmed for count in counts)
    dropped = sum(count.dropped for count in counts)
    warn_trimmed(Trimmed(trimmed, dropped), str(path))
    return docs


def _check_task(nlp: Language, store: SoftLabels) -> None:
    """Check that the pipeline has a component that learns what the teacher predicts."""
    task = store.task
    factories = {name: nlp.get_pipe_meta(name).factory for name in nlp.pipe_names}
    classifiers = [name for name, found in factories.items() if found in CLASSIFIERS]
    recognizes = "compact_ner" in factories.values()
    if not isinstance(task, TextCatTask):
        if classifiers and not recognizes:
            raise DistillError(
                f"Expected categories of documents in {store.path}, which"
                f" {classifiers[0]!r} learns, got entities: annotate with a teacher"
                " that classifies texts."
            )
        return
    if recognizes and not classifiers:
        raise DistillError(
            f"Expected entities in {store.path}, got categories of documents: annotate"
            " with a teacher that recognizes entities, or train a compact_textcat."
        )
    kinds = {True: "exclusive categories", False: "several categories"}
    for name in classifiers:
        pipe: Any = nlp.get_pipe(name)
        exclusive = getattr(
            pipe, "exclusive", not factories[name].endswith("multilabel")
        )
        if exclusive != task.exclusive:
            raise DistillError(
                f"Expected {kinds[exclusive]} in {store.path}, as {name!r} has them,"
                f" got {kinds[task.exclusive]}: change [components.{name}], or annotate"
                " with another teacher."
            )


def _gold_labels(docs: List[Doc], nlp: Language) -> Tuple[str, ...]:
    """Return the labels of all gold annotation that the pipeline learns from."""
    factories = {nlp.get_pipe_meta(name).factory for name in nlp.pipe_names}
    if factories & set(CLASSIFIERS):
        return tuple(sorted({label for doc in docs for label in doc.cats}))
    return tuple(sorted({ent.label_ for doc in docs for ent in doc.ents}))


def _with_gold(docs: Iterable[Doc], gold_docs: List[Doc]) -> Iterator[Doc]:
    """Give soft-labelled Docs the annotation of gold Docs that are the same."""
    gold = {doc.text: doc for doc in gold_docs}
    for doc in docs:
        same = gold.get(doc.text)
        if same is None or [t.text for t in same] != [t.text for t in doc]:
            yield doc
            continue
        both = same.copy()
        both.user_data = {**same.user_data, **doc.user_data}
        yield both


def _endless(docs: List[Doc], rng: random.Random) -> Iterator[Doc]:
    """Random permutations of the Docs, one after the other."""
    while docs:
        yield from rng.sample(docs, len(docs))
