import numpy as np
import pytest
import spacy
from small import (
    OUTPUTS,
    SENTENCES,
    TEXTS,
    entities,
    gold_of,
    make_examples,
    make_nlp,
    model_config,
    train,
    trained,
)
from spacy.training import Example
from thinc.api import Adam

from spacy_distill.errors import DistillError


def examples_with_organisations(nlp):
    extra = Example.from_dict(
        nlp.make_doc("Acme of Rome"), {"entities": [(0, 4, "ORG"), (8, 12, "LOC")]}
    )
    return [*make_examples(nlp), extra]


@pytest.mark.parametrize("output", OUTPUTS)
def test_old_outputs_stay_and_new_ones_start_from_zero(output):
    nlp = trained(output=output)
    ner = nlp.get_pipe("ner")
    docs = [nlp.make_doc(text) for text in TEXTS]
    before = ner.model.predict(docs)
    old = [p.copy() for p in crf_parameters(ner)]
    tags = ner.tags
    with pytest.warns(UserWarning, match="'ner' has the new label 'ORG', but does not"):
        assert ner.add_label("ORG") == 1
    assert ner.add_label("ORG") == 0
    assert ner.labels == ("LOC", "PER", "ORG")
    assert ner.tags == (*tags, "B-ORG", "I-ORG", "L-ORG", "U-ORG")
    for after, expected in zip(ner.model.predict(docs), before):
        np.testing.assert_array_equal(after[:, :9], expected)
        assert not after[:, 9:].any()
    for new, expected in zip(crf_parameters(ner), old):
        assert new.shape == (13,) * expected.ndim
        np.testing.assert_array_equal(new[tuple([slice(9)] * new.ndim)], expected)
        assert new.sum() == pytest.approx(expected.sum(), abs=1e-4)
    assert [entities(nlp(text)) for text in TEXTS] == [gold_of(i) for i in range(4)]


@pytest.mark.parametrize("output", OUTPUTS)
def test_predictions_are_the_same_until_the_label_is_trained(output):
    nlp = trained(output=output)
    ner = nlp.get_pipe("ner")
    docs = [nlp.make_doc(text) for text in [*TEXTS, "Acme of Rome"]]
    before = ner.predict(docs)
    logits = ner.get_logits(docs)
    add(ner, "ORG")
    other = make_nlp(output=output).from_bytes(nlp.to_bytes())
    for pipe in (ner, other.get_pipe("ner")):
        for found, expected in zip(pipe.predict(docs), before):
            assert [span[:3] for span in found] == [span[:3] for span in expected]
            np.testing.assert_allclose(
                [span.score for span in found], [span.score for span in expected]
            )
        for found, expected in zip(pipe.get_logits(docs), logits):
            np.testing.assert_allclose(found[:, :9], expected, atol=1e-5)
            assert (found[:, 9:] <= -1e4).all()
    # Examples without the label do not count.
    nlp.update(make_examples(nlp), sgd=Adam(0.02))
    assert (ner.get_logits(docs)[0][:, 9:] <= -1e4).all()
    nlp.update(examples_with_organisations(nlp), sgd=Adam(0.02))
    assert (ner.get_logits(docs)[0][:, 9:] > -1e3).any()


def test_no_warning_before_and_in_initialization(recwarn):
    nlp = make_nlp()
    nlp.get_pipe("ner").add_label("ORG")
    train(nlp, 1)
    train(nlp, 1)
    assert not [w for w in recwarn if "new label" in str(w.message)]


def add(ner, label):
    with pytest.warns(UserWarning, match="new label"):
        ner.add_label(label)


def crf_parameters(ner):
    if not ner.model.maybe_get_ref("crf"):
        return []
    return [ner.model.get_ref("crf").get_param(n) for n in ("start", "follow", "end")]


@pytest.mark.parametrize("use_averages", [False, True])
@pytest.mark.parametrize("output", OUTPUTS)
def test_training_goes_on_with_the_same_optimizer(output, use_averages):
    nlp = make_nlp(output=output)
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    optimizer = Adam(0.02, use_averages=use_averages)
    for _ in range(20):
        nlp.update(examples, sgd=optimizer)
    add(nlp.get_pipe("ner"), "ORG")
    examples = examples_with_organisations(nlp)
    for _ in range(50):
        losses = nlp.update(examples, sgd=optimizer)
    assert losses["ner"] < 0.2
    assert entities(nlp("Acme of Rome")) == [("Acme", "ORG"), ("Rome", "LOC")]
    if use_averages:
        with nlp.use_params(optimizer.averages):
            assert len(nlp("Acme of Rome").ents) == 2


@pytest.mark.parametrize("output", OUTPUTS)
def test_saved_with_the_new_label(output):
    nlp = trained(output=output)
    add(nlp.get_pipe("ner"), "ORG")
    other = make_nlp(output=output).from_bytes(nlp.to_bytes())
    assert other.get_pipe("ner").labels == ("LOC", "PER", "ORG")
    optimizer = Adam(0.02)
    for _ in range(50):
        other.update(examples_with_organisations(other), sgd=optimizer)
    assert entities(other("Acme of Rome")) == [("Acme", "ORG"), ("Rome", "LOC")]


@pytest.mark.parametrize("output", OUTPUTS)
def test_before_initialization(output):
    nlp = make_nlp(output=output)
    ner = nlp.get_pipe("ner")
    ner.add_label("PER")
    ner.add_label("LOC")
    train(nlp, 40)
    assert ner.labels == ("PER", "LOC")
    assert entities(nlp(TEXTS[0])) == gold_of(0)


def test_initialized_without_examples():
    nlp = make_nlp()
    nlp.get_pipe("ner").add_label("PER")
    nlp.initialize()
    assert nlp.get_pipe("ner").labels == ("PER",)
    nlp("x y z")
    # And now in earnest: nothing is left of the dummy words.
    train(nlp, 60)
    assert [entities(nlp(text)) for text in TEXTS] == [gold_of(i) for i in range(4)]


@pytest.mark.parametrize("output", OUTPUTS)
def test_initialized_again_after_a_new_label(output):
    nlp = trained(output=output)
    ner = nlp.get_pipe("ner")
    add(ner, "ORG")
    train(nlp, 60)
    assert ner.model.get_dim("nO") == 13
    assert [entities(nlp(text)) for text in TEXTS] == [gold_of(i) for i in range(4)]


def test_with_a_faster_output_layer():
    nlp = spacy.blank("en")
    config = {"model": {**model_config(), "output_learn_rate": 10.0}}
    ner = nlp.add_pipe("compact_ner", name="ner", config=config)
    train(nlp, 10)
    docs = [nlp.make_doc(SENTENCES[0][0])]
    (before,) = ner.model.predict(docs)
    add(ner, "ORG")
    np.testing.assert_array_equal(ner.model.predict(docs)[0][:, :9], before)
    nlp.update(examples_with_organisations(nlp), sgd=Adam(0.01))


@pytest.mark.parametrize("label", ["", None, 3, b"PER"])
def test_no_label(label):
    with pytest.raises(DistillError, match="non-empty string"):
        make_nlp().get_pipe("ner").add_label(label)
