"""Texts with categories, which small classifiers learn from.

There are three sets. The categories of `make_data` follow from single words, so all can
be right. Those of `make_topics` are what most of a text is about, and classifiers make
mistakes. CLASSIFIED are a few sentences to learn by heart.
"""

import random
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example

# Texts with the values of their categories.
Data = List[Tuple[str, Dict[str, float]]]

LABELS = ("good", "bad", "mixed")
# A text is of the category whose words it has.
WORDS = {
    "good": ["fine", "lovely", "splendid"],
    "bad": ["awful", "broken", "dull"],
    "mixed": ["uneven", "passable", "average"],
}
_FILLERS = ["the", "a", "film", "book", "meal", "hotel", "was", "with", "very", "this"]

TOPICS = ("food", "sport", "travel")
_TOPIC_WORDS = {
    "food": ["bread", "soup", "cheese", "salt", "oven", "plate", "cook", "taste"],
    "sport": ["goal", "team", "match", "score", "coach", "league", "ball", "win"],
    "travel": ["train", "hotel", "island", "ticket", "map", "ferry", "border", "trip"],
}
_TOPIC_FILLERS = ["the", "a", "we", "had", "today", "again", "in", "old", "town"]
_TOPIC_FILLERS += ["with", "and", "some", "people", "there"]

CLASSIFIED_LABELS = ("FOOD", "SPORT", "WEATHER")
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


def make_text(rng: random.Random, labels: Iterable[str]) -> str:
    """Return a text with a word of each category."""
    words = rng.sample(_FILLERS, 6)
    for label in labels:
        words.insert(rng.randrange(len(words)), rng.choice(WORDS[label]))
    return " ".join(words)


def make_data(
    n: int = 120,
    *,
    seed: int = 0,
    labels: Sequence[str] = LABELS,
    exclusive: bool = True,
) -> Data:
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
        out.append((text, _values(chosen, labels)))
    return out


def make_topics(n: int = 40, *, seed: int = 0, exclusive: bool = True) -> Data:
    """Return texts about one topic or, every fourth, two.

    Args:
        n: How many.
        seed: Seed of the texts.
        exclusive: Whether each text has the category of most of its words alone.
    """
    rng = random.Random(seed)
    out = []
    for i in range(n):
        first, second = rng.sample(TOPICS, 2)
        words = rng.sample(_TOPIC_WORDS[first], 3) + rng.sample(_TOPIC_FILLERS, 4)
        both = i % 4 == 0
        if both:
            words += rng.sample(_TOPIC_WORDS[second], 2)
        rng.shuffle(words)
        chosen = {first, second} if both and not exclusive else {first}
        out.append((f"{' '.join(words)} .", _values(chosen, TOPICS)))
    return out


def classified_data(*, exclusive: bool = True) -> Data:
    """Return CLASSIFIED with the values of the categories."""
    return [
        (text, _values(labels[:1] if exclusive else labels, CLASSIFIED_LABELS))
        for text, labels in CLASSIFIED
    ]


def _values(chosen: Iterable[str], labels: Sequence[str]) -> Dict[str, float]:
    return {label: float(label in chosen) for label in labels}


def make_examples(nlp: Language, data: Data) -> List[Example]:
    return [
        Example.from_dict(nlp.make_doc(text), {"cats": cats}) for text, cats in data
    ]


def make_docs(data: Data, nlp: Optional[Language] = None) -> List[Doc]:
    """Return gold Docs, with the vocab of the pipeline if one is given."""
    return [eg.reference for eg in make_examples(nlp or spacy.blank("en"), data)]


def write_categories(path: Path, data: Data) -> Path:
    """Write gold Docs to a `.spacy` file."""
    DocBin(docs=make_docs(data)).to_disk(path)
    return path


def texts_of(docs: Iterable[Doc]) -> List[str]:
    return [doc.text for doc in docs]
