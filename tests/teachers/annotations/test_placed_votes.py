import pytest
import spacy
from annotated import CITY, PERSON, TEXT
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.tasks.ner.decoding import ScoredSpan
from spacy_distill.teachers.annotations.files import InvalidSpan, Vote
from spacy_distill.teachers.annotations.votes import lost_entity, place

NLP = spacy.blank("en")
DOC = NLP.make_doc(TEXT)


def vote(*spans, invalid=()):
    return Vote(7, None, [ScoredSpan(*span, 1.0) for span in spans], list(invalid))


def invalid(start, text, reason="is wrong"):
    return InvalidSpan(7, start, text, "X", reason)


def silent_words(placed):
    return [token.text for token, silent in zip(DOC, placed.silent) if silent]


def test_whole_tokens():
    placed = place(DOC, vote(PERSON, CITY))
    assert placed.spans == [(0, 2, "PER", 1.0), (4, 5, "LOC", 1.0)]
    assert placed.invalid == []
    assert silent_words(placed) == []


@pytest.mark.parametrize(
    ("span", "reason", "words"),
    [
        ((0, 7, "X"), "ends inside 'Feld'", ["Mara", "Feld"]),
        ((2, 9, "X"), "begins inside 'Mara'", ["Mara", "Feld"]),
        ((20, 24, "X"), "begins inside 'Lisbon'", ["Lisbon"]),
        ((10, 17, "X"), "ends inside 'to'", ["moved", "to"]),
    ],
)
def test_parts_of_tokens(span, reason, words):
    placed = place(DOC, vote(span))
    assert placed.spans == []
    (wrong,) = placed.invalid
    assert wrong == (7, span[0], TEXT[slice(*span[:2])], "X", reason)
    assert silent_words(placed) == words
    assert lost_entity(DOC, wrong).reason == f"{reason} (line 7)"
    assert DOC[lost_entity(DOC, wrong).token].text == words[0]


def test_nothing_is_said_where_something_is_wrong_but_what_is_right_stays():
    whole = invalid(0, "Mara Feld moved")
    placed = place(DOC, vote((0, 4, "PER"), invalid=[whole]))
    assert placed.spans == [(0, 1, "PER", 1.0)]
    assert placed.invalid == [whole]
    assert silent_words(placed) == ["Feld", "moved"]
    # Of a place that cannot be told, nothing is kept quiet.
    assert silent_words(place(DOC, vote(invalid=[invalid(0, "")]))) == []
    assert silent_words(place(DOC, vote(invalid=[invalid(4, " ")]))) == ["Mara"]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 33), st.integers(1, 12)), max_size=3),
    st.sampled_from([[], [PERSON], [CITY], [(0, 4, "PER"), (10, 15, "X")]]),
)
def test_silent_are_the_tokens_with_a_character_of_a_wrong_span(places, spans):
    wrong = [invalid(start, TEXT[start : start + n]) for start, n in places]
    placed = place(DOC, vote(*spans, invalid=wrong))
    taken = {i for start, end, _, _ in placed.spans for i in range(start, end)}
    characters = {
        i for span in wrong for i in range(span.start, span.start + len(span.text))
    }
    # A space is reckoned to the word before it.
    expected = [
        token.i
        for token in DOC
        if characters & set(range(token.idx, token.idx + len(token.text_with_ws)))
        and token.i not in taken
    ]
    assert placed.silent.nonzero()[0].tolist() == expected


def test_an_empty_doc():
    placed = place(NLP.make_doc(""), vote(invalid=[invalid(0, "")]))
    assert len(placed.silent) == 0
    assert lost_entity(NLP.make_doc(""), invalid(0, "")).token == 0
