"""Hashes of n-grams, and the rows that they fall on."""

import numpy as np
import spacy
from spacy.strings import get_string_id
from spacy.tokens import Doc

from spacy_distill.students.ngram_hashes import CharNGrams, buckets_of

NLP = spacy.blank("en")


def test_character_ngrams():
    found = CharNGrams(3, 4).hashes("film")
    expected = ["<fi", "fil", "ilm", "lm>", "<fil", "film", "ilm>"]
    assert found.tolist() == [get_string_id(part) for part in expected]
    assert CharNGrams(3, 5).hashes("").tolist() == []


def test_of_a_long_word_the_beginning_counts():
    chars = CharNGrams(3, 5)
    assert len(chars.hashes("x" * 1_000_000)) == 100 + 99 + 98
    assert (chars.hashes("x" * 99) != chars.hashes("x" * 98 + "y")).any()


def test_buckets_are_used_evenly():
    words = [f"word{i}" for i in range(20_000)]
    doc = Doc(NLP.vocab, words=words)
    counts = np.bincount(buckets_of(doc.to_array("LOWER"), 64), minlength=64)
    assert len(counts) == 64
    assert counts.min() > 0.8 * counts.mean()
    assert counts.max() < 1.2 * counts.mean()
