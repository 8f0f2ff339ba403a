"""Entities that are set before the component runs, and the rules all entities obey."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small import OUTPUTS, TEXTS, entities, gold_of, make_nlp, scores, trained
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import fix_random_seed


@pytest.mark.parametrize("output", OUTPUTS)
def test_presets_stay_as_they_are(output):
    nlp = trained(output=output)
    doc = nlp.make_doc("Bob Smith likes New York City")
    doc.set_ents(
        [Span(doc, 1, 4, label="PER", kb_id="Q42", span_id="one")],
        blocked=[doc[5:6]],
        default="missing",
    )
    doc = nlp(doc)
    preset = doc.ents[0] if len(doc.ents) == 1 else doc.ents[1]
    assert (preset.start, preset.end, preset.label_) == (1, 4, "PER")
    assert (preset.kb_id_, preset.id_) == ("Q42", "one")
    assert all(ent.end <= 5 for ent in doc.ents)
    assert doc[5].ent_iob_ == "B" or doc[5].ent_iob == 3
    assert doc[5].ent_type == 0
    group = doc.spans["ner"]
    assert [(s.start, s.end, s.label_) for s in group] == [
        (e.start, e.end, e.label_) for e in doc.ents
    ]
    assert scores(doc)[list(doc.ents).index(preset)] == 1.0


@pytest.mark.parametrize("output", OUTPUTS)
def test_presets_with_labels_the_component_does_not_know(output):
    nlp = trained(output=output)
    doc = nlp.make_doc(TEXTS[0])
    doc.set_ents(
        [Span(doc, 4, 5, "DATE", kb_id="K"), Span(doc, 1, 2, "ORG")], default="missing"
    )
    doc = nlp(doc)
    assert entities(doc) == [
        ("Anna", "PER"),
        ("went", "ORG"),
        ("Paris", "LOC"),
        (".", "DATE"),
    ]
    assert doc.ents[3].kb_id_ == "K"
    assert scores(doc)[1] == scores(doc)[3] == 1.0


@pytest.mark.parametrize("output", OUTPUTS)
def test_tokens_set_to_outside_are_open(output):
    # What another component or an earlier run left out may be found now.
    nlp = trained(output=output)
    doc = nlp.make_doc(TEXTS[0])
    doc.set_ents([], default="outside")
    assert entities(nlp(doc)) == gold_of(0)
    assert entities(nlp.get_pipe("ner")(doc)) == gold_of(0)


def test_after_an_entity_ruler():
    nlp = trained()
    ruler = nlp.add_pipe("entity_ruler", before="ner")
    ruler.add_patterns([{"label": "THING", "pattern": "likes New", "id": "x"}])
    doc = nlp(TEXTS[1])
    assert ("likes New", "THING") in entities(doc)
    assert doc.ents[1].ent_id_ == "x"
    assert ("Bob Smith", "PER") in entities(doc)


def test_all_tokens_preset():
    nlp = trained(output="crf")
    doc = nlp.make_doc("Anna Smith")
    doc.set_ents([Span(doc, 0, 1, "LOC"), Span(doc, 1, 2, "ORG")])
    assert entities(nlp(doc)) == [("Anna", "LOC"), ("Smith", "ORG")]


def test_without_a_spans_key():
    nlp = make_nlp(spans_key=None)
    doc = nlp.make_doc("Anna")
    nlp.initialize(lambda: [Example.from_dict(doc, {"entities": ["U-PER"]})])
    assert not nlp("Anna").spans


def make_wild(output):
    """A student with weights at random, which finds entities everywhere."""
    fix_random_seed(1)
    nlp = make_nlp(output=output)
    doc = nlp.make_doc("a b c d")
    gold = {"entities": ["U-PER", "U-LOC", "B-ORG", "L-ORG"]}
    nlp.initialize(lambda: [Example.from_dict(doc, gold)])
    ner = nlp.get_pipe("ner")
    rng = np.random.default_rng(0)
    for node in ner.model.walk():
        for name in node.param_names:
            if node.name != "student_encoder":
                shape = node.get_param(name).shape
                node.set_param(name, rng.normal(size=shape).astype(np.float32) * 3)
    return nlp


WILD = {output: make_wild(output) for output in OUTPUTS}


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.lists(
            st.sampled_from(["a", "b", "c", "D", "é", " ", "\n", "\t\t"]), max_size=9
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(OUTPUTS),
    st.integers(0, 2**32 - 1),
)
def test_entities_are_whole_and_begin_and_end_with_words(words, output, seed):
    nlp = WILD[output]
    rng = np.random.default_rng(seed)
    docs = []
    for some in words:
        doc = Doc(nlp.vocab, words=some)
        starts = [i for i in range(len(some)) if rng.random() < 0.15]
        labels = rng.choice(["PER", "NEW"], size=len(starts)).tolist()
        presets = [Span(doc, i, i + 1, label) for i, label in zip(starts, labels)]
        if presets:
            doc.set_ents(presets, default="missing")
        docs.append(doc)
    before = [[(e.start, e.end, e.label_) for e in doc.ents] for doc in docs]
    for doc, presets in zip(nlp.pipe(docs), before):
        found = [(e.start, e.end, e.label_) for e in doc.ents]
        assert set(presets) <= set(found)
        for ent in doc.ents:
            if (ent.start, ent.end, ent.label_) not in presets:
                assert not ent[0].is_space
                assert not ent[-1].is_space
                assert ent.label_ in ("PER", "LOC", "ORG")
        assert all(token.ent_iob in (1, 2, 3) for token in doc)
        again = Doc(nlp.vocab).from_bytes(doc.to_bytes())
        assert [(e.start, e.end, e.label_) for e in again.ents] == found
        np.testing.assert_array_equal(scores(again), scores(doc))
