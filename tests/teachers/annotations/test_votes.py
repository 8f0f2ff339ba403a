import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.tasks.ner.decoding import ScoredSpan
from spacy_distill.tasks.ner.tags import biluo_tags, span_tags
from spacy_distill.teachers.annotations.votes import TokenVote, vote_probabilities

COLUMNS = biluo_tags(["A", "B"])
N_TOKENS = 6


@st.composite
def votes(draw):
    """Draw a vote: spans without overlaps, and tokens with abstention."""
    borders = sorted(draw(st.sets(st.integers(0, N_TOKENS), max_size=N_TOKENS)))
    spans = [
        ScoredSpan(start, end, draw(st.sampled_from("AB")), draw(st.floats(0.0, 1.0)))
        for start, end in zip(borders, borders[1:])
        if draw(st.booleans())
    ]
    silent = draw(st.lists(st.booleans(), min_size=N_TOKENS, max_size=N_TOKENS))
    return TokenVote(draw(st.floats(0.1, 5.0)), spans, np.array(silent))


def by_hand(annotators, certainty):
    """Compute the probabilities token by token and tag by tag."""
    out = np.zeros((N_TOKENS, len(COLUMNS)))
    doubt = (1 - certainty) / certainty
    for i in range(N_TOKENS):
        for column, tag in enumerate(COLUMNS):
            voting = [vote for vote in annotators if not vote.abstains[i]]
            voting = voting or annotators
            said = []
            for _, spans, _ in voting:
                share = 1.0 if tag == "O" else 0.0
                for start, end, label, score in spans:
                    if start <= i < end:
                        here = span_tags(end - start, label)[i - start]
                        share = {here: score, "O": 1 - score}.get(tag, 0.0)
                said.append(share)
            weights = [vote.weight for vote in voting]
            agreed = sum(w * p for w, p in zip(weights, said))
            out[i, column] = (agreed + doubt / len(COLUMNS)) / (sum(weights) + doubt)
    return out


@settings(deadline=None)
@given(st.lists(votes(), min_size=1, max_size=4), st.floats(0.05, 1.0))
def test_matches_reference(annotators, certainty):
    found = vote_probabilities(annotators, COLUMNS, certainty=certainty)
    np.testing.assert_allclose(found, by_hand(annotators, certainty), atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


@settings(deadline=None)
@given(st.lists(votes(), min_size=2, max_size=4), st.randoms())
def test_order_does_not_matter(annotators, rng):
    before = vote_probabilities(annotators, COLUMNS, certainty=0.9)
    rng.shuffle(annotators)
    after = vote_probabilities(annotators, COLUMNS, certainty=0.9)
    np.testing.assert_allclose(before, after)


@settings(deadline=None)
@given(votes(), st.integers(1, 5))
def test_weight_is_number_of_annotators(vote, n):
    heavy = vote._replace(weight=float(n))
    light = vote._replace(weight=1.0)
    one = vote_probabilities([heavy], COLUMNS, certainty=0.8)
    many = vote_probabilities([light] * n, COLUMNS, certainty=0.8)
    np.testing.assert_allclose(one, many)


def unit(n_annotators, certainty):
    """Return the probabilities of one token that all annotators label A."""
    vote = TokenVote(1.0, [ScoredSpan(0, 1, "A", 1.0)], np.array([False]))
    (row,) = vote_probabilities([vote] * n_annotators, COLUMNS, certainty=certainty)
    return row


@pytest.mark.parametrize("certainty", [0.6, 0.95, 1.0])
def test_certainty_of_one_annotator(certainty):
    row = unit(1, certainty)
    spread = (1 - certainty) / len(COLUMNS)
    assert row[COLUMNS.index("U-A")] == pytest.approx(certainty + spread)
    assert np.delete(row, COLUMNS.index("U-A")) == pytest.approx(spread)


def test_agreement_increases_probability():
    sure = [unit(n, 0.9).max() for n in range(1, 30)]
    assert all(a < b < 1 for a, b in zip(sure, sure[1:]))
    assert sure[-1] > 0.995


def test_no_tokens():
    vote = TokenVote(1.0, [], np.zeros(0, dtype=bool))
    assert vote_probabilities([vote], COLUMNS, certainty=0.9).shape == (0, 9)
