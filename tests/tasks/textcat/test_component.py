"""`compact_textcat`: it learns, is saved and copied, and tells what does not fit."""

import copy
import pickle

import numpy as np
import pytest
import spacy
from small_classifiers import MODELS, accuracy, best, make_classifier, train, trained
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from texts_with_categories import LABELS, make_data, make_examples
from thinc.api import Adam

from spacy_distill.docs import COLUMNS, LOGITS
from spacy_distill.errors import DistillError

TEST = make_data(90, seed=1)
SEVERAL = make_data(90, seed=1, exclusive=False)
TEXTS = [text for text, _ in TEST]
models = pytest.mark.parametrize("model", MODELS)


def cats_of(nlp, texts=TEXTS, **kwargs):
    return [doc.cats for doc in nlp.pipe(texts, **kwargs)]


def assert_same(found, expected, tolerance=0.0):
    for one, other in zip(found, expected):
        assert one == pytest.approx(other, abs=tolerance)


@pytest.mark.parametrize("exclusive", [True, False])
@models
def test_learns_a_rule(model, exclusive):
    nlp = make_classifier(model, exclusive=exclusive)
    train(nlp, make_examples(nlp, make_data(300, exclusive=exclusive)), 150)
    test = TEST if exclusive else SEVERAL
    assert accuracy(nlp, test) > 0.95
    assert nlp.get_pipe("textcat").labels == tuple(sorted(LABELS))
    scores = nlp.evaluate(make_examples(nlp, test))
    assert scores["cats_acc"] == pytest.approx(accuracy(nlp, test))
    assert scores["cats_score"] > 0.95
    assert 0.0 <= scores["cats_ece"] < 0.2
    for cats in cats_of(nlp):
        assert all(0.0 <= p <= 1.0 for p in cats.values())
        if exclusive:
            assert sum(cats.values()) == pytest.approx(1.0, abs=1e-5)


@models
def test_learns_from_logits_alone(model):
    """Gold annotation has the categories, and a teacher swaps two of them."""
    nlp = make_classifier(
        model, loss={"@misc": "spacy_distill.DistillationLoss.v1", "alpha": 0.0}
    )
    examples = make_examples(nlp, make_data(120))
    swapped = {"good": "bad", "bad": "good", "mixed": "mixed"}
    for eg in examples:
        gold = swapped[best(eg.reference.cats)]
        logits = np.array([[4.0 * (label == gold) for label in LABELS]], dtype="f2")
        eg.reference.user_data.update({LOGITS: logits, COLUMNS: LABELS})
    train(nlp, examples, 80)
    # The teacher's order of the columns.
    assert nlp.get_pipe("textcat").labels == LABELS
    taught = [(text, {swapped[x]: y for x, y in cats.items()}) for text, cats in TEST]
    assert accuracy(nlp, taught) > 0.95


def test_class_weights_move_the_decision():
    """A text that is as often of one category as of the other."""
    data = [("same words", {"x": 1.0, "y": 0.0}), ("same words", {"x": 0.0, "y": 1.0})]
    found = {}
    for weight in (1.0, 3.0):
        nlp = make_classifier(class_weights={"y": weight})
        train(nlp, make_examples(nlp, data), 100)
        found[weight] = nlp("same words").cats["y"]
    assert found[1.0] == pytest.approx(0.5, abs=0.02)
    assert found[3.0] == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "  \t ", "never seen 123 ☃"])
@pytest.mark.parametrize("exclusive", [True, False])
@models
def test_texts_without_words(model, exclusive, text):
    nlp = trained(model, exclusive=exclusive)
    cats = nlp(text).cats
    assert cats.keys() == set(LABELS)
    assert all(0.0 <= p <= 1.0 for p in cats.values())
    # And among others, which they do not change.
    mixed = cats_of(nlp, [TEXTS[0], text, TEXTS[1], text])
    assert_same(mixed[1:4:2], [cats, cats], 1e-5)
    assert_same(mixed[0:3:2], cats_of(nlp, TEXTS[:2]), 1e-5)


@models
def test_training_with_empty_documents(model):
    nlp = trained(model)
    gold = {"good": 1.0, "bad": 0.0, "mixed": 0.0}
    empty = make_examples(nlp, [("", gold)])
    before = nlp.get_pipe("textcat").model.to_bytes()
    assert nlp.update(empty, sgd=Adam(0.1)) == {"textcat": 0.0}
    assert nlp.get_pipe("textcat").update([]) == {"textcat": 0.0}
    assert nlp.get_pipe("textcat").model.to_bytes() == before
    losses = nlp.update([*empty, *make_examples(nlp, [*TEST[:3], (" ", gold)])])
    assert np.isfinite(losses["textcat"])


@models
def test_all_documents_are_empty(model):
    nlp = make_classifier(model)
    empty = make_examples(nlp, [("", cats) for _, cats in TEST])
    with pytest.raises(DistillError, match="documents with words in the training data"):
        nlp.initialize(lambda: empty)


@models
@pytest.mark.parametrize("text", ["fine film " * 100_000, "x" * 1_000_000])
def test_a_megabyte(model, text):
    """A long text, and one that is a single word."""
    nlp = trained(model)
    words = text.split()
    doc = nlp(Doc(nlp.vocab, words=words))
    assert sum(doc.cats.values()) == pytest.approx(1.0, abs=1e-4)
    if len(words) > 1:
        assert len(doc) == 200_000


@models
def test_predictions_do_not_depend_on_the_batch(model):
    nlp = trained(model)
    alone = [nlp(text).cats for text in TEXTS]
    for size in (2, 7, 128):
        assert_same(cats_of(nlp, batch_size=size), alone, 1e-5)


@models
def test_processes(model):
    nlp = trained(model)
    texts = [*TEXTS[:9], "", " "]
    expected = cats_of(nlp, texts)
    assert_same(cats_of(nlp, texts, n_process=2, batch_size=3), expected, 1e-5)


@models
def test_memory_zones(model):
    nlp = trained(model)
    expected = cats_of(nlp)
    n_strings = len(nlp.vocab.strings)
    for zone in range(3):
        with nlp.memory_zone():
            fresh = " ".join(f"word{zone}{i}" for i in range(50))
            found = cats_of(nlp, [*TEXTS, fresh])
        assert_same(found[:-1], expected, 1e-5)
    assert len(nlp.vocab.strings) == n_strings
    assert_same(cats_of(nlp), expected, 1e-5)


def test_a_category_outlives_the_zone_in_which_it_was_added():
    nlp = trained()
    with nlp.memory_zone(), pytest.warns(UserWarning, match="new label 'fresh'"):
        nlp.get_pipe("textcat").add_label("fresh")
    assert "fresh" in nlp.vocab.strings


@Language.component("other_categories")
def other_categories(doc):
    doc.cats["other"] = 0.25
    return doc


@pytest.mark.parametrize("exclusive", [True, False])
def test_categories_of_another_component_are_kept(exclusive):
    nlp = trained(exclusive=exclusive)
    expected = nlp(TEXTS[0]).cats
    nlp.add_pipe("other_categories", first=True)
    assert nlp(TEXTS[0]).cats == {"other": 0.25, **expected}


def to_disk(nlp, folder):
    nlp.to_disk(folder)
    return spacy.load(folder)


def to_bytes(nlp, folder):
    return spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())


COPIES = {
    "bytes": to_bytes,
    "disk": to_disk,
    "pickle": lambda nlp, folder: pickle.loads(pickle.dumps(nlp)),
    "deepcopy": lambda nlp, folder: copy.deepcopy(nlp),
}


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("how", COPIES)
@models
def test_round_trip(model, how, exclusive, tmp_path):
    nlp = trained(model, exclusive=exclusive)
    other = COPIES[how](nlp, tmp_path)
    assert cats_of(other) == cats_of(nlp)
    assert other.get_pipe("textcat").cfg == nlp.get_pipe("textcat").cfg
    assert other.get_pipe("textcat").exclusive == exclusive
    # The copy learns on its own.
    before = cats_of(nlp)
    other.update(make_examples(other, TEST[:30]), sgd=Adam(0.1))
    assert cats_of(nlp) == before != cats_of(other)


@pytest.mark.parametrize("read", [to_disk, to_bytes])
@pytest.mark.parametrize(("storage", "off"), [("float16", 2e-3), ("int8", 0.05)])
@models
def test_small_storage(model, storage, off, read, tmp_path):
    plain, nlp = trained(model), trained(model, storage=storage)
    expected = cats_of(plain)
    sizes = [len(n.get_pipe("textcat").to_bytes()) for n in (plain, nlp)]
    assert sizes[1] < 0.75 * sizes[0]
    # Writing leaves the model as it was.
    assert cats_of(nlp) == expected
    again = read(nlp, tmp_path)
    assert again.get_pipe("textcat").storage == storage
    assert_same(cats_of(again), expected, off)
    assert cats_of(again) != expected
    assert accuracy(again, TEST) == pytest.approx(accuracy(plain, TEST), abs=0.03)


def test_add_label():
    nlp = trained()
    pipe = nlp.get_pipe("textcat")
    expected = cats_of(nlp)
    with pytest.warns(UserWarning, match="'new', but does not predict it yet"):
        assert pipe.add_label("new") == 1
    assert pipe.add_label("new") == pipe.add_label("good") == 0
    assert pipe.labels == (*sorted(LABELS), "new")
    for nlp_ in (nlp, make_classifier().from_bytes(nlp.to_bytes())):
        for cats, before in zip(cats_of(nlp_), expected):
            assert cats.pop("new") == 0.0
            assert cats == pytest.approx(before, abs=1e-6)
    logits = pipe.get_logits([nlp.make_doc(TEXTS[0])])[0]
    assert np.isfinite(logits.astype(np.float16)).all()
    # Examples without the category do not count.
    nlp.update(make_examples(nlp, TEST[:9]), sgd=Adam(0.01))
    assert nlp(TEXTS[0]).cats["new"] == 0.0
    more = [("a novelty of the film", {"new": 1.0})] * 20
    optimizer = Adam(0.02)
    for _ in range(30):
        nlp.update(make_examples(nlp, [*TEST[:40], *more]), sgd=optimizer)
    assert best(nlp("a novelty of the film").cats) == "new"
    padded = [(text, {**cats, "new": 0.0}) for text, cats in TEST]
    assert accuracy(nlp, padded) > 0.9


def test_add_label_before_initialization(recwarn):
    nlp = make_classifier()
    pipe = nlp.get_pipe("textcat")
    for label in ("mixed", "good"):
        pipe.add_label(label)
    train(nlp, make_examples(nlp, make_data(60)), 30)
    assert pipe.labels == ("mixed", "good", "bad")
    assert accuracy(nlp, TEST) > 0.9
    assert not [w for w in recwarn if "new label" in str(w.message)]


@pytest.mark.parametrize("label", ["", None, 3, b"x"])
def test_no_label(label):
    with pytest.raises(DistillError, match="non-empty string"):
        make_classifier().get_pipe("textcat").add_label(label)


@pytest.mark.parametrize("use_averages", [True, False])
def test_averages(use_averages):
    nlp = make_classifier()
    examples = make_examples(nlp, make_data(60))
    nlp.initialize(lambda: examples)
    optimizer = Adam(0.02, use_averages=use_averages)
    for _ in range(30):
        nlp.update(examples, sgd=optimizer)
    with nlp.use_params(optimizer.averages if use_averages else {}):
        assert accuracy(nlp, TEST) > 0.9


def test_gold_of_several_documents_at_initialization():
    nlp = make_classifier()
    examples = make_examples(nlp, [("one text", {"x": 1.0}), ("another", {"y": 1.0})])
    nlp.initialize(lambda: examples, sgd=Adam(0.01))
    assert nlp.get_pipe("textcat").label_data == ["x", "y"]
    nlp.get_pipe("textcat").initialize(lambda: examples, labels=["x", "y", "z"])
    assert nlp.get_pipe("textcat").labels == ("x", "y", "z")


@pytest.mark.parametrize(
    ("cats", "exclusive", "message"),
    [
        ([{"x": 1.0}], True, "exclude each other, got 'x' alone"),
        ([{}], True, "got neither: set doc.cats"),
        ([{}], False, "got neither: set doc.cats"),
        ([{"x": 1.0, "y": 1.0}], True, "one category for each document, got x, y"),
        ([{"x": 1.0, "y": 2.0}], True, "from 0 to 1 in doc.cats, got 2.0"),
        ([{"x": 1.0, "y": float("nan")}], False, "from 0 to 1 in doc.cats, got nan"),
    ],
)
def test_gold_that_does_not_fit(cats, exclusive, message):
    nlp = make_classifier(exclusive=exclusive)
    examples = make_examples(nlp, [("some text", one) for one in cats])
    with pytest.raises(DistillError, match=message) as error:
        train(nlp, examples, 1)
    assert "\n" not in str(error.value)


def test_an_unknown_category_in_an_update():
    nlp = trained()
    with pytest.raises(
        DistillError, match="out of bad, good, mixed, got 'w'.*add_label"
    ):
        nlp.update(make_examples(nlp, [("some text", {"w": 1.0})]))


def test_entities_as_gold_annotation():
    nlp = make_classifier()
    entities = {"entities": [(0, 4, "PER")]}
    examples = [Example.from_dict(nlp.make_doc("Anna is here"), entities)]
    with pytest.raises(DistillError, match="got neither: set doc.cats"):
        nlp.initialize(lambda: examples)


def test_a_broken_model():
    nlp = trained()
    nlp.get_pipe("textcat").model.get_ref("output_layer").get_param("W")[0] = np.nan
    with pytest.raises(DistillError, match="Expected finite scores from 'textcat'"):
        nlp(TEXTS[0])
    with pytest.raises(DistillError, match="Expected finite scores from 'textcat'"):
        nlp.update(make_examples(nlp, TEST[:3]))


def test_untrained():
    nlp = make_classifier()
    assert nlp(TEXTS[0]).cats == {}
    scores = nlp.evaluate(make_examples(nlp, TEST[:3]))
    assert scores["cats_acc"] is None


@pytest.mark.parametrize("pooling", [[], ["mean", "sum"]])
def test_no_such_pooling(pooling):
    model = {**MODELS["qrnn"], "pooling": pooling}
    nlp = spacy.blank("en")
    with pytest.raises(DistillError, match="Expected pooling out of mean, max, got"):
        nlp.add_pipe("compact_textcat", config={"model": model})
