"""Small text classifiers and what they learn from."""

from functools import cache
from pathlib import Path
from typing import Any, Dict, FrozenSet, List, Tuple

import spacy
from small import ARCHITECTURES
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from thinc.api import fix_random_seed

LABELS = ("FOOD", "SPORT", "WEATHER")
# Texts and their categories; the first is that of an exclusive classifier.
CLASSIFIED: List[Tuple[str, Tuple[str, ...]]] = [
    ("The soup was hot and the bread fresh .", ("FOOD",)),
    ("She bakes bread with olives", ("FOOD",)),
    ("We ate soup on the terrace in the sun", ("FOOD", "WEATHER")),
    ("The keeper saved a penalty", ("SPORT",)),
    ("A late goal won the match .", ("SPORT",)),
    ("The match was stopped by heavy rain", ("SPORT", "WEATHER")),
    ("Rain and wind from the north", ("WEATHER",)),
    ("Sun in the morning , then clouds", ("WEATHER",)),
    ("The  penalty \n was late", ("SPORT",)),
]
CLASSIFIED_TEXTS = [text for text, _ in CLASSIFIED]
MODELS: Dict[str, Dict[str, Any]] = {
    "encoder": {
        "@architectures": "spacy_distill.TextClassifier.v1",
        "tok2vec": {**ARCHITECTURES["qrnn"], "dropout": 0.1},
    },
    "ngrams": {
        "@architectures": "spacy_distill.NGramClassifier.v1",
        "width": 4,
        "buckets": 4096,
    },
}
KINDS = tuple(MODELS)


def make_classifier(
    kind: str = "ngrams", *, exclusive: bool = True, **config: Any
) -> Language:
    """A blank pipeline with a classifier that knows nothing yet."""
    nlp = spacy.blank("en")
    settings = {"model": MODELS[kind], "exclusive": exclusive, **config}
    nlp.add_pipe("compact_textcat", name="textcat", config=settings)
    return nlp


def classified_examples(nlp: Language, *, exclusive: bool = True) -> List[Example]:
    examples = []
    for text, cats in CLASSIFIED:
        gold = cats[:1] if exclusive else cats
        values = {label: float(label in gold) for label in LABELS}
        examples.append(Example.from_dict(nlp.make_doc(text), {"cats": values}))
    return examples


@cache
def _trained_bytes(kind: str, exclusive: bool) -> bytes:
    nlp = make_classifier(kind, exclusive=exclusive)
    fix_random_seed(0)
    examples = classified_examples(nlp, exclusive=exclusive)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.02
    for _ in range(60):
        nlp.update(examples, sgd=optimizer)
    return nlp.to_bytes()


def trained_classifier(
    kind: str = "ngrams", *, exclusive: bool = True, **config: Any
) -> Language:
    """A classifier that has CLASSIFIED by heart; a new copy at every call."""
    nlp = make_classifier(kind, exclusive=exclusive, **config)
    return nlp.from_bytes(_trained_bytes(kind, exclusive), exclude=["tokenizer"])


def categories(doc: Doc, *, exclusive: bool = True) -> FrozenSet[str]:
    """The best category, or all with a probability of 0.5 or more."""
    if exclusive:
        return frozenset([max(LABELS, key=lambda label: doc.cats[label])])
    return frozenset(label for label in LABELS if doc.cats[label] >= 0.5)


def write_classified(path: Path, *, exclusive: bool = True) -> Path:
    """CLASSIFIED as a `.spacy` file."""
    examples = classified_examples(spacy.blank("en"), exclusive=exclusive)
    DocBin(docs=[eg.reference for eg in examples]).to_disk(path)
    return path
