"""spaCy's own text classifiers, trained on probabilities and saved as plain ones."""

import json

import numpy as np
import pytest
import spacy
from clean_environment import CleanEnvironment
from small_classifiers import BOW, accuracy, make_stock_teacher, train
from spacy.cli.package import get_third_party_dependencies
from spacy.cli.train import train as spacy_train
from spacy.pipeline.textcat import TextCategorizer
from spacy.pipeline.textcat_multilabel import MultiLabel_TextCategorizer
from texts_with_categories import LABELS, make_data, make_examples, write_categories

from spacy_distill.docs import COLUMNS, GOLD_LABELS
from spacy_distill.errors import DistillError
from spacy_distill.tasks.textcat.stock import as_plain, plain_textcat_v1
from spacy_distill.training.config import CONFIGS

_CNN = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 16,
    "depth": 1,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}


def architectures(exclusive):
    bow = {**BOW, "exclusive_classes": exclusive}
    return {
        "bow": bow,
        "reduce": {
            "@architectures": "spacy.TextCatReduce.v1",
            "exclusive_classes": exclusive,
            "use_reduce_first": False,
            "use_reduce_last": False,
            "use_reduce_max": True,
            "use_reduce_mean": True,
            "tok2vec": _CNN,
        },
        "cnn": {
            "@architectures": "spacy.TextCatCNN.v2",
            "exclusive_classes": exclusive,
            "tok2vec": _CNN,
        },
        "ensemble": {
            "@architectures": "spacy.TextCatEnsemble.v2",
            "linear_model": bow,
            "tok2vec": _CNN,
        },
    }


def make_nlp(exclusive=True, architecture="bow"):
    nlp = spacy.blank("en")
    factory = "soft_textcat" if exclusive else "soft_textcat_multilabel"
    model = architectures(exclusive)[architecture]
    nlp.add_pipe(factory, name="textcat", config={"model": model})
    return nlp


def soften(data, exclusive, low=0.1):
    """Move probabilities away from 0 and 1; they sum to 1 if they did."""
    high = 1 - low * (len(LABELS) - 1) if exclusive else 1 - low
    return [
        (text, {x: high if p else low for x, p in cats.items()}) for text, cats in data
    ]


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("architecture", architectures(True))
def test_learns_probabilities(architecture, exclusive, tmp_path):
    nlp = make_nlp(exclusive, architecture)
    data = make_data(200, exclusive=exclusive)
    steps = 250 if architecture == "bow" else 80
    train(nlp, make_examples(nlp, soften(data, exclusive)), steps)
    assert accuracy(nlp, make_data(60, seed=1, exclusive=exclusive)) > 0.95
    # Near the probabilities, not near 0 and 1.
    off = [
        abs(nlp(text).cats[label] - p)
        for text, cats in soften(data, exclusive)
        for label, p in cats.items()
    ]
    assert np.mean(off) < 0.06
    as_plain(nlp).to_disk(tmp_path)
    plain = spacy.load(tmp_path)
    kind = TextCategorizer if exclusive else MultiLabel_TextCategorizer
    assert type(plain.get_pipe("textcat")) is kind
    for text, _ in data[:9]:
        assert plain(text).cats == nlp(text).cats
    # The trained pipeline is as it was.
    assert nlp.get_pipe_meta("textcat").factory.startswith("soft_")
    assert nlp.config["components"]["textcat"]["factory"].startswith("soft_")


def test_hard_labels_are_learned_as_spacy_s_own_learns_them():
    own, soft = make_stock_teacher(), make_nlp()
    train(soft, make_examples(soft, make_data(120)), 60)
    for text, _ in make_data(20, seed=1):
        found = soft(text).cats
        assert found == pytest.approx({x: own(text).cats[x] for x in found}, abs=1e-5)


def test_every_other_component_is_saved_as_it_is(tmp_path):
    nlp = make_nlp()
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("soft_textcat_multilabel", name="topics")
    train(nlp, make_examples(nlp, make_data(9)), 1)
    plain_textcat_v1()(nlp).to_disk(tmp_path)
    plain = spacy.load(tmp_path)
    found = [plain.get_pipe_meta(name).factory for name in plain.pipe_names]
    assert found == ["textcat", "sentencizer", "textcat_multilabel"]
    # What `spacy package` would require.
    assert get_third_party_dependencies(plain.config) == []


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_document_without_annotation_teaches_nothing(exclusive):
    nlp = make_nlp(exclusive)
    examples = make_examples(nlp, make_data(60, exclusive=exclusive))
    train(nlp, examples, 5)
    pipe = nlp.get_pipe("textcat")
    batch = [*examples[:2], *make_examples(nlp, [("some text", {})])]
    scores = np.full((3, 3), 0.3, dtype=np.float32)
    _, d_scores = pipe.get_loss(batch, scores)
    assert d_scores[:2].all()
    assert not d_scores[2].any()


def test_categories_are_those_of_all_documents():
    """The first Example names categories that come late, and a teacher's."""
    nlp = make_nlp()
    examples = make_examples(nlp, [("some text", {"x": 1.0, "y": 0.0})])
    examples[0].reference.user_data[GOLD_LABELS] = ("late", "x", "y")
    nlp.initialize(lambda: examples)
    assert nlp.get_pipe("textcat").labels == ("late", "x", "y")
    examples[0].reference.user_data[COLUMNS] = ("y", "x")
    with pytest.raises(DistillError, match="the categories y, x, got late in the gold"):
        make_nlp().initialize(lambda: examples)


@pytest.mark.parametrize(
    ("exclusive", "cats", "message"),
    [
        (True, {"x": 1.0}, "exclude each other, got 'x' alone"),
        (True, {}, "got neither: set doc.cats"),
        (False, {}, "got neither: set doc.cats"),
        (True, {"x": 1.5, "y": 0.0}, "from 0 to 1 in doc.cats, got 1.5 for 'x'"),
        (False, {"x": float("nan")}, "from 0 to 1 in doc.cats, got nan for 'x'"),
    ],
)
def test_what_does_not_fit(exclusive, cats, message):
    nlp = make_nlp(exclusive)
    examples = make_examples(nlp, [("some text", cats)])
    with pytest.raises(DistillError, match=message):
        nlp.initialize(lambda: examples)


PREDICT = """
import importlib.util, json, sys
import spacy
from spacy.training import Example

assert importlib.util.find_spec("spacy_distill") is None
nlp = spacy.load(sys.argv[1])
texts = json.loads(sys.argv[2])
print(json.dumps([doc.cats for doc in nlp.pipe(texts)]))
# It goes on learning, and starts anew.
examples = [Example.from_dict(nlp.make_doc(text), {"cats": {}}) for text in texts]
for eg in examples:
    eg.reference.cats = {label: float(label == "good") for label in nlp("a").cats}
for start in (nlp.resume_training, lambda: nlp.initialize(lambda: examples)):
    optimizer = start()
    assert optimizer.learn_rate == 0.02, optimizer.learn_rate
    losses = [nlp.update(examples, sgd=optimizer)["textcat"] for _ in range(5)]
    assert losses[-1] < losses[0], losses
"""


@pytest.mark.parametrize("exclusive", [True, False])
def test_spacy_train_saves_a_pipeline_for_spacy_alone(exclusive, tmp_path):
    gold = str(
        write_categories(tmp_path / "gold.spacy", make_data(120, exclusive=exclusive))
    )
    factory = "soft_textcat" if exclusive else "soft_textcat_multilabel"
    overrides = {
        "paths.train": gold,
        "paths.dev": gold,
        "training.train_corpus": "corpora.gold",
        "components.textcat.factory": factory,
        "components.textcat.model.exclusive_classes": exclusive,
        "components.textcat.model.length": 2048,
        "training.max_steps": 40,
        "training.eval_frequency": 20,
        "training.optimizer.learn_rate.initial_rate": 0.02,
        "training.optimizer.learn_rate.warmup_steps": 5,
    }
    spacy_train(CONFIGS / "textcat_spacy.cfg", tmp_path / "out", overrides=overrides)
    for name in ("model-best", "model-last"):
        nlp = spacy.load(tmp_path / "out" / name)
        assert nlp.get_pipe_meta("textcat").factory == factory.replace("soft_", "")
        assert nlp.meta["performance"]["cats_score"] > 0.9
    texts = [text for text, _ in make_data(5, seed=1)]
    environment = CleanEnvironment(tmp_path / "clean")
    folder = str(tmp_path / "out" / "model-last")
    printed = environment.run(PREDICT, folder, json.dumps(texts))
    for found, doc in zip(json.loads(printed), nlp.pipe(texts)):
        assert found == pytest.approx(doc.cats, abs=1e-6)
