"""Text classifiers, small enough to be trained in a test."""

import random
from functools import cache
from typing import Any, Callable, Dict, FrozenSet, List, Optional, Tuple

import spacy
from small import ARCHITECTURES
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from texts_with_categories import (
    Data,
    classified_data,
    make_data,
    make_examples,
    make_topics,
)
from thinc.api import fix_random_seed

BOW: Dict[str, Any] = {
    "@architectures": "spacy.TextCatBOW.v3",
    "exclusive_classes": True,
    "ngram_size": 1,
    "no_output_layer": False,
    "length": 2048,
}
NGRAMS: Dict[str, Any] = {
    "@architectures": "spacy_distill.NGramClassifier.v1",
    "width": 4,
    "buckets": 4096,
}
QRNN: Dict[str, Any] = {
    "@architectures": "spacy_distill.TextClassifier.v1",
    "tok2vec": {
        "@architectures": "spacy_distill.CharCNNQRNN.v1",
        "word_width": 8,
        "hidden_width": 8,
        "char_width": 4,
        "char_filters": 6,
        "word_dropout": 0.0,
    },
}
ENCODER: Dict[str, Any] = {
    "@architectures": "spacy_distill.TextClassifier.v1",
    "tok2vec": {**ARCHITECTURES["qrnn"], "dropout": 0.1},
}
TOPIC_NGRAMS: Dict[str, Any] = {
    "@architectures": "spacy_distill.NGramClassifier.v1",
    "buckets": 2048,
}
_ALL_MODELS = {
    "ngrams": NGRAMS,
    "qrnn": QRNN,
    "encoder": ENCODER,
    "bow": BOW,
    "topic_ngrams": TOPIC_NGRAMS,
    "topic_bow": {**BOW, "length": 5000},
}
# Models that learn `make_data`, and those that learn CLASSIFIED by heart.
MODELS = {"ngrams": NGRAMS, "qrnn": QRNN}
KINDS = ("encoder", "ngrams")
# Classifiers of topics: the model, and whether categories exclude each other.
FACTORIES: Dict[str, Tuple[str, bool]] = {
    "textcat": ("topic_bow", True),
    "textcat_multilabel": ("topic_bow", False),
    "compact_textcat": ("topic_ngrams", True),
    "compact_multilabel": ("topic_ngrams", False),
}


def make_classifier(
    model: str = "ngrams", *, exclusive: bool = True, **config: Any
) -> Language:
    """A blank pipeline with a classifier that knows nothing yet.

    With a bag of words it is spaCy's own, else a `compact_textcat`.
    """
    nlp = spacy.blank("en")
    block = _ALL_MODELS[model]
    if "exclusive_classes" in block:
        factory = "textcat" if exclusive else "textcat_multilabel"
        settings = {"model": {**block, "exclusive_classes": exclusive}, **config}
    else:
        factory = "compact_textcat"
        settings = {"model": block, "exclusive": exclusive, **config}
    nlp.add_pipe(factory, name="textcat", config=settings)
    return nlp


def train(
    nlp: Language,
    examples: List[Example],
    steps: int,
    *,
    batch_size: Optional[int] = 32,
    **kwargs: Any,
) -> Any:
    """Initialize and train, on all examples at once with a batch size of None.

    RETURNS: the optimizer.
    """
    fix_random_seed(0)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.02
    rng = random.Random(0)
    for _ in range(steps):
        batch = examples
        if batch_size is not None:
            batch = rng.sample(examples, min(batch_size, len(examples)))
        nlp.update(batch, sgd=optimizer, **kwargs)
    return optimizer


def trained(
    model: str = "ngrams", *, exclusive: bool = True, **config: Any
) -> Language:
    """A classifier that has learned the rule of `make_data`; a new copy every time."""
    data = _trained_bytes(_rule_data, model, exclusive, steps=60, batch_size=32)
    nlp = make_classifier(model, exclusive=exclusive, **config)
    return nlp.from_bytes(data, exclude=["tokenizer"])


def make_stock_teacher(*, exclusive: bool = True) -> Language:
    """spaCy's own bag of words, which has learned the same; a new copy every time."""
    return trained("bow", exclusive=exclusive)


def by_heart(
    kind: str = "ngrams", *, exclusive: bool = True, **config: Any
) -> Language:
    """A classifier that has CLASSIFIED by heart; a new copy every time."""
    data = _trained_bytes(classified_data, kind, exclusive, steps=60, batch_size=None)
    nlp = make_classifier(kind, exclusive=exclusive, **config)
    return nlp.from_bytes(data, exclude=["tokenizer"])


def topic_classifier(factory: str = "textcat", *, steps: int = 8) -> Language:
    """A classifier of topics, see `FACTORIES`, which makes mistakes; a new copy."""
    model, exclusive = FACTORIES[factory]
    data = _trained_bytes(_topic_data, model, exclusive, steps=steps, batch_size=None)
    nlp = make_classifier(model, exclusive=exclusive)
    return nlp.from_bytes(data, exclude=["tokenizer"])


def _rule_data(*, exclusive: bool) -> Data:
    return make_data(120, exclusive=exclusive)


def _topic_data(*, exclusive: bool) -> Data:
    return make_topics(40, seed=1, exclusive=exclusive)


@cache
def _trained_bytes(
    make: Callable[..., Data],
    model: str,
    exclusive: bool,
    *,
    steps: int,
    batch_size: Optional[int],
) -> bytes:
    nlp = make_classifier(model, exclusive=exclusive)
    examples = make_examples(nlp, make(exclusive=exclusive))
    train(nlp, examples, steps, batch_size=batch_size)
    return nlp.to_bytes()


def best(cats: Dict[str, float]) -> str:
    """Return the most probable category."""
    return max(cats, key=lambda label: cats[label])


def categories(doc: Doc, *, exclusive: bool = True) -> FrozenSet[str]:
    """The best category, or all with a probability of 0.5 or more."""
    if exclusive:
        return frozenset([best(doc.cats)])
    return frozenset(label for label, p in doc.cats.items() if p >= 0.5)


def accuracy(nlp: Language, data: Data) -> float:
    """Return the share of texts whose categories are all right."""
    docs = nlp.pipe([text for text, _ in data])
    right = 0
    for doc, (_, cats) in zip(docs, data):
        if sum(cats.values()) == 1.0 and abs(sum(doc.cats.values()) - 1.0) < 1e-3:
            right += cats.get(best(doc.cats)) == 1.0
        else:
            found = {label: float(p >= 0.5) for label, p in doc.cats.items()}
            right += found == cats
    return right / len(data)
