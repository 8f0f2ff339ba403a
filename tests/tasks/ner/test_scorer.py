import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from small import make_examples, trained
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example

from spacy_distill.tasks.ner.task import (
    compact_ner_score,
    compact_ner_scorer_v1,
    entity_outcomes,
    expected_calibration_error,
)

NLP = spacy.blank("en")
WORDS = ["Anna", "of", "Rome", "and", "Oslo"]


def make(predicted, gold):
    """predicted: (start, end, label, probability). gold: BILUO tags, or None."""
    doc = Doc(NLP.vocab, words=WORDS)
    spans = [Span(doc, *span[:3]) for span in predicted]
    doc.set_ents(spans)
    attrs = {"scores": np.array([span[3] for span in predicted], dtype=np.float32)}
    doc.spans["ner"] = SpanGroup(doc, name="ner", spans=spans, attrs=attrs)
    reference = Doc(NLP.vocab, words=WORDS)
    if gold is not None:
        reference = Example.from_dict(reference, {"entities": gold}).reference
    return Example(doc, reference)


EXAMPLES = [
    # Right, at 0.95; right, at 0.65; a wrong label, at 0.61.
    make(
        [(0, 1, "PER", 0.95), (2, 3, "LOC", 0.65), (4, 5, "PER", 0.61)],
        ["U-PER", "O", "U-LOC", "O", "U-LOC"],
    ),
    # A wrong edge, at 0.99.
    make([(0, 2, "PER", 0.99)], ["U-PER", "O", "O", "O", "O"]),
    # Nothing is known of what is right here.
    make([(0, 1, "PER", 0.3)], None),
]


def test_outcomes():
    p, right = entity_outcomes(EXAMPLES, "ner")
    assert p == pytest.approx([0.95, 0.65, 0.61, 0.99])
    assert right == [True, True, False, False]
    assert entity_outcomes(EXAMPLES, "other") == ([], [])


def test_by_hand():
    # Bin [0.6, 0.7): mean probability 0.63, accuracy 1/2. Bin [0.9, 1]: 0.97 and 1/2.
    expected = 2 / 4 * (0.63 - 0.5) + 2 / 4 * (0.97 - 0.5)
    scores = compact_ner_score(EXAMPLES, spans_key="ner")
    assert scores["ents_ece"] == pytest.approx(expected, abs=1e-6)
    assert scores["ents_p"] == pytest.approx(2 / 4)
    assert scores["ents_r"] == pytest.approx(2 / 4)
    assert scores["ents_f"] == pytest.approx(2 / 4)
    assert set(scores["ents_per_type"]) == {"PER", "LOC"}


def test_without_spans():
    assert "ents_ece" not in compact_ner_score(EXAMPLES)
    assert "ents_ece" not in compact_ner_score(EXAMPLES, spans_key=None)
    assert compact_ner_score([make([], None)], spans_key="ner")["ents_ece"] is None
    assert compact_ner_scorer_v1() is compact_ner_score


def test_extremes():
    assert expected_calibration_error([], []) is None
    assert expected_calibration_error([1.0, 1.0], [True, True]) == 0.0
    assert expected_calibration_error([1.0], [False]) == 1.0
    assert expected_calibration_error([0.0], [False]) == 0.0


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1), st.integers(1, 20)
)
def test_against_a_loop_over_bins(outcomes, n_bins):
    p, right = (list(part) for part in zip(*outcomes))
    total = 0.0
    for i in range(n_bins):
        inside = [k for k in range(len(p)) if min(int(p[k] * n_bins), n_bins - 1) == i]
        if inside:
            confidence = np.mean([p[k] for k in inside])
            accuracy = np.mean([right[k] for k in inside])
            total += len(inside) / len(p) * abs(confidence - accuracy)
    found = expected_calibration_error(p, right, n_bins)
    assert found == pytest.approx(total, abs=1e-9)


def test_in_evaluation():
    nlp = trained()
    scores = nlp.evaluate(make_examples(nlp))
    assert scores["ents_f"] == 1.0
    assert 0.0 <= scores["ents_ece"] < 0.5
