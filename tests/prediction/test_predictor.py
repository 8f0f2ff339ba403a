"""Predictions of a batch, and what happens to a text that a pipeline fails on."""

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from small import TEXTS, entities, trained
from small_classifiers import by_heart
from spacy.language import Language
from texts_with_categories import CLASSIFIED_TEXTS

from spacy_distill.errors import DistillError
from spacy_distill.prediction import predictor as predictor_module
from spacy_distill.prediction.predictor import PredictionError, Predictor, Result


def test_entities_with_probabilities():
    nlp = trained()
    for text, result in zip(TEXTS, Predictor(nlp).predict(TEXTS)):
        doc = nlp(text)
        found = [(e.start, e.end, e.label) for e in result.entities]
        assert found == [(e.start_char, e.end_char, e.label_) for e in doc.ents]
        scores = [e.score for e in result.entities]
        assert scores == pytest.approx(list(doc.spans["ner"].attrs["scores"]))
        assert [text[e.start : e.end] for e in result.entities] == [
            e.text for e in result.entities
        ]
        assert result.words == len([token for token in doc if not token.is_space])


def test_categories():
    nlp = by_heart()
    predictor = Predictor(nlp)
    assert (predictor.has_entities, predictor.has_categories) == (False, True)
    for text, result in zip(CLASSIFIED_TEXTS, predictor.predict(CLASSIFIED_TEXTS)):
        assert result.entities == []
        assert result.categories == pytest.approx(nlp(text).cats)


def test_entities_of_other_components_have_no_probability():
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "Oslo"}])
    (result,) = Predictor(nlp).predict(["In Oslo."])
    assert [(e.label, e.start, e.end, e.score) for e in result.entities] == [
        ("LOC", 3, 7, None)
    ]


TEXT = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("\r\n\t 🎉é́️‍"),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(TEXT, st.sampled_from(TEXTS)), max_size=4))
def test_any_text_as_by_the_pipeline_itself(texts):
    nlp = trained()
    predictor = Predictor(nlp)
    for text in texts:
        predictor.check(text)
    for text, result in zip(texts, predictor.predict(texts)):
        expected = [
            (e.label_, e.text, e.start_char, e.end_char) for e in nlp(text).ents
        ]
        assert [e[:4] for e in result.entities] == expected
        assert [text[e.start : e.end] for e in result.entities] == [
            e.text for e in result.entities
        ]


def test_texts_that_are_none():
    predictor = Predictor(trained())
    with pytest.raises(DistillError, match="a lone surrogate at character 2"):
        predictor.check("ab\ud800c")
    predictor.nlp.max_length, before = 10, predictor.nlp.max_length
    try:
        with pytest.raises(DistillError, match="at most 10 characters, got 11"):
            predictor.check("a" * 11)
    finally:
        predictor.nlp.max_length = before


@Language.component("fails_on_bombs")
def fails_on_bombs(doc):
    if "bomb" in doc.text:
        raise ValueError("boom")
    return doc


@pytest.mark.parametrize("kept", [0, 20_000])
def test_a_text_that_fails_takes_no_other_with_it(monkeypatch, kept):
    monkeypatch.setattr(predictor_module, "_KEPT_TYPES", kept)
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "LOC", "pattern": "Oslo"}])
    nlp.add_pipe("fails_on_bombs")
    predictor = Predictor(nlp)
    texts = ["In Oslo.", "A bomb.", "Oslo again, with words never seen"]
    first, second, third = predictor.predict(texts)
    assert isinstance(second, PredictionError)
    assert [e.text for e in first.entities] == ["Oslo"]
    assert [e.text for e in third.entities] == ["Oslo"]
    # The vocab is as good as before, and words of a zone are gone with it.
    predictor.close()
    assert ("never" in nlp.vocab.strings) == bool(kept)
    again = predictor.predict(["Oslo, never seen"])
    assert isinstance(again[0], Result)
    assert [e.text for e in again[0].entities] == ["Oslo"]
    assert entities(nlp("In Oslo.")) == [("Oslo", "LOC")]


def test_words_are_dropped_again_and_again(monkeypatch):
    monkeypatch.setattr(predictor_module, "_WORDS_OF_ZONE", 100)
    monkeypatch.setattr(predictor_module, "_KEPT_TYPES", 200)
    nlp = trained()
    predictor, before = Predictor(nlp), len(nlp.vocab.strings)
    sizes = []
    for number in range(60):
        predictor.predict([f"word{number}x{i} went to Paris" for i in range(10)])
        sizes.append(len(nlp.vocab.strings))
    # 2,400 words in all, some with strings of shape or prefix: the first 200 stay,
    # and at most 140 others are there at a time.
    predictor.close()
    kept = len(nlp.vocab.strings)
    assert 200 <= kept - before < 400
    assert max(sizes) - kept < 300
    again = Predictor(nlp).predict(["word0x0 went to Paris"])
    assert [entity.text for entity in again[0].entities] == ["Paris"]
