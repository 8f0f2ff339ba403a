"""The component among others: shared, frozen, annotating and disabled ones."""

import numpy as np
import pytest
import spacy
from small import (
    ARCHITECTURES,
    OUTPUTS,
    TEXTS,
    entities,
    gold_of,
    make_examples,
    model_config,
    trained,
)
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

pytestmark = pytest.mark.usefixtures("both_ways")


def shared_nlp(arch="bilstm", output="softmax"):
    """A tagger and a `compact_ner` that listen to one student encoder."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec", config={"model": {**ARCHITECTURES[arch], "dropout": 0.1}})
    width = nlp.get_pipe("tok2vec").model.get_dim("nO")
    listener = {
        "@architectures": "spacy.Tok2VecListener.v1",
        "width": width,
        "upstream": "tok2vec",
    }
    tagger = {"@architectures": "spacy.Tagger.v2", "nO": None, "tok2vec": listener}
    nlp.add_pipe("tagger", config={"model": tagger})
    model = {**model_config(output=output), "tok2vec": listener}
    nlp.add_pipe("compact_ner", name="ner", config={"model": model})
    return nlp


def tagged_examples(nlp):
    examples = make_examples(nlp)
    for eg in examples:
        for token in eg.reference:
            token.tag_ = "NNP" if token.is_title else "X"
    return examples


def learn(nlp, examples, steps, rate=0.02, **kwargs):
    optimizer = Adam(rate)
    for _ in range(steps):
        losses = nlp.update(examples, sgd=optimizer, drop=0.1, **kwargs)
    return losses


@pytest.mark.parametrize(("arch", "output"), [("bilstm", "softmax"), ("cnn", "crf")])
def test_shared_encoder(arch, output, tmp_path):
    fix_random_seed(0)
    nlp = shared_nlp(arch, output)
    examples = tagged_examples(nlp)
    nlp.initialize(lambda: examples)
    empty = [Example.from_dict(nlp.make_doc(text), {}) for text in ("", " ")]
    losses = learn(nlp, [*empty, *examples], 200)
    assert set(losses) == {"tok2vec", "tagger", "ner"}
    nlp.to_disk(tmp_path)
    for pipeline in (nlp, spacy.load(tmp_path)):
        for i, doc in enumerate(pipeline.pipe([*TEXTS, "", " "])):
            assert entities(doc) == (gold_of(i) if i < len(TEXTS) else [])
            assert all(t.tag_ == ("NNP" if t.is_title else "X") for t in doc[:1])
        again = pipeline(TEXTS[0])
        assert entities(again) == gold_of(0)


def test_gradients_reach_the_shared_encoder():
    fix_random_seed(0)
    nlp = shared_nlp()
    examples = tagged_examples(nlp)
    nlp.initialize(lambda: examples)
    encoder = nlp.get_pipe("tok2vec").model
    before = encoder.get_param("lstm_0_forward_input").copy()
    # spaCy applies what reaches an upstream component in the next update.
    learn(nlp, examples, 2, exclude=["tagger"])
    assert np.abs(encoder.get_param("lstm_0_forward_input") - before).max() > 0


@pytest.mark.parametrize("output", OUTPUTS)
def test_frozen_encoder(output):
    """A frozen upstream annotates; the listener learns from its vectors."""
    fix_random_seed(0)
    nlp = shared_nlp(output=output)
    examples = tagged_examples(nlp)
    nlp.initialize(lambda: examples)
    encoder = nlp.get_pipe("tok2vec").model
    before = encoder.to_bytes()
    frozen = {"exclude": ["tok2vec", "tagger"], "annotates": ["tok2vec"]}
    first = learn(nlp, examples, 1, **frozen)
    last = learn(nlp, examples, 150, rate=0.1, **frozen)
    assert encoder.to_bytes() == before
    assert last["ner"] < first["ner"] / 3
    assert nlp(TEXTS[0]).ents


def test_frozen_component():
    """Frozen, it stays as it is while a new one beside it learns."""
    nlp = trained()
    nlp.add_pipe("compact_ner", name="other", config={"model": model_config("cnn")})
    examples = make_examples(nlp)
    with nlp.select_pipes(disable=["ner"]):
        nlp.initialize(lambda: examples)
    before = nlp.get_pipe("ner").to_bytes(exclude=["vocab"])
    losses = learn(nlp, examples, 3, exclude=["ner"])
    assert set(losses) == {"other"}
    assert nlp.get_pipe("ner").to_bytes(exclude=["vocab"]) == before


def test_sourced_component():
    source = trained()
    nlp = spacy.blank("en")
    nlp.add_pipe("ner", source=source)
    assert nlp.get_pipe_meta("ner").factory == "compact_ner"
    assert [entities(nlp(text)) for text in TEXTS] == [gold_of(i) for i in range(4)]


SEEN = []


@spacy.Language.component("look_at_entities")
def look_at_entities(doc):
    SEEN.append(entities(doc))
    return doc


@pytest.mark.parametrize("output", OUTPUTS)
def test_annotating_component(output):
    """Its entities are seen by a later component in training."""
    nlp = trained(output=output)
    nlp.add_pipe("look_at_entities")
    SEEN.clear()
    annotates = ["ner", "look_at_entities"]
    losses = nlp.update(make_examples(nlp), sgd=Adam(0.001), annotates=annotates)
    assert np.isfinite(losses["ner"])
    assert [gold_of(i) for i in range(4)] == SEEN


def test_entities_that_are_predicted_already_do_not_matter_in_training():
    nlp = trained()
    examples = make_examples(nlp)
    annotated = [Example(nlp(eg.text), eg.reference) for eg in examples]
    ner = nlp.get_pipe("ner")
    assert ner.update(examples) == pytest.approx(ner.update(annotated), rel=1e-5)


def test_select_pipes():
    nlp = trained()
    with nlp.select_pipes(disable=["ner"]):
        doc = nlp(TEXTS[0])
        assert not doc.has_annotation("ENT_IOB")
        assert "ner" not in doc.spans
    with nlp.select_pipes(enable=["ner"]):
        assert entities(nlp(TEXTS[0])) == gold_of(0)
    assert entities(nlp(TEXTS[0], disable=["ner"])) == []


def test_two_of_them_in_one_pipeline():
    """The second keeps what the first has found."""
    nlp = trained()
    other = trained("cnn", "crf")
    nlp.add_pipe("ner", source=other, name="second")
    assert [entities(nlp(text)) for text in TEXTS] == [gold_of(i) for i in range(4)]
    losses = nlp.update(make_examples(nlp), sgd=Adam(0.001))
    assert set(losses) == {"ner", "second"}
