"""Test that a `spancat` keeps its spans, and the scores of rejected spans."""

import numpy as np
import pytest
import spacy
from spacy.pipeline.spancat import build_preset_spans_suggester
from stock_pipelines import (
    LABELS,
    MARKED,
    TEXTS,
    decoded,
    make_spancat,
    trained_ner,
    triples,
    unmark,
)
from taught import logits_of

from spacy_distill.errors import DistillError
from spacy_distill.tasks.ner.decoding import ScoredSpan
from spacy_distill.tasks.ner.tags import biluo_tags
from spacy_distill.teachers.load import load_teacher
from spacy_distill.teachers.probabilities import resolve_overlaps
from spacy_distill.teachers.spacy_pipelines.span_teachers import SpanCatTeacher

ALL = [*TEXTS, *(unmark(text)[0] for text in MARKED)]
SINGLE = "spancat_singlelabel"
KINDS = [
    ("spancat", {}),
    ("spancat", {"threshold": 0.2}),
    ("spancat", {"threshold": 0.9}),
    ("spancat", {"threshold": 0.0}),
    ("spancat", {"max_positive": 1}),
    (SINGLE, {}),
    (SINGLE, {"allow_overlap": False}),
]


def surest(doc):
    """Return the spans of a Doc after overlaps are resolved."""
    group = doc.spans["sc"]
    scores = np.ravel(group.attrs.get("scores", ()))
    found = [
        ScoredSpan(span.start, span.end, span.label_, float(score))
        for span, score in zip(group, scores)
    ]
    return [tuple(span)[:3] for span in resolve_overlaps(found)]


@pytest.mark.parametrize(("factory", "config"), KINDS)
def test_spans_match_the_pipeline(factory, config):
    nlp = make_spancat(factory, **config)
    teacher = SpanCatTeacher(nlp, "spancat")
    assert set(teacher.task.columns) == set(biluo_tags(LABELS))
    rows = logits_of(teacher, [nlp.make_doc(text) for text in ALL])
    n_spans = 0
    for text, row in zip(ALL, rows):
        expected = surest(nlp(text)) if text else []
        assert row.dtype == np.float32
        assert decoded(row.astype(np.float16), teacher.task.columns) == expected
        n_spans += len(expected)
    assert n_spans > 8


def test_what_overlaps_is_named():
    nlp = make_spancat()
    found = [scores_of(nlp, text) for text in ALL if text]
    # Half of all candidates are more than can stand side by side.
    median = np.median([score for scores in found for score in scores.values()])
    nlp.get_pipe("spancat").cfg["threshold"] = float(median)
    teacher = SpanCatTeacher(nlp, "spancat")
    docs = [nlp.make_doc(text) for text in ALL]
    dropped = [prediction.dropped for prediction in teacher.predict(docs)]
    assert sum(map(len, dropped)) > 5
    for text, spans in zip(ALL, dropped):
        if not text:
            assert spans == ()
            continue
        doc = nlp(text)
        kept = surest(doc)
        gone = [triple for triple in triples(doc.spans["sc"]) if triple not in kept]
        assert [(s.token, s.label) for s in spans] == [(g[0], g[2]) for g in gone]
        for span in spans:
            assert any(
                span.reason == f"overlaps {doc[start:end].text!r} ({label})"
                for start, end, label in kept
            )


def scores_of(nlp, text):
    """Return {(start, end, label): score}, including rejected spans."""
    pipe = nlp.get_pipe("spancat")
    places, scores = pipe.predict([nlp.make_doc(text)])
    return {
        (int(start), int(end), label): float(score)
        for (start, end), row in zip(places.dataXd, scores)
        for label, score in zip(pipe.labels, row)
    }


def set_scores(nlp, *scores):
    """Make the model give these scores to every candidate: one for each label, and
    one for no label if the model has it."""
    layer = output_layer(nlp)
    layer.set_param("W", np.zeros_like(layer.get_param("W")))
    is_softmax = nlp.get_pipe("spancat").add_negative_label
    bias = np.log(scores) if is_softmax else log_odds(np.array(scores))
    layer.set_param("b", bias.astype(np.float32))


def shift_scores(nlp, text, highest):
    """Shift the log-odds of all scores by as much as gives the best candidate in the
    text the score `highest`."""
    layer = output_layer(nlp)
    shift = log_odds(highest) - log_odds(max(scores_of(nlp, text).values()))
    layer.set_param("b", layer.get_param("b") + np.float32(shift))


def output_layer(nlp):
    scorer = nlp.get_pipe("spancat").model.get_ref("scorer")
    (layer,) = (node for node in scorer.walk() if node.has_param("W"))
    return layer


def log_odds(score):
    return np.log(score) - np.log1p(-score)


def test_rejected_spans_count():
    nlp = make_spancat()
    text = "Holt said nothing"
    # A token has eight candidates at most, so "O" is the best tag of each.
    shift_scores(nlp, text, 0.06)
    teacher = SpanCatTeacher(nlp, "spancat")
    (row,) = logits_of(teacher, [nlp.make_doc(text)])
    probabilities = np.exp(row)
    scores = scores_of(nlp, text)
    assert not nlp(text).spans["sc"]
    assert max(scores.values()) == pytest.approx(0.06, abs=1e-3)
    for token in range(3):
        for column, tag in enumerate(teacher.task.columns[1:], start=1):
            # The sum of the scores of all spans that have the tag at the token.
            total = sum(
                score
                for (start, end, label), score in scores.items()
                if start <= token < end and _tag(start, end, label, token) == tag
            )
            assert probabilities[token, column] == pytest.approx(total, abs=2e-3)


def _tag(start, end, label, token):
    if end - start == 1:
        return f"U-{label}"
    return f"{'B' if token == start else 'L' if token == end - 1 else 'I'}-{label}"


def test_threshold_means_even_odds():
    """A single word, so that there is one candidate, whose label has the score s."""
    nlp = make_spancat(suggester={"@misc": "spacy.ngram_suggester.v1", "sizes": [1]})
    pipe = nlp.get_pipe("spancat")
    set_scores(nlp, *(0.4 if label == "PER" else 1e-4 for label in pipe.labels))
    score = scores_of(nlp, "Otto")[0, 1, "PER"]
    assert score == pytest.approx(0.4, abs=1e-3)
    for threshold in (0.1, 0.5, 0.9):
        pipe.cfg["threshold"] = threshold
        teacher = SpanCatTeacher(nlp, "spancat")
        (row,) = logits_of(teacher, [nlp.make_doc("Otto")])
        found = np.exp(row[0, teacher.task.columns.index("U-PER")])
        odds = score / (1 - score) * (1 - threshold) / threshold
        assert found == pytest.approx(odds / (1 + odds), abs=0.01)


def test_single_label_scores_are_probabilities():
    nlp = make_spancat(
        SINGLE, suggester={"@misc": "spacy.ngram_suggester.v1", "sizes": [1]}
    )
    set_scores(nlp, 0.25, 0.625, 0.125)
    teacher = SpanCatTeacher(nlp, "spancat")
    (row,) = logits_of(teacher, [nlp.make_doc("Tarn")])
    scores = scores_of(nlp, "Tarn")
    assert sorted(scores.values()) == pytest.approx([0.25, 0.625], abs=1e-4)
    for (_, _, label), score in scores.items():
        found = np.exp(row[0, teacher.task.columns.index(f"U-{label}")])
        assert found == pytest.approx(score, abs=0.01)


def test_suggestions_of_another_component():
    """Its suggester takes what a ruler has found."""
    nlp = make_spancat()
    nlp.get_pipe("spancat").suggester = build_preset_spans_suggester("ruler")
    set_scores(nlp, 0.1, 0.2)
    ruler = nlp.add_pipe("span_ruler", first=True)
    ruler.add_patterns(
        [{"label": "X", "pattern": "Mira Holt"}, {"label": "X", "pattern": "old mill"}]
    )
    teacher = SpanCatTeacher(nlp, "spancat")
    texts = ["Mira Holt saw the old mill", "nothing", "Old Man Brook"]
    rows = logits_of(teacher, [nlp.make_doc(text) for text in texts])
    inside = [token for token, row in enumerate(rows[0]) if np.exp(row[0]) < 0.995]
    assert inside == [0, 1, 4, 5]
    for row in rows[1:]:
        assert (row.argmax(axis=1) == 0).all()


def test_no_candidates():
    nlp = make_spancat(suggester={"@misc": "spacy.ngram_suggester.v1", "sizes": [4]})
    teacher = SpanCatTeacher(nlp, "spancat")
    for texts in (["Tarn"], ["Tarn", "", "In Tarn nobody knew"], [""], []):
        rows = logits_of(teacher, [nlp.make_doc(text) for text in texts])
        assert [len(row) for row in rows] == [len(text.split()) for text in texts]


def test_pipeline_settings():
    nlp = make_spancat()
    teacher = SpanCatTeacher(nlp, "spancat")
    assert teacher.whole_documents
    assert teacher.word_pieces() is None
    assert teacher.hash == SpanCatTeacher(make_spancat(), "spancat").hash
    other = make_spancat(threshold=0.1)
    assert SpanCatTeacher(other, "spancat").hash != teacher.hash


def test_by_name(tmp_path):
    nlp = make_spancat(SINGLE)
    nlp.to_disk(tmp_path / "my_spans")
    teacher = load_teacher(tmp_path / "my_spans")
    assert isinstance(teacher, SpanCatTeacher)
    assert teacher.name == "my_spans"


def test_not_a_spancat_or_untrained():
    with pytest.raises(DistillError, match="to be a spancat, got a EntityRecognizer"):
        SpanCatTeacher(trained_ner(), "ner")
    nlp = spacy.blank("en")
    nlp.add_pipe("spancat")
    with pytest.raises(DistillError, match="'spancat' has no labels: train it"):
        SpanCatTeacher(nlp, "spancat")
