"""Small text classifiers and what they learn from."""

import random
from functools import cache
from pathlib import Path
from typing import Any, Dict, Iterable, List, Sequence, Tuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from thinc.api import fix_random_seed

LABELS = ("good", "bad", "mixed")
# A text is of the category whose words it has.
WORDS = {
    "good": ["fine", "lovely", "splendid"],
    "bad": ["awful", "broken", "dull"],
    "mixed": ["uneven", "passable", "average"],
}
_FILLERS = ["the", "a", "film", "book", "meal", "hotel", "was", "with", "very", "this"]

NGRAMS: Dict[str, Any] = {
    "@architectures": "spacy_distill.NGramClassifier.v1",
    "width": 4,
    "buckets": 2048,
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
MODELS = {"ngrams": NGRAMS, "qrnn": QRNN}
BOW: Dict[str, Any] = {
    "@architectures": "spacy.TextCatBOW.v3",
    "exclusive_classes": True,
    "ngram_size": 1,
    "no_output_layer": False,
    "length": 2048,
}


def make_text(rng: random.Random, labels: Iterable[str]) -> str:
    """Return a text with a word of each category."""
    words = rng.sample(_FILLERS, 6)
    for label in labels:
        words.insert(rng.randrange(len(words)), rng.choice(WORDS[label]))
    return " ".join(words)


def make_data(
    n: int, *, seed: int = 0, labels: Sequence[str] = LABELS, exclusive: bool = True
) -> List[Tuple[str, Dict[str, float]]]:
    """Return texts with the categories that they have by the rule.

    Args:
        n: How many.
        seed: Seed of the texts.
        labels: The categories.
        exclusive: Whether each text has exactly one; otherwise it has any number.
    """
    rng = random.Random(seed)
    out = []
    for i in range(n):
        if exclusive:
            chosen = {labels[i % len(labels)]}
        else:
            chosen = {label for label in labels if rng.random() < 0.5}
        text = make_text(rng, sorted(chosen))
        out.append((text, {label: float(label in chosen) for label in labels}))
    return out


def make_examples(
    nlp: Language, data: Iterable[Tuple[str, Dict[str, float]]]
) -> List[Example]:
    return [
        Example.from_dict(nlp.make_doc(text), {"cats": cats}) for text, cats in data
    ]


def make_docs(data: Iterable[Tuple[str, Dict[str, float]]]) -> List[Doc]:
    """Return gold Docs."""
    return [eg.reference for eg in make_examples(spacy.blank("en"), data)]


def write_gold(path: Path, data: Iterable[Tuple[str, Dict[str, float]]]) -> Path:
    """Write gold Docs to a `.spacy` file."""
    DocBin(docs=make_docs(data)).to_disk(path)
    return path


def make_nlp(model: str = "ngrams", **config: Any) -> Language:
    """A blank pipeline with a `compact_textcat` that knows nothing yet."""
    nlp = spacy.blank("en")
    settings = {"model": MODELS[model], **config}
    nlp.add_pipe("compact_textcat", name="textcat", config=settings)
    return nlp


def train(nlp: Language, examples: List[Example], steps: int, **kwargs: Any) -> Any:
    """Initialize and train. RETURNS: the optimizer."""
    fix_random_seed(0)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.02
    rng = random.Random(0)
    for _ in range(steps):
        batch = rng.sample(examples, min(32, len(examples)))
        nlp.update(batch, sgd=optimizer, **kwargs)
    return optimizer


@cache
def _trained_bytes(model: str, exclusive: bool) -> bytes:
    nlp = make_nlp(model, exclusive=exclusive)
    train(nlp, make_examples(nlp, make_data(120, exclusive=exclusive)), 60)
    return nlp.to_bytes()


def trained(
    model: str = "ngrams", *, exclusive: bool = True, **config: Any
) -> Language:
    """A classifier that has learned the rule; a new copy at every call."""
    nlp = make_nlp(model, exclusive=exclusive, **config)
    return nlp.from_bytes(_trained_bytes(model, exclusive), exclude=["tokenizer"])


@cache
def _stock_bytes(exclusive: bool) -> bytes:
    nlp = _blank_stock(exclusive)
    train(nlp, make_examples(nlp, make_data(120, exclusive=exclusive)), 60)
    return nlp.to_bytes()


def _blank_stock(exclusive: bool) -> Language:
    nlp = spacy.blank("en")
    factory = "textcat" if exclusive else "textcat_multilabel"
    config = {"model": {**BOW, "exclusive_classes": exclusive}}
    nlp.add_pipe(factory, name="textcat", config=config)
    return nlp


def make_stock_teacher(*, exclusive: bool = True) -> Language:
    """spaCy's own bag of words, which has learned the rule; a new copy each time."""
    nlp = _blank_stock(exclusive)
    return nlp.from_bytes(_stock_bytes(exclusive), exclude=["tokenizer"])


def best(cats: Dict[str, float]) -> str:
    """Return the most probable category."""
    return max(cats, key=lambda label: cats[label])


def accuracy(nlp: Language, data: Sequence[Tuple[str, Dict[str, float]]]) -> float:
    """Return the share of texts whose categories are all right."""
    docs = nlp.pipe([text for text, _ in data])
    right = 0
    for doc, (_, cats) in zip(docs, data):
        if sum(cats.values()) == 1.0 and abs(sum(doc.cats.values()) - 1.0) < 1e-3:
            right += cats[best(doc.cats)] == 1.0
        else:
            found = {label: float(p >= 0.5) for label, p in doc.cats.items()}
            right += found == cats
    return right / len(data)
