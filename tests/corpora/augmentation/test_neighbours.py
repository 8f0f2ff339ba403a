"""Words near others, by vectors and by word pieces."""

from collections import Counter
from random import Random

import numpy as np
from tagged_docs import NOUNS, VERBS, pipeline_with_vectors, tagged_doc

from spacy_distill.corpora.augmentation.neighbours import (
    PieceNeighbours,
    VectorNeighbours,
)
from spacy_distill.corpora.augmentation.passage import Passage
from spacy_distill.words import WordPieces

# Pieces and their angles in degrees. "##" marks the inside of words.
ANGLES = {
    "mill": 0,
    "barn": 10,
    "shed": 20,
    "##s": 0,
    "run": 120,
    "walk": 130,
    "creep": 240,
    ".": 5,
}


def word_pieces():
    angles = np.radians(list(ANGLES.values()))
    return WordPieces(
        surfaces=[piece.removeprefix("##") for piece in ANGLES],
        initial=np.array([not piece.startswith("##") for piece in ANGLES]),
        vectors=np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float16),
        lowercase=True,
        strip_accents=True,
    )


def drawn_for(words, text, n=300):
    token = tagged_doc([text])[0]
    return Counter(words.sample(token, Random(i)) for i in range(n))


def test_neighbours_have_similar_vectors():
    nlp = pipeline_with_vectors()
    words = VectorNeighbours(nlp.vocab)
    doc = nlp("mill sleeps unheard")
    drawn = Counter(words.sample(doc[0], Random(i)) for i in range(500))
    # The verbs come after all nouns; their vectors are nearly at right angles.
    assert {word for word, _ in drawn.most_common(5)} == set(NOUNS) - {"mill"}
    assert None not in drawn
    assert words.sample(doc[2], Random(0)) is None


def test_neighbours_that_are_the_word_or_no_word():
    nlp = pipeline_with_vectors()
    vector = nlp.vocab.get_vector("mill")
    for word in ("Mill", "MILL", ".", "mill race", "Mills"):
        nlp.vocab.set_vector(word, vector)
    words = VectorNeighbours(nlp.vocab)
    doc = nlp("mill Mill")
    assert {words.sample(doc[0], Random(i)) for i in range(100)} <= {*NOUNS, *VERBS}
    # The form with a capital has replacements with one.
    assert {words.sample(doc[1], Random(i)) for i in range(10)} == {"Mills"}


def test_pieces_of_words_of_the_texts():
    words = PieceNeighbours(word_pieces())
    words.add(Passage(tagged_doc(["mill", "mills", "barn", "run", ".", "walk"])))
    # Not "shed", which the texts do not have; "creep" is on the other side.
    assert set(drawn_for(words, "mill")) == {"mills", "barn"}
    assert set(drawn_for(words, "run")) == {"walk"}
    # A word that the texts do not have can be replaced, too.
    assert set(drawn_for(words, "shed")) == {"mill", "mills", "barn"}
    assert set(drawn_for(words, "quay")) == {None}


def test_all_neighbours_are_equally_likely():
    words = PieceNeighbours(word_pieces())
    words.add(Passage(tagged_doc(["mill"] * 50 + ["barn"])))
    numbers = drawn_for(words, "shed", n=1000)
    assert set(numbers) == {"mill", "barn"}
    assert 400 < numbers["barn"] < 600


def test_pieces_keep_capitals():
    words = PieceNeighbours(word_pieces())
    words.add(Passage(tagged_doc(["mill", "Barn", "BARN", "Shed"])))
    assert set(drawn_for(words, "Mill")) == {"Barn", "BARN", "Shed"}
    assert set(drawn_for(words, "shed")) == {"mill"}


def test_words_of_entities_replace_nothing():
    words = PieceNeighbours(word_pieces())
    words.add(Passage(tagged_doc(["mill", "barn"], ents=[(1, 2, "PER")])))
    assert set(drawn_for(words, "shed")) == {"mill"}


def test_no_words():
    assert set(drawn_for(PieceNeighbours(word_pieces()), "mill")) == {None}
