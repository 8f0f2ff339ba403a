"""Text classifiers, small enough to be trained in a test, and what they learn from."""

import random
from functools import cache
from typing import Any, Dict, List, Sequence, Tuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import fix_random_seed

CATEGORIES = ("food", "sport", "travel")
_WORDS = {
    "food": ["bread", "soup", "cheese", "salt", "oven", "plate", "cook", "taste"],
    "sport": ["goal", "team", "match", "score", "coach", "league", "ball", "win"],
    "travel": ["train", "hotel", "island", "ticket", "map", "ferry", "border", "trip"],
}
_FILLERS = ["the", "a", "we", "had", "today", "again", "in", "old", "town", "with"]
_FILLERS += ["and", "some", "people", "there"]
BOW = {
    "@architectures": "spacy.TextCatBOW.v3",
    "ngram_size": 1,
    "no_output_layer": False,
    "length": 5000,
}
NGRAMS = {"@architectures": "spacy_distill.NGramClassifier.v1", "buckets": 2048}
# Config of each factory.
FACTORIES: Dict[str, Dict[str, Any]] = {
    "textcat": {"model": {**BOW, "exclusive_classes": True}},
    "textcat_multilabel": {"model": {**BOW, "exclusive_classes": False}},
    "compact_textcat": {"model": NGRAMS},
    "compact_multilabel": {"model": NGRAMS, "exclusive": False},
}


def make_texts(number: int, *, seed: int = 0) -> List[Tuple[str, List[str]]]:
    """Return texts and their categories, one or, in every fourth text, two.

    The first is the one with most words in the text.
    """
    rng = random.Random(seed)
    made = []
    for i in range(number):
        first, second = rng.sample(CATEGORIES, 2)
        words = rng.sample(_WORDS[first], 3) + rng.sample(_FILLERS, 4)
        both = i % 4 == 0
        if both:
            words += rng.sample(_WORDS[second], 2)
        rng.shuffle(words)
        made.append((f"{' '.join(words)} .", [first, second] if both else [first]))
    return made


def make_docs(
    nlp: Language, number: int = 40, *, seed: int = 0, exclusive: bool = True
) -> List[Doc]:
    """Return Docs with gold categories; with exclusive ones, the first of each text."""
    docs = []
    for text, labels in make_texts(number, seed=seed):
        doc = nlp.make_doc(text)
        gold = labels[:1] if exclusive else labels
        doc.cats = {label: float(label in gold) for label in CATEGORIES}
        docs.append(doc)
    return docs


def make_classifier(
    factory: str = "textcat", *, steps: int = 8, learn_rate: float = 0.02
) -> Language:
    """Return a new pipeline with one text classifier; see `FACTORIES`."""
    nlp = spacy.blank("en")
    exclusive = "multilabel" not in factory
    name = "compact_textcat" if factory.startswith("compact") else factory
    nlp.add_pipe(name, name="textcat", config=FACTORIES[factory])
    fix_random_seed(0)
    docs = make_docs(nlp, 40, seed=1, exclusive=exclusive)
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in docs]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = learn_rate
    for _ in range(steps):
        nlp.update(examples, sgd=optimizer)
    return nlp


@cache
def _trained_bytes(factory: str, steps: int) -> bytes:
    return make_classifier(factory, steps=steps).to_bytes()


def trained_classifier(factory: str = "textcat", *, steps: int = 8) -> Language:
    """Return a copy of a trained pipeline."""
    return make_classifier(factory, steps=0).from_bytes(_trained_bytes(factory, steps))


def texts_of(docs: Sequence[Doc]) -> List[str]:
    return [doc.text for doc in docs]
