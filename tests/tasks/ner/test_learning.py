import numpy as np
import pytest
import spacy
from all_paths import COLUMNS
from small import (
    ARCHITECTURES,
    OUTPUTS,
    SENTENCES,
    TEXTS,
    entities,
    gold_of,
    make_examples,
    make_nlp,
    scores,
    train,
    trained,
)
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, set_dropout_rate

from spacy_distill.docs import COLUMNS as TAGS_KEY
from spacy_distill.docs import LOGITS
from spacy_distill.errors import DistillError


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_learns_its_examples(arch, output):
    nlp = trained(arch, output)
    for i, text in enumerate(TEXTS):
        doc = nlp(text)
        assert entities(doc) == gold_of(i)
        assert [span.label_ for span in doc.spans["ner"]] == [
            e.label_ for e in doc.ents
        ]
        assert len(scores(doc)) == len(doc.ents)
        assert all(0.0 < score <= 1.0 for score in scores(doc))


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_prediction_is_the_trained_function(arch, output):
    nlp = trained(arch, output)
    model = nlp.get_pipe("ner").model
    docs = [nlp.make_doc(text) for text in [*TEXTS, "Unseen words , ok", "   "]]
    set_dropout_rate(model, 0.0)
    for a, b in zip(model.predict(docs), model(docs, is_train=True)[0]):
        np.testing.assert_allclose(a, b, atol=1e-4)


@pytest.mark.parametrize("output", OUTPUTS)
def test_empty_and_white_space_docs(output):
    nlp = trained(output=output)
    texts = ["", " ", "\n\n", TEXTS[0], "", "Anna \n went to Paris \n"]
    docs = list(nlp.pipe(texts))
    assert [entities(doc) for doc in docs[:3]] == [[], [], []]
    assert all(doc.spans["ner"].attrs["scores"].shape == (0,) for doc in docs[:3])
    assert entities(docs[3]) == gold_of(0)
    for doc in docs:
        assert doc.has_annotation("ENT_IOB") or not len(doc)
        assert all(not ent[0].is_space and not ent[-1].is_space for ent in doc.ents)
    ner = nlp.get_pipe("ner")
    logits = ner.get_logits(docs)
    assert [row.shape for row in logits] == [(len(doc), len(ner.tags)) for doc in docs]
    assert list(nlp.pipe([])) == []
    assert ner.predict([]) == []
    assert ner.get_logits(iter([])) == []


@pytest.mark.parametrize("output", OUTPUTS)
def test_training_with_empty_docs(output):
    nlp = trained(output=output)
    empty = [Example.from_dict(nlp.make_doc(text), {}) for text in ("", " ", "\n")]
    optimizer = nlp.resume_training()
    losses = nlp.update(empty[:1], sgd=optimizer)
    assert losses == {"ner": 0.0}
    losses = nlp.update([*empty, *make_examples(nlp)], sgd=optimizer)
    assert np.isfinite(losses["ner"])
    assert losses["ner"] > 0


@pytest.mark.parametrize("output", OUTPUTS)
def test_no_annotation_teaches_nothing(output):
    nlp = trained(output=output)
    before = nlp.get_pipe("ner").get_logits([nlp.make_doc(TEXTS[0])])[0]
    unknown = [
        Example.from_dict(nlp.make_doc(TEXTS[0]), annotation)
        for annotation in ({}, {"entities": ["-"] * 5})
    ]
    for _ in range(3):
        losses = nlp.update(unknown, sgd=Adam(0.01))
    assert losses["ner"] == pytest.approx(0.0, abs=1e-9)
    after = nlp.get_pipe("ner").get_logits([nlp.make_doc(TEXTS[0])])[0]
    np.testing.assert_allclose(after, before, atol=1e-5)


@pytest.mark.parametrize("output", OUTPUTS)
def test_partial_annotation(output):
    nlp = make_nlp(output=output)
    partial = ["U-PER", "-", "-", "-", "-"]
    examples = [
        *make_examples(nlp)[1:],
        Example.from_dict(nlp.make_doc("Anna went to Oslo ."), {"entities": partial}),
    ]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.02
    for _ in range(50):
        losses = nlp.update(examples, sgd=optimizer, drop=0.1)
    assert losses["ner"] < 0.2
    assert ("Anna", "PER") in entities(nlp("Anna went to Oslo ."))


def test_gold_of_other_tokens():
    """An entity whose edge lies within a predicted token is no annotation of it."""
    nlp = trained()
    words = ["New York", "City", "and", "Paris"]
    reference = Doc(nlp.vocab, words=words)
    reference = Example.from_dict(
        reference, {"entities": ["B-LOC", "L-LOC", "O", "U-LOC"]}
    ).reference
    predicted = Doc(nlp.vocab, words=["New", "York", "Ci", "ty", "and", "Paris"])
    losses = nlp.update([Example(predicted, reference)], sgd=nlp.resume_training())
    assert losses["ner"] > 0


def test_gradients_add_up_until_the_optimizer_is_called():
    ner = trained().get_pipe("ner")
    examples = make_examples(trained())
    layer = ner.model.get_ref("output_layer")
    ner.update(examples, sgd=False)
    once = layer.get_grad("b").copy()
    assert once.any()
    ner.update(examples, sgd=None)
    np.testing.assert_allclose(layer.get_grad("b"), 2 * once, atol=1e-5)
    ner.finish_update(Adam(0.01))
    assert not layer.get_grad("b").any()


def test_losses_are_summed_under_the_component_s_name():
    nlp = trained()
    examples = make_examples(nlp)
    losses = {"other": 1.0}
    ner = nlp.get_pipe("ner")
    first = ner.update(examples, losses=losses)["ner"]
    ner.update(examples, losses=losses)
    assert losses["ner"] == pytest.approx(2 * first, rel=0.2)
    assert losses["other"] == 1.0


def test_get_loss_is_what_update_adds():
    nlp = trained()
    ner = nlp.get_pipe("ner")
    examples = make_examples(nlp)
    predicted = ner.model.predict([eg.predicted for eg in examples])
    loss, gradient = ner.get_loss(examples, predicted)
    assert [g.shape for g in gradient] == [p.shape for p in predicted]
    assert ner.update(examples, drop=0.0)["ner"] == pytest.approx(loss, rel=1e-4)
    step = [p - 10.0 * g for p, g in zip(predicted, gradient)]
    assert ner.get_loss(examples, step)[0] < loss


@pytest.mark.parametrize("output", OUTPUTS)
def test_soft_labels_alone_teach(output):
    """No gold at all: what the teacher says is learnt, and its labels are taken."""
    teacher = trained("cnn").get_pipe("ner")
    nlp = make_nlp(output=output)
    examples = []
    for text in TEXTS:
        reference = nlp.make_doc(text)
        copy = Doc(teacher.vocab, words=[token.text for token in reference])
        reference.user_data[LOGITS] = teacher.get_logits([copy])[0].astype(np.float16)
        reference.user_data[TAGS_KEY] = teacher.tags
        examples.append(Example(nlp.make_doc(text), reference))
    optimizer = nlp.initialize(lambda: examples)
    assert nlp.get_pipe("ner").tags == teacher.tags
    optimizer.learn_rate = 0.02
    for _ in range(50):
        nlp.update(examples, sgd=optimizer, drop=0.1)
    for i, text in enumerate(TEXTS):
        assert entities(nlp(text)) == gold_of(i)


@pytest.mark.parametrize("alpha", [1.0, 0.0])
def test_a_student_learns_from_logits_alone(alpha):
    """No gold annotation, and the loss of hard labels or of the logits."""
    teacher = trained("cnn").get_pipe("ner")
    loss = {"@misc": "spacy_distill.DistillationLoss.v1", "alpha": alpha}
    nlp = make_nlp(loss=loss)
    docs = [Doc(nlp.vocab, words=text.split(" ")) for text in TEXTS]
    for doc, logits in zip(docs, teacher.get_logits(docs)):
        doc.user_data = {LOGITS: logits, TAGS_KEY: teacher.tags}
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in docs]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.02
    for _ in range(100):
        losses = nlp.update(examples, sgd=optimizer, drop=0.1)
    assert nlp.get_pipe("ner").labels == teacher.labels
    assert losses["ner"] < 0.2
    for i, text in enumerate(TEXTS):
        assert entities(nlp(text)) == gold_of(i)


def test_same_seed_same_weights():
    one, other = make_nlp(), make_nlp()
    for nlp in (one, other):
        train(nlp, 3)
    assert (
        one.get_pipe("ner").model.to_bytes() == other.get_pipe("ner").model.to_bytes()
    )


# What the user is told


def test_unknown_label_at_initialization():
    nlp = make_nlp()
    with pytest.raises(DistillError, match=r"labels \['PER'\], got \['LOC'\]"):
        nlp.get_pipe("ner").initialize(lambda: make_examples(nlp), labels=["PER"])


def test_unknown_label_in_training():
    nlp = trained()
    doc = nlp.make_doc("Acme")
    example = Example.from_dict(doc, {"entities": [(0, 4, "ORG")]})
    with pytest.raises(DistillError, match="got 'U-ORG' in 'Acme'.*labels"):
        nlp.update([example])


def test_nothing_to_learn_from():
    nlp = make_nlp()
    example = Example.from_dict(nlp.make_doc("Acme"), {})
    with pytest.raises(DistillError, match="got neither"):
        nlp.initialize(lambda: [example])


def with_logits(nlp, logits, tags):
    reference = nlp.make_doc(TEXTS[0])
    reference.user_data[LOGITS] = logits
    if tags is not None:
        reference.user_data[TAGS_KEY] = tags
    return Example(nlp.make_doc(TEXTS[0]), reference)


@pytest.mark.parametrize("tags", [COLUMNS, ("O",), None])
def test_labels_of_teacher_and_student_differ(tags):
    # The student's are LOC and PER, in this order.
    nlp = trained()
    n_tags = len(tags or ())
    example = with_logits(nlp, np.zeros((5, n_tags), dtype=np.float16), tags)
    with pytest.raises(DistillError, match=r"student's tags O, B-LOC.*annotate again"):
        nlp.update([example])


def test_soft_labels_of_another_teacher_at_initialization():
    nlp = make_nlp()
    example = with_logits(nlp, np.zeros((5, 5)), ("O", "B-X", "I-X", "L-X", "U-X"))
    with pytest.raises(
        DistillError, match=r"\['X'\], got \['LOC', 'PER'\] in the gold"
    ):
        nlp.initialize(lambda: [*make_examples(nlp), example])


@pytest.mark.parametrize("shape", [(4, 9), (5, 8), (5,), (6, 9)])
def test_soft_labels_of_another_shape(shape):
    nlp = trained()
    tags = nlp.get_pipe("ner").tags
    with pytest.raises(DistillError, match=r"shape \(5, 9\), got"):
        nlp.update([with_logits(nlp, np.zeros(shape, dtype=np.float16), tags)])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_soft_labels_that_are_not_numbers(value):
    nlp = trained()
    logits = np.zeros((5, 9), dtype=np.float16)
    logits[2, 3] = value
    with pytest.raises(DistillError, match="finite logits.*'Anna went"):
        nlp.update([with_logits(nlp, logits, nlp.get_pipe("ner").tags)])


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_broken_model(output, value):
    nlp = trained(output=output)
    ner = nlp.get_pipe("ner")
    layer = ner.model.get_ref("output_layer")
    layer.set_param("b", layer.get_param("b") * np.float32(value))
    check_broken(nlp)


def test_a_broken_crf():
    nlp = trained(output="crf")
    layer = nlp.get_pipe("ner").model.get_ref("crf")
    layer.set_param("follow", layer.get_param("follow") * np.float32("nan"))
    check_broken(nlp)


def check_broken(nlp):
    docs = [nlp.make_doc(""), nlp.make_doc(TEXTS[1])]
    with pytest.raises(DistillError, match="finite scores from 'ner', got NaN"):
        nlp.get_pipe("ner").predict(docs)
    with pytest.raises(DistillError, match="finite scores from 'ner', got NaN"):
        nlp.update(make_examples(nlp), sgd=nlp.resume_training())


def test_unknown_output():
    with pytest.raises(DistillError, match='"softmax" or "crf", got \'tanh\''):
        make_nlp(output="tanh")


def test_labels_from_the_config():
    nlp = make_nlp()
    nlp.config["initialize"]["components"]["ner"] = {"labels": ["PER", "ORG", "LOC"]}
    nlp.initialize(lambda: make_examples(nlp))
    assert nlp.get_pipe("ner").labels == ("PER", "ORG", "LOC")
    assert nlp.get_pipe("ner").label_data == ["PER", "ORG", "LOC"]


def test_a_blank_component_finds_nothing():
    doc = make_nlp()(SENTENCES[0][0])
    assert entities(doc) == []
    assert scores(doc) == []


def test_default_config():
    nlp = spacy.blank("en")
    ner = nlp.add_pipe("compact_ner", name="ner")
    nlp.initialize(lambda: make_examples(nlp))
    assert ner.labels == ("LOC", "PER")
    assert ner.model.get_dim("nO") == len(ner.tags) == 9
    assert nlp.analyze_pipes()["summary"]["ner"]["assigns"][0] == "doc.ents"


def test_predictions_follow_transitions_that_change_in_place():
    nlp = trained(output="crf")
    assert entities(nlp("Paris and Rome are far from Anna Smith ."))[0][0] == "Paris"
    start = nlp.get_pipe("ner").model.get_ref("crf").get_param("start")
    start[1:] -= 1e4
    found = entities(nlp("Paris and Rome are far from Anna Smith ."))
    assert found
    assert found[0][0] != "Paris"
    start[1:] += 1e4
    assert entities(nlp("Paris and Rome are far from Anna Smith ."))[0][0] == "Paris"
