"""Docs with parts of speech, entities and sentences, and a pipeline that tags."""

from typing import Any, Sequence

import numpy as np
import spacy
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, Span

NOUNS = ("mill", "road", "river", "cat", "dog", "ferry")
VERBS = ("sleeps", "stands", "runs")
NAMES = ("Mira", "Graz", "Linden")
MARKS = (".", ",", "!", '"', "-")
BLANKS = ("\n", "  ")
TAGS = {
    **dict.fromkeys(NOUNS, "NN"),
    **dict.fromkeys(VERBS, "VB"),
    **dict.fromkeys(NAMES, "NNP"),
    **dict.fromkeys(MARKS, "PUNCT"),
    **dict.fromkeys(BLANKS, "_SP"),
}


NLP = spacy.blank("en")


def tagged_doc(
    words: Sequence[str], spaces: Any = None, *, ents: Sequence[Any] = ()
) -> Doc:
    """Return a Doc with the tags of its words, and entities as (start, end, label)."""
    tags = [TAGS.get(word, "XX") for word in words]
    # The vocab of a language tells punctuation.
    doc = Doc(NLP.vocab, words=list(words), spaces=spaces, tags=tags)
    doc.set_ents([Span(doc, start, end, label) for start, end, label in ents])
    return doc


@st.composite
def docs(draw: Any) -> Doc:
    """Draw Docs of words, marks and whitespace, some of them entities."""
    words = draw(st.lists(st.sampled_from(sorted(TAGS)), min_size=1, max_size=24))
    n = len(words)
    spaces = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    ents, start = [], 0
    while start < n:
        start += draw(st.integers(0, 4))
        end = start + draw(st.integers(1, 4))
        if end <= n and draw(st.booleans()):
            ents.append((start, end, draw(st.sampled_from(("PER", "LOC")))))
        start = end
    doc = tagged_doc(words, spaces, ents=ents)
    if draw(st.booleans()):
        for i in range(1, n):
            doc[i].is_sent_start = draw(st.booleans())
    return doc


@Language.component("tag_test_words")
def tag_words(doc: Doc) -> Doc:
    """Tag the words of this module, and others as XX."""
    for token in doc:
        token.tag_ = TAGS.get(token.text, "XX")
    return doc


def tagging_pipeline() -> Language:
    """Return a pipeline that sets `tag_`."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tag_test_words")
    return nlp


def pipeline_with_vectors() -> Language:
    """Return a blank pipeline with vectors for nouns, which are close, and verbs."""
    nlp = spacy.blank("en")
    for i, word in enumerate((*NOUNS, *VERBS)):
        vector = [1.0, 0.01 * i, 0.0] if word in NOUNS else [0.0, 0.01 * i, 1.0]
        nlp.vocab.set_vector(word, np.asarray(vector, dtype="float32"))
    return nlp
