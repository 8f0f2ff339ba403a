import pytest
import spacy
from annotated import CITY, PERSON, TEXT
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.corpora.formats.spans import InvalidSpan
from spacy_distill.tasks.ner.decoding import ScoredSpan
from spacy_distill.teachers.annotations.files import Vote
from spacy_distill.teachers.annotations.votes import align_vote, dropped_span

NLP = spacy.blank("en")
DOC = NLP.make_doc(TEXT)


def vote(*spans, invalid=()):
    return Vote(
        "line 7", None, [ScoredSpan(*span, 1.0) for span in spans], list(invalid)
    )


def invalid(start, text, reason="is wrong"):
    return InvalidSpan("line 7", start, text, "X", reason)


def abstained_words(aligned):
    return [token.text for token, silent in zip(DOC, aligned.unknown) if silent]


def test_whole_tokens():
    aligned = align_vote(DOC, vote(PERSON, CITY))
    assert aligned.spans == [(0, 2, "PER", 1.0), (4, 5, "LOC", 1.0)]
    assert aligned.invalid == []
    assert abstained_words(aligned) == []


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
    aligned = align_vote(DOC, vote(span))
    assert aligned.spans == []
    (wrong,) = aligned.invalid
    assert wrong == ("line 7", span[0], TEXT[slice(*span[:2])], "X", reason)
    assert abstained_words(aligned) == words
    assert dropped_span(DOC, wrong).reason == f"{reason} (line 7)"
    assert DOC[dropped_span(DOC, wrong).token].text == words[0]


def test_abstention_on_invalid_spans():
    whole = invalid(0, "Mara Feld moved")
    aligned = align_vote(DOC, vote((0, 4, "PER"), invalid=[whole]))
    assert aligned.spans == [(0, 1, "PER", 1.0)]
    assert aligned.invalid == [whole]
    assert abstained_words(aligned) == ["Feld", "moved"]
    # A span without a known position has no tokens.
    assert abstained_words(align_vote(DOC, vote(invalid=[invalid(0, "")]))) == []
    assert abstained_words(align_vote(DOC, vote(invalid=[invalid(4, " ")]))) == ["Mara"]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 33), st.integers(1, 12)), max_size=3),
    st.sampled_from([[], [PERSON], [CITY], [(0, 4, "PER"), (10, 15, "X")]]),
)
def test_abstention_covers_tokens_of_invalid_spans(places, spans):
    wrong = [invalid(start, TEXT[start : start + n]) for start, n in places]
    aligned = align_vote(DOC, vote(*spans, invalid=wrong))
    taken = {i for start, end, _, _ in aligned.spans for i in range(start, end)}
    characters = {
        i for span in wrong for i in range(span.start, span.start + len(span.text))
    }
    # A space belongs to the token before it.
    expected = [
        token.i
        for token in DOC
        if characters & set(range(token.idx, token.idx + len(token.text_with_ws)))
        and token.i not in taken
    ]
    assert aligned.unknown.nonzero()[0].tolist() == expected


def test_an_empty_doc():
    aligned = align_vote(NLP.make_doc(""), vote(invalid=[invalid(0, "")]))
    assert len(aligned.unknown) == 0
    assert dropped_span(NLP.make_doc(""), invalid(0, "")).token == 0
