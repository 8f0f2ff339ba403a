import pytest
import spacy
from small import TEXTS, entities, scores, trained

from spacy_distill.tasks.ner.from_logits import add_ner_from_logits


def test_logits_are_decoded_as_by_the_component_they_come_from():
    student = trained()
    ner = student.get_pipe("ner")
    nlp = spacy.blank("en")
    added = add_ner_from_logits(nlp, ner.tags, ner.get_logits)
    assert added.tags == ner.tags
    for text in [*TEXTS, "", " Anna \n", "Paris Paris Anna of York City"]:
        own, other = student(text), nlp(text)
        assert entities(other) == entities(own)
        assert scores(other) == pytest.approx(scores(own), abs=1e-6)


def test_entities_that_are_set_stay():
    student = trained()
    ner = student.get_pipe("ner")
    nlp = spacy.blank("en")
    add_ner_from_logits(nlp, ner.tags, ner.get_logits)
    doc = nlp.make_doc(TEXTS[0])
    doc.ents = [doc.char_span(13, 18, label="X")]
    assert entities(nlp(doc)) == [("Anna", "PER"), ("Paris", "X")]


def test_there_is_nothing_to_train():
    ner = trained().get_pipe("ner")
    nlp = spacy.blank("en")
    added = add_ner_from_logits(nlp, ner.tags, ner.get_logits)
    _, backprop = added.model.begin_update([nlp.make_doc("Anna")])
    with pytest.raises(NotImplementedError):
        backprop([])
