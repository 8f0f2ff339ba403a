"""Span groups of entities when components behind ours merge or split tokens."""

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from small import SENTENCES, make_examples, make_nlp, trained
from spacy.language import Language
from spacy.tokens import Doc, DocBin, SpanGroup

from spacy_distill.tasks.ner.annotations import set_entities
from spacy_distill.tasks.ner.decoding import ScoredSpan

pytestmark = pytest.mark.usefixtures("both_ways")

NLP = spacy.blank("en")
WORDS = ["Ingrid", "Solheim", "of", "Fjordkraft", "Shipping", "met"]
WORDS += ["Mara", "Feld", "in", "Oslo"]
FOUND = [
    ScoredSpan(0, 2, "PER", 0.9),
    ScoredSpan(3, 5, "ORG", 0.8),
    ScoredSpan(6, 8, "PER", 0.7),
    ScoredSpan(9, 10, "LOC", 0.6),
]
ALL = [
    ("Ingrid Solheim", "PER", 0.9),
    ("Fjordkraft Shipping", "ORG", 0.8),
    ("Mara Feld", "PER", 0.7),
    ("Oslo", "LOC", 0.6),
]


def make():
    doc = Doc(NLP.vocab, words=WORDS)
    set_entities(doc, FOUND, "ner")
    return doc


def merge(doc, *bounds):
    with doc.retokenize() as retokenizer:
        for start, end in bounds:
            retokenizer.merge(doc[start:end])
    return doc


def content(doc):
    group = doc.spans["ner"]
    scores = [round(float(score), 3) for score in group.attrs["scores"]]
    assert len(group) == len(scores)
    assert [group[i].text for i in range(len(group))] == [span.text for span in group]
    return [(s.text, s.label_, p) for s, p in zip(group, scores)]


def copies(doc):
    """What spaCy makes of a Doc: each with all of its spans."""
    vocab = doc.vocab
    yield doc.copy()
    yield Doc(vocab).from_bytes(doc.to_bytes())
    (read,) = DocBin().from_bytes(DocBin(docs=[doc]).to_bytes()).get_docs(vocab)
    yield read


def test_merged_entities():
    doc = merge(make(), (0, 2), (3, 5), (6, 8))
    assert len(doc) == len(WORDS) - 3
    assert content(doc) == ALL
    assert [(s.start, s.end) for s in doc.spans["ner"]] == [
        (0, 1),
        (2, 3),
        (4, 5),
        (6, 7),
    ]
    for copy in copies(doc):
        assert content(copy) == ALL
    json = doc.to_json()
    assert [s["label"] for s in json["spans"]["ner"]] == [label for _, label, _ in ALL]
    both = Doc.from_docs([doc, make()])
    assert [span.text for span in both.spans["ner"]] == [text for text, _, _ in ALL] * 2


def test_an_entity_within_a_merged_token_is_left_out_with_its_score():
    doc = merge(make(), (2, 5), (5, 8))
    assert content(doc) == [ALL[0], ALL[3]]
    for copy in copies(doc):
        assert content(copy) == [ALL[0], ALL[3]]


def test_scores_are_those_of_the_spans_that_are_left():
    doc = merge(make(), (2, 5))
    group = doc.spans["ner"]
    # Read before the spans are.
    np.testing.assert_allclose(group.attrs["scores"], [0.9, 0.7, 0.6])
    assert group.attrs["scores"].dtype == np.float32
    assert not group.has_overlap


def test_split_tokens():
    doc = make()
    with doc.retokenize() as retokenizer:
        retokenizer.split(doc[0], ["Ing", "rid"], heads=[doc[0], doc[0]])
        retokenizer.split(doc[9], ["O", "slo"], heads=[doc[9], doc[9]])
    assert content(doc) == ALL


def test_as_many_tokens_as_before():
    doc = make()
    with doc.retokenize() as retokenizer:
        retokenizer.split(doc[5], ["m", "et"], heads=[doc[5], doc[5]])
        retokenizer.merge(doc[2:4])
    assert len(doc) == len(WORDS)
    assert content(doc) == [ALL[0], ALL[2], ALL[3]]


def test_without_retokenizing_it_is_a_span_group_as_any():
    doc = make()
    group = doc.spans["ner"]
    assert isinstance(group, SpanGroup)
    assert content(doc) == ALL
    assert group.name == "ner"
    assert group[-1].text == "Oslo"
    with pytest.raises(IndexError):
        group[4]
    group.append(doc[2:3])
    assert [span.text for span in group][-1] == "of"
    group.attrs = {"scores": np.ones(5)}
    assert doc.copy().spans["ner"].attrs["scores"].tolist() == [1.0] * 5
    assert [span.text for span in group + group] == [span.text for span in group] * 2
    group = doc.spans["ner"] = SpanGroup(doc, spans=[doc[0:1]])
    assert content_of_plain(group) == ["Ingrid"]


def content_of_plain(group):
    return [span.text for span in group]


def test_without_its_doc_it_has_what_a_span_group_has():
    group = make().spans["ner"]
    assert len(group) == len(group.attrs["scores"]) == 4
    assert group.to_bytes()
    with pytest.raises(RuntimeError, match="E865"):
        list(group)


def test_a_copy_survives_too():
    copy = make().copy()
    assert content(merge(copy, (0, 2), (2, 5))) == [ALL[0], ALL[2], ALL[3]]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, len(WORDS)), min_size=1, max_size=6), st.booleans())
def test_what_is_left_is_right(cuts, read_between):
    doc = make()
    before = {(s.start_char, s.end_char): s.label_ for s in doc.spans["ner"]}
    bounds = sorted({*cuts})
    spans = [(a, b) for a, b in zip(bounds, bounds[1:]) if b > a]
    half = len(spans) // 2
    for some in (spans[half:], spans[:half]):
        merge(doc, *some)
        if read_between:
            list(doc.spans["ner"])
    borders = {t.idx for t in doc} | {t.idx + len(t) for t in doc}
    expected = {key: label for key, label in before.items() if borders >= {*key}}
    found = {(s.start_char, s.end_char): s.label_ for s in doc.spans["ner"]}
    assert found == expected
    for span, score in zip(doc.spans["ner"], doc.spans["ner"].attrs["scores"]):
        assert span.text == doc.text[span.start_char : span.end_char]
        assert round(float(score), 3) in {p for text, _, p in ALL if text == span.text}


@Language.component("merge_first_two")
def merge_first_two(doc):
    return merge(doc, (0, 2)) if len(doc) > 2 else doc


@pytest.mark.parametrize("component", ["merge_entities", "merge_first_two"])
def test_in_a_pipeline(component):
    nlp = trained()
    nlp.add_pipe(component)
    texts = [text for text, _ in SENTENCES] * 2
    docs = list(nlp.pipe(texts))
    assert any(len(doc) != len(nlp.make_doc(doc.text)) for doc in docs)
    if component == "merge_entities":
        for doc in docs:
            assert content_of_plain(doc.spans["ner"]) == [e.text for e in doc.ents]
    scores = nlp.evaluate(make_examples(nlp))
    assert scores["ents_f"] > (0.99 if component == "merge_entities" else 0.5)
    assert scores["ents_ece"] < 0.5
    for one, other in zip(docs, nlp.pipe(texts, n_process=2, batch_size=4)):
        assert content(other) == content(one)


def test_the_key_can_be_changed_when_a_pipeline_is_loaded(tmp_path):
    nlp = trained()
    nlp.add_pipe("merge_entities")
    nlp.to_disk(tmp_path / "model")
    text = SENTENCES[1][0]
    for key in (None, "other"):
        config = {"components.ner.spans_key": key}
        again = spacy.load(tmp_path / "model", config=config)
        doc = again(text)
        assert len(doc.ents) == 2
        assert list(doc.spans) == ([] if key is None else [key])
        assert "ents_f" in again.evaluate(make_examples(again))
        # The setting is saved with the pipeline.
        again.to_disk(tmp_path / str(key))
        assert list(spacy.load(tmp_path / str(key))(text).spans) == list(doc.spans)
    assert list(spacy.load(tmp_path / "model")(text).spans) == ["ner"]
    without = make_nlp(spans_key=None).from_bytes(trained().to_bytes())
    assert not without(text).spans
