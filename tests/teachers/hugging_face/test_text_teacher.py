"""Sequence classifiers of Hugging Face as teachers, against transformers itself."""

import json
from functools import cache

import numpy as np
import pytest
import spacy
import torch
from spacy.util import registry
from tiny_classifiers import LENGTH, TEXTS
from tiny_text_classifiers import (
    CATEGORIES,
    expit,
    make_text_bert,
    make_text_gpt2,
    make_text_roberta,
    softmax,
)
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    pipeline,
)

from spacy_distill.errors import DistillError
from spacy_distill.teachers.hugging_face.text_teacher import (
    hugging_face_text_teacher_v1,
)
from spacy_distill.teachers.load import load_teacher
from spacy_distill.teachers.predict import predict_docs
from spacy_distill.windows import max_context_ranges, split

MAKERS = {
    "bert": make_text_bert,
    "roberta": make_text_roberta,
    "gpt2": make_text_gpt2,
}
NLP = spacy.blank("en")
MULTILABEL = "multi_label_classification"
LONG = " ".join(TEXTS * 4)


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    root = tmp_path_factory.mktemp("text_classifiers")

    @cache
    def make(kind, names=CATEGORIES, **config):
        name = "-".join([kind, *names, *map(str, config.values())])
        return MAKERS[kind](root / name, names, **config)

    return make


def predict(teacher, texts):
    found = teacher.predict([NLP.make_doc(text) for text in texts])
    for prediction in found:
        assert prediction.logits.shape == (1, len(teacher.task.columns))
        assert prediction.logits.dtype == np.float32
        assert prediction.unaligned is None
        assert prediction.dropped == ()
    return np.concatenate([prediction.logits for prediction in found])


def by_hand(folder, texts):
    """Return the logits of whole texts, one by one."""
    model = AutoModelForSequenceClassification.from_pretrained(str(folder)).eval()
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    with torch.inference_mode():
        rows = [model(**tokenizer(t, return_tensors="pt")).logits for t in texts]
    return torch.cat(rows).numpy()


@pytest.mark.parametrize("kind", MAKERS)
def test_logits_are_those_of_transformers(folder_of, kind):
    """Of texts of any length in one batch, with and without padding."""
    folder = folder_of(kind)
    teacher = load_teacher(folder)
    assert (teacher.task.name, teacher.task.labels) == ("textcat", CATEGORIES)
    np.testing.assert_allclose(
        predict(teacher, TEXTS), by_hand(folder, TEXTS), atol=1e-5
    )


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_texts_without_words(folder_of, kind):
    """The model reads its special tokens."""
    folder = folder_of(kind)
    found = predict(load_teacher(folder), ["", "  \n", "ben"])
    expected = by_hand(folder, [""])
    np.testing.assert_allclose(found[:1], expected, atol=1e-5)
    assert not np.allclose(found[2], expected)


def test_texts_without_any_piece(folder_of):
    found = predict(load_teacher(folder_of("gpt2")), ["", TEXTS[0]])
    assert not found[0].any()
    assert found[1].any()


@pytest.mark.parametrize("problem", [None, MULTILABEL])
@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_long_texts_in_windows(folder_of, kind, problem):
    """The mean of the windows' probabilities, by the pieces with most context."""
    folder = folder_of(kind, problem_type=problem)
    teacher = load_teacher(folder)
    probabilities = expit if problem else softmax
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    ids = tokenizer(LONG, add_special_tokens=False)["input_ids"]
    windows = split(len(ids), window=LENGTH - 2, overlap=LENGTH // 8)
    assert len(windows) > 5
    model = AutoModelForSequenceClassification.from_pretrained(str(folder)).eval()
    expected = 0.0
    for (start, end), (first, last) in zip(windows, max_context_ranges(windows)):
        one = tokenizer.build_inputs_with_special_tokens(ids[start:end])
        assert len(one) <= LENGTH
        with torch.inference_mode():
            logits = model(torch.tensor([one])).logits.numpy()
        expected = expected + (last - first) / len(ids) * probabilities(logits)
    # With other texts, so that a batch has windows of several texts.
    found, *others = predict(teacher, [LONG, *TEXTS])
    np.testing.assert_allclose(probabilities(found[None]), expected, atol=1e-5)
    np.testing.assert_allclose(others, by_hand(folder, TEXTS), atol=1e-5)


def test_many_tokens_in_windows_of_tokens(folder_of):
    """Windows of tokens are merged after those of pieces."""
    teacher = load_teacher(folder_of("bert"))
    doc = NLP.make_doc(LONG)
    (whole,) = predict_docs(teacher, [doc], window=len(doc), overlap=0)
    (parts,) = predict_docs(teacher, [doc], window=len(doc) // 2, overlap=0)
    assert whole.logits.shape == parts.logits.shape == (1, 3)
    halves = [doc[: len(doc) // 2].text, doc[len(doc) // 2 :].text]
    mean = softmax(predict(teacher, halves)).mean(axis=0)
    np.testing.assert_allclose(softmax(parts.logits)[0], mean, atol=5e-3)


def test_several_categories(folder_of):
    folder = folder_of("bert", problem_type=MULTILABEL)
    teacher = load_teacher(folder)
    assert teacher.task.name == "textcat_multilabel"
    loaded = pipeline("text-classification", model=str(folder), top_k=None)
    for row, scores in zip(predict(teacher, TEXTS), loaded(TEXTS)):
        expected = {one["label"]: one["score"] for one in scores}
        assert dict(zip(teacher.task.labels, expit(row))) == pytest.approx(
            expected, abs=1e-5
        )


def test_pipeline_object(folder_of):
    folder = folder_of("bert")
    loaded = pipeline("text-classification", model=str(folder), top_k=None)
    teacher = load_teacher(loaded)
    assert teacher.name == folder.name
    for row, scores in zip(predict(teacher, TEXTS), loaded(TEXTS)):
        expected = {one["label"]: one["score"] for one in scores}
        assert dict(zip(teacher.task.labels, softmax(row))) == pytest.approx(
            expected, abs=1e-5
        )
    same = pipeline("sentiment-analysis", model=str(folder))
    assert load_teacher(same).hash == teacher.hash
    several = pipeline(
        "text-classification", model=str(folder), function_to_apply="sigmoid"
    )
    assert load_teacher(several).task.name == "textcat_multilabel"
    assert load_teacher(several).hash != teacher.hash


def test_new_names(folder_of):
    folder = folder_of("bert")
    teacher = load_teacher(folder, labels={"sea": "water", "O": None})
    assert teacher.task.labels == ("water", "land")
    before = softmax(by_hand(folder, TEXTS))[:, :2]
    np.testing.assert_allclose(
        softmax(predict(teacher, TEXTS)),
        before / before.sum(axis=1, keepdims=True),
        atol=1e-5,
    )
    merged = load_teacher(folder, labels={"sea": "there", "land": "there"})
    assert merged.task.labels == ("there", "O")
    np.testing.assert_allclose(
        softmax(predict(merged, TEXTS))[:, 0], before.sum(axis=1), atol=1e-5
    )


def test_outputs_without_names(folder_of, tmp_path):
    folder = folder_of("bert", ("LABEL_0", "LABEL_1", "sea"))
    with pytest.raises(DistillError, match="got the default 'LABEL_0', 'LABEL_1'") as e:
        load_teacher(folder)
    # The advice works as it is, with names changed or not.
    advice = str(e.value)
    new = json.loads(advice[advice.index("labels = ") + len("labels = ") :])
    assert new == {"LABEL_0": "LABEL_0", "LABEL_1": "LABEL_1"}
    config = tmp_path / "teacher.cfg"
    for names in (new, {"LABEL_0": "ham", "LABEL_1": None}):
        config.write_text(
            "[teacher]\n"
            '@misc = "spacy_distill.HuggingFaceTextTeacher.v1"\n'
            f'name = "{folder}"\nlabels = {json.dumps(names)}\n'
        )
        kept = tuple(name for name in names.values() if name)
        assert load_teacher(config).task.labels == (*kept, "sea")


@pytest.mark.parametrize(
    ("names", "config", "told"),
    [
        (("sea",), {}, "two or more categories in .*, got a single output"),
        (("a", "b"), {"problem_type": "regression"}, "got a regression: use another"),
    ],
)
def test_no_categories(folder_of, names, config, told):
    with pytest.raises(DistillError, match=told):
        load_teacher(folder_of("bert", names, **config))


def test_one_category_of_several(folder_of):
    teacher = load_teacher(folder_of("bert", ("sea",), problem_type=MULTILABEL))
    assert teacher.task.labels == ("sea",)
    assert predict(teacher, TEXTS).shape == (len(TEXTS), 1)


def test_options(folder_of):
    folder = folder_of("bert")
    make = registry.misc.get("spacy_distill.HuggingFaceTextTeacher.v1")
    assert make is hugging_face_text_teacher_v1
    plain = make(str(folder))
    several = make(str(folder), exclusive=False)
    assert several.task.name == "textcat_multilabel"
    narrow = make(str(folder), window=10, overlap=2)
    hashes = {plain.hash, several.hash, narrow.hash}
    assert len(hashes) == 3
    assert load_teacher(folder).hash == plain.hash
    assert not np.allclose(predict(plain, [LONG]), predict(narrow, [LONG]))
    with pytest.raises(DistillError, match="at most 24 word pieces"):
        make(str(folder), window=25)


def test_word_pieces(folder_of):
    """The student's word embeddings start from them."""
    teacher = load_teacher(folder_of("bert"))
    pieces = teacher.word_pieces()
    assert {"an", "na", "mill"} <= set(pieces.surfaces)
    assert teacher.sizes([NLP.make_doc("anna")]) == [4]


def test_a_token_classifier_is_no_text_classifier(tmp_path):
    from tiny_classifiers import make_bert

    folder = make_bert(tmp_path / "ner", steps=0)
    with pytest.raises(DistillError, match="trained text classifier in .*fine-tune it"):
        hugging_face_text_teacher_v1(str(folder))
