import pickle
from collections import Counter

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_distill.errors import DistillError
from spacy_distill.students.lexicon.matching import Lexicon, Match

VOCAB = spacy.blank("xx").vocab
PARTS = st.text(alphabet="ab京", min_size=1, max_size=3)
DOCS = st.lists(st.tuples(PARTS | st.just(" "), st.booleans()), max_size=8)
LEXICONS = st.lists(
    st.text(alphabet="ab京 ", min_size=1, max_size=5).filter(str.strip),
    min_size=1,
    max_size=8,
    unique=True,
)


def make_doc(tokens):
    words, spaces = zip(*tokens) if tokens else ((), ())
    return Doc(VOCAB, words=list(words), spaces=list(spaces))


def by_brute_force(words, text):
    """Every range of tokens, compared with every word."""
    return [
        Match(start, end, words.index(text[start:end].text))
        for start in range(len(text))
        for end in range(start + 1, len(text) + 1)
        if text[start:end].text in words
    ]


@given(tokens=DOCS, words=LEXICONS)
def test_finds_what_comparing_all_ranges_finds(tokens, words):
    doc = make_doc(tokens)
    assert Lexicon(words).find(doc) == by_brute_force(words, doc)


@given(tokens=DOCS.filter(bool), words=LEXICONS, data=st.data())
def test_tokens_of_a_span_are_counted_from_its_first(tokens, words, data):
    doc = make_doc(tokens)
    start = data.draw(st.integers(0, len(doc) - 1))
    end = data.draw(st.integers(start + 1, len(doc)))
    span = doc[start:end]
    assert Lexicon(words).find(span) == by_brute_force(words, span)


@given(tokens=DOCS, words=LEXICONS, max_words=st.integers(1, 3))
def test_a_token_has_the_longest_words_that_cover_it(tokens, words, max_words):
    doc = make_doc(tokens)
    found = Lexicon(words).words_of_tokens(doc, max_words=max_words)
    assert found.shape == (len(doc), max_words)
    matches = by_brute_force(words, doc)
    for i, row in enumerate(found.tolist()):
        covering = {m.word for m in matches if m.start <= i < m.end}
        n = min(len(covering), max_words)
        assert row[n:] == [0] * (max_words - n)
        kept = [words[number - 1] for number in row[:n]]
        assert {words.index(word) for word in kept} <= covering
        lengths = sorted((len(words[w]) for w in covering), reverse=True)
        assert [len(word) for word in kept] == lengths[:n]
        assert max(Counter(kept).values(), default=1) == 1


@given(tokens=DOCS, words=LEXICONS, data=st.data())
def test_a_piece_has_the_words_that_share_a_character_with_it(tokens, words, data):
    doc = make_doc(tokens)
    borders = st.lists(st.integers(0, len(doc.text)), max_size=6).map(sorted)
    cuts = data.draw(borders)
    pieces = [(a, b) for a, b in zip(cuts, cuts[1:]) if a < b]
    found = Lexicon(words).words_of_pieces(
        doc, np.array(pieces, dtype=np.int64).reshape(-1, 2), max_words=9
    )
    places = [
        (doc[m.start].idx, doc[m.end - 1].idx + len(doc[m.end - 1]), m.word)
        for m in by_brute_force(words, doc)
    ]
    for (start, end), row in zip(pieces, found.tolist()):
        expected = {w for first, last, w in places if first < end and start < last}
        assert {number - 1 for number in row if number} == expected


def test_pieces_of_one_token_have_its_words():
    doc = spacy.blank("zh")("南京市长")
    lexicon = Lexicon(["南京", "市长", "南京市"])
    of_tokens = lexicon.words_of_tokens(doc, max_words=2)
    pieces = np.array([[i, i + 1] for i in range(4)])
    of_pieces = lexicon.words_of_pieces(doc, pieces, max_words=2)
    np.testing.assert_array_equal(of_pieces, of_tokens)
    # A piece of two tokens has those of both.
    both = lexicon.words_of_pieces(doc, np.array([[0, 2], [2, 4]]), max_words=2)
    assert both.tolist() == [[3, 1], [3, 2]]


def test_chinese_characters_and_english_names():
    zh = spacy.blank("zh")
    lexicon = Lexicon(["南京", "南京市", "市长", "长江", "长江大桥", "大桥"])
    found = lexicon.find(zh("南京市长江大桥"))
    assert [(m.start, m.end, lexicon.words[m.word]) for m in found] == [
        (0, 2, "南京"),
        (0, 3, "南京市"),
        (2, 4, "市长"),
        (3, 5, "长江"),
        (3, 7, "长江大桥"),
        (5, 7, "大桥"),
    ]
    en = spacy.blank("en")
    doc = en("Ann saw New York, not newYork or New  York.")
    assert Lexicon(["New York", "York", "An"]).find(doc) == [
        Match(2, 4, 0),
        Match(3, 4, 1),
        Match(10, 11, 1),
    ]


def test_of_equally_long_words_those_that_begin_first():
    doc = spacy.blank("zh")("甲乙丙")
    lexicon = Lexicon(["乙丙", "甲乙", "乙"])
    assert lexicon.words_of_tokens(doc, max_words=2).tolist() == [
        [2, 0],
        [2, 1],
        [1, 0],
    ]


def test_a_word_that_covers_a_token_twice_counts_once():
    doc = spacy.blank("zh")("哈哈哈")
    words = Lexicon(["哈哈"]).words_of_tokens(doc, max_words=3)
    np.testing.assert_array_equal(words, [[1, 0, 0]] * 3)


def test_a_very_long_word_can_be_pickled():
    lexicon = Lexicon(["ab" * 5000])
    doc = Doc(VOCAB, words=["ab"] * 5000, spaces=[False] * 5000)
    assert pickle.loads(pickle.dumps(lexicon)).find(doc) == [Match(0, 5000, 0)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Expected words of a lexicon, got none: add some"),
        (["a", ""], "got '' as number 1: remove it"),
        (["a", " "], "got ' ' as number 1: remove it"),
        (["a", "b", "a"], "Expected words that differ, got 'a' twice: remove one"),
    ],
)
def test_words_that_are_none(words, message):
    with pytest.raises(DistillError, match=message):
        Lexicon(words)
