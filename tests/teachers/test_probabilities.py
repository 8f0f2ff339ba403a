import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stock_pipelines import decoded

from spacy_distill.errors import DistillError
from spacy_distill.tasks.ner.decoding import ScoredSpan
from spacy_distill.tasks.ner.tags import biluo_tags
from spacy_distill.teachers.probabilities import (
    FLOOR,
    MARGIN,
    favor,
    log_probabilities,
    resolve_overlaps,
    span_columns,
    tag_probabilities,
)

LABELS = ("LOC", "PER")
COLUMNS = biluo_tags(LABELS)
N_TOKENS = 12


SCORES = st.floats(0, 1)


@st.composite
def spans(draw, scores=SCORES):
    """Draw a span of a Doc with N_TOKENS. Spans may overlap."""
    start = draw(st.integers(0, N_TOKENS - 1))
    end = draw(st.integers(start + 1, min(N_TOKENS, start + 5)))
    label = draw(st.sampled_from(LABELS))
    return ScoredSpan(start, end, label, draw(scores))


@st.composite
def valid_paths(draw):
    """Draw a valid path and its entities."""
    kept = resolve_overlaps(draw(st.lists(spans(), max_size=6)))
    return span_columns(N_TOKENS, kept, COLUMNS), [tuple(span)[:3] for span in kept]


def overlap(a, b):
    return a.start < b.end and b.start < a.end


def stored(probabilities):
    return log_probabilities(probabilities).astype(np.float16)


# Not close to 0.5, since logits are rounded to float16.
SURE = st.one_of(st.floats(0, 0.49), st.floats(0.51, 1))


@settings(deadline=None)
@given(st.lists(spans(SURE), max_size=8))
def test_resolved_spans_above_half_are_decoded(found):
    kept = resolve_overlaps(found)
    rows = tag_probabilities(N_TOKENS, kept, COLUMNS)
    np.testing.assert_allclose(rows.sum(axis=1), 1)
    expected = [tuple(span)[:3] for span in kept if span.score > 0.5]
    assert decoded(stored(rows), COLUMNS) == expected


@settings(deadline=None)
@given(st.lists(spans(), max_size=8))
def test_overlaps(found):
    kept = resolve_overlaps(found)
    assert kept == sorted(kept)
    assert not any(overlap(a, b) for i, a in enumerate(kept) for b in kept[i + 1 :])
    for span in found:
        if span not in kept:
            others = [other for other in kept if overlap(span, other)]
            assert max(other.score for other in others) >= span.score


def test_ties_of_overlapping_spans():
    short = ScoredSpan(0, 2, "LOC", 0.9)
    long = ScoredSpan(1, 4, "PER", 0.9)
    assert resolve_overlaps([short, long]) == [long]
    first, second = ScoredSpan(0, 2, "LOC", 0.9), ScoredSpan(1, 3, "LOC", 0.9)
    assert resolve_overlaps([second, first]) == [first]
    surer = ScoredSpan(3, 4, "LOC", 0.91)
    assert resolve_overlaps([long, surer, short]) == [short, surer]


@settings(deadline=None)
@given(st.lists(spans(), max_size=8))
def test_overlapping_scores_are_shared(found):
    rows = tag_probabilities(N_TOKENS, found, COLUMNS)
    np.testing.assert_allclose(rows.sum(axis=1), 1)
    for token, row in enumerate(rows):
        touching = [span for span in found if span.start <= token < span.end]
        total = sum(span.score for span in touching)
        assert row[0] == pytest.approx(max(0.0, 1.0 - total))


def test_scores_are_added_to_tags():
    found = [ScoredSpan(0, 3, "LOC", 0.6), ScoredSpan(2, 3, "PER", 0.3)]
    rows = tag_probabilities(4, found, COLUMNS)
    expected = np.zeros((4, len(COLUMNS)))
    expected[0, COLUMNS.index("B-LOC")] = expected[1, COLUMNS.index("I-LOC")] = 0.6
    expected[2, COLUMNS.index("L-LOC")], expected[2, COLUMNS.index("U-PER")] = 0.6, 0.3
    expected[:, 0] = [0.4, 0.4, 0.1, 1.0]
    np.testing.assert_allclose(rows, expected)


@pytest.mark.parametrize("score", [-0.1, 1.01, float("nan")])
def test_scores_out_of_range(score):
    with pytest.raises(DistillError, match="from 0 to 1, got .* for 'LOC'"):
        tag_probabilities(3, [ScoredSpan(0, 1, "LOC", score)], COLUMNS)


def test_label_without_tags():
    with pytest.raises(DistillError, match="teacher's labels, got 'ORG'"):
        tag_probabilities(3, [ScoredSpan(0, 1, "ORG", 0.5)], COLUMNS)


ROWS = st.lists(
    st.lists(st.floats(0, 1), min_size=len(COLUMNS), max_size=len(COLUMNS)),
    min_size=N_TOKENS,
    max_size=N_TOKENS,
).map(np.array)


@settings(deadline=None)
@given(ROWS)
def test_log_probabilities(weights):
    logits = log_probabilities(weights)
    assert logits.dtype == np.float32
    np.testing.assert_allclose(np.exp(logits).sum(axis=1), 1, rtol=1e-5)
    assert np.exp(logits).min() >= FLOOR / (1 + FLOOR * len(COLUMNS)) * 0.999
    # The proportions of probabilities above the floor do not change.
    for row, log_row in zip(weights, logits):
        above = row > FLOOR * row.sum()
        if above.any():
            shares = np.exp(log_row[above].astype(float)) / row[above]
            np.testing.assert_allclose(shares, shares[0], rtol=1e-4)


def test_log_probabilities_of_nothing():
    assert log_probabilities(np.zeros((0, 3))).shape == (0, 3)
    even = log_probabilities(np.zeros((1, 4)))
    np.testing.assert_allclose(np.exp(even), 0.25)


@settings(deadline=None)
@given(ROWS, valid_paths())
def test_favored_path_is_decoded(weights, decided):
    path, entities = decided
    total = weights.sum(axis=1, keepdims=True)
    rows = np.where(total > 0, weights / np.maximum(total, 1e-9), 1 / len(COLUMNS))
    rows /= rows.sum(axis=1, keepdims=True)
    out = favor(rows, path)
    np.testing.assert_allclose(out.sum(axis=1), 1)
    assert decoded(stored(out), COLUMNS) == entities
    places = np.arange(N_TOKENS)
    others = out.copy()
    others[places, path] = 0.0
    lead = out[places, path] - others.max(axis=1)
    assert (lead > MARGIN * 0.999).all()
    # Rows with a sufficient margin do not change; others have exactly the margin.
    before = rows.copy()
    before[places, path] = 0.0
    led = rows[places, path] - before.max(axis=1) >= MARGIN
    np.testing.assert_array_equal(out[led], rows[led])
    np.testing.assert_allclose(lead[~led], MARGIN, rtol=1e-6)


def test_columns_of_spans():
    found = [ScoredSpan(1, 4, "PER", 1.0), ScoredSpan(4, 5, "LOC", 1.0)]
    tags = [COLUMNS[column] for column in span_columns(6, found, COLUMNS)]
    assert tags == ["O", "B-PER", "I-PER", "L-PER", "U-LOC", "O"]
    assert span_columns(0, [], COLUMNS).shape == (0,)
