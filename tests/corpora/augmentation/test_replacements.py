"""Where replacements are from, and how often each is drawn."""

from collections import Counter
from random import Random

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from tagged_docs import (
    NOUNS,
    pipeline_with_vectors,
    tagged_doc,
    tagging_pipeline,
)

from spacy_distill.corpora.augmentation.neighbours import (
    PieceNeighbours,
    VectorNeighbours,
)
from spacy_distill.corpora.augmentation.passage import Passage
from spacy_distill.corpora.augmentation.replacements import (
    TaggedWords,
    find_replacements,
)
from spacy_distill.errors import DistillError
from spacy_distill.words import WordPieces

counts = st.dictionaries(
    st.sampled_from(NOUNS), st.integers(1, 5), min_size=2, max_size=len(NOUNS)
)


class Numbers(Random):
    """Gives the numbers 0, 1, 2 ... of a range, each once, to see all that is drawn."""

    def __init__(self):
        super().__init__()
        self.next = 0

    def randrange(self, stop):
        assert stop > 0
        self.next += 1
        self.stop = stop
        return self.next - 1


def table(numbers):
    words = TaggedWords()
    for word, n in numbers.items():
        words.add(Passage(tagged_doc([word] * n)))
    return words


@settings(deadline=None)
@given(counts)
def test_other_words_are_drawn_by_their_counts(numbers):
    words = table(numbers)
    for word in numbers:
        token = tagged_doc([word])[0]
        others = {other: n for other, n in numbers.items() if other != word}
        rng = Numbers()
        drawn = Counter(words.sample(token, rng) for _ in range(sum(others.values())))
        assert rng.stop == sum(others.values())
        assert drawn == others


def test_a_word_that_was_not_counted_has_all_as_replacements():
    token = tagged_doc(["ferry"])[0]
    rng = Numbers()
    words = table({"mill": 3, "cat": 1})
    assert Counter(words.sample(token, rng) for _ in range(4)) == {"mill": 3, "cat": 1}


def test_only_words_of_the_same_kind():
    words = table({"mill": 1, "Road": 1, "runs": 1, "cat": 1})
    # "Road" has no tag here, and a capital.
    nouns = {words.sample(tagged_doc(["mill"])[0], Random(i)) for i in range(20)}
    assert nouns == {"cat"}
    assert words.sample(tagged_doc(["runs"])[0], Random(0)) is None
    assert words.sample(tagged_doc(["Mira"])[0], Random(0)) is None


def test_capitals_are_kept():
    nlp = spacy.blank("en")
    doc = nlp("Cats dogs Mills roads")
    for token in doc:
        token.pos_ = "NOUN"
    words = TaggedWords()
    words.add(Passage(doc))
    assert [words.sample(token, Random(0)) for token in doc] == [
        *("Mills", "roads", "Cats", "dogs")
    ]


def test_words_of_entities_are_not_counted():
    words = TaggedWords()
    words.add(Passage(tagged_doc(["mill", "cat"], ents=[(1, 2, "PER")])))
    assert words.sample(tagged_doc(["dog"])[0], Random(0)) == "mill"
    assert words.sample(tagged_doc(["mill"])[0], Random(0)) is None


def test_a_table_that_grows():
    words = table({"mill": 2, "cat": 1})
    token = tagged_doc(["ferry"])[0]
    assert words.sample(token, Random(0)) in ("mill", "cat")
    words.add(Passage(tagged_doc(["dog"] * 97)))
    drawn = Counter(words.sample(token, Random(i)) for i in range(200))
    assert drawn["dog"] > 180


def test_tags_come_before_vectors():
    nlp = pipeline_with_vectors()
    assert isinstance(find_replacements(nlp("mill"), nlp), VectorNeighbours)
    tagger = tagging_pipeline()
    assert isinstance(find_replacements(tagger("mill"), nlp), TaggedWords)


def test_pieces_come_first():
    pieces = WordPieces(["mill"], np.ones(1, bool), np.ones((1, 2), "e"), True, True)
    tagger = tagging_pipeline()
    found = find_replacements(tagger("mill"), tagger, pieces)
    assert isinstance(found, PieceNeighbours)


def test_neither_tags_nor_vectors():
    nlp = spacy.blank("en")
    with pytest.raises(DistillError, match="with a tokenizer only: choose one such as"):
        find_replacements(nlp("mill"), nlp)
    nlp.add_pipe("sentencizer")
    with pytest.raises(DistillError, match=r"got one \(en\) with sentencizer"):
        find_replacements(nlp("mill"), nlp)
