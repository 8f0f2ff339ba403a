import json
import shutil
from functools import cache

import numpy as np
import pytest
import spacy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.util import registry
from taught import (
    assert_predicts_training_data,
    best_spans,
    logits_of,
    unaligned_of,
)
from tiny_classifiers import LENGTH, SCHEMES, TEXTS, make_bert, make_roberta, make_table
from transformers import pipeline

from spacy_distill.errors import DistillError
from spacy_distill.teachers.base import DroppedSpan
from spacy_distill.teachers.hugging_face.teacher import hugging_face_teacher_v1
from spacy_distill.teachers.load import load_teacher

MAKERS = {"bert": make_bert, "roberta": make_roberta}
NLP = spacy.blank("en")


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    root = tmp_path_factory.mktemp("classifiers")

    @cache
    def make(kind, scheme="BIO"):
        return MAKERS[kind](root / f"{kind}-{scheme}", scheme)

    return make


@pytest.fixture(scope="module")
def teacher_of(folder_of):
    @cache
    def load(kind, scheme="BIO", **options):
        return hugging_face_teacher_v1(str(folder_of(kind, scheme)), **options)

    return load


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", MAKERS)
def test_training_data_is_predicted_in_any_scheme(teacher_of, kind, scheme):
    teacher = teacher_of(kind, scheme)
    assert_predicts_training_data(teacher)


WORDS = sorted({word for text in TEXTS for word in text.split()})
pieces_of_text = st.sampled_from(
    [*WORDS, *WORDS, "-", ".", ",", "'s", "10km", "cannot"]
)


@st.composite
def any_docs(draw):
    """Draw a text of known words with arbitrary token boundaries."""
    parts = draw(st.lists(pieces_of_text, min_size=1, max_size=7))
    gaps = draw(st.lists(st.sampled_from([" ", "", "  ", "\n"]), min_size=7))
    text = "".join(f"{part}{gap}" for part, gap in zip(parts, gaps)).strip()
    if draw(st.booleans()):
        return NLP.make_doc(text)
    words, spaces = [], []
    for chunk in text.split(" "):
        while chunk:
            size = draw(st.integers(1, len(chunk)))
            words.append(chunk[:size])
            spaces.append(False)
            chunk = chunk[size:]
        if words and not spaces[-1]:
            spaces[-1] = True
    return Doc(NLP.vocab, words=words, spaces=spaces)


@pytest.mark.parametrize(
    ("scheme", "pooling", "strategy"),
    [
        ("BIO", "first", "first"),
        ("IOB1", "first", "first"),
        ("plain", "first", "first"),
        ("BIO", "mean", "average"),
        ("plain", "max", "max"),
    ],
)
def test_every_entity_is_predicted_or_dropped(
    folder_of, teacher_of, scheme, pooling, strategy
):
    """Compare with the entities of the `transformers` pipeline."""
    theirs = pipeline(
        "token-classification",
        model=str(folder_of("bert", scheme)),
        aggregation_strategy=strategy,
    )
    teacher = teacher_of("bert", scheme, pooling=pooling)

    @settings(max_examples=150, deadline=None)
    @given(doc=any_docs())
    def check(doc):
        if len(teacher._model.tokenize([doc.text])[0].ids) > LENGTH - 2:
            return
        own = [
            (e["start"], e["end"], e["entity_group"])
            for e in theirs(doc.text)
            if e["entity_group"] != "O"
        ]
        ((logits, _, dropped),) = teacher.predict([doc])
        found = {
            (doc[s].idx, doc[e - 1].idx + len(doc[e - 1]), label)
            for s, e, label in best_spans(teacher, logits)
        }
        missing = [entity for entity in own if entity not in found]
        assert [(span.text, span.label) for span in dropped] == [
            (doc.text[start:end], label) for start, end, label in missing
        ]
        for span, (start, _, _) in zip(dropped, missing):
            token = doc[span.token]
            assert token.idx <= start < token.idx + len(token)

    check()


def test_entities_that_do_not_keep_to_tokens(tmp_path):
    tags = {"an": "B-PER", "lo": "I-PER", "be": "B-PER"}
    teacher = hugging_face_teacher_v1(str(make_table(tmp_path / "bert", tags)))
    words = ["anna", "lowe-the", "ferry", "the-ben-in", "mill", "the-ben", "lowe"]
    doc = Doc(NLP.vocab, words=words)
    ((logits, _, dropped),) = teacher.predict([doc])
    assert best_spans(teacher, logits) == [(0, 2, "PER"), (6, 7, "PER")]
    assert list(dropped) == [
        DroppedSpan(
            *(0, "anna lowe", "PER", "ends inside a token, is now 'anna lowe-the'")
        ),
        DroppedSpan(3, "ben", "PER", "begins and ends inside a token, is gone"),
        DroppedSpan(
            *(5, "ben lowe", "PER", "begins inside a token, only 'lowe' is left")
        ),
    ]


def test_poolings(folder_of, teacher_of):
    """Test a word with the two pieces `an` and `##na`."""
    classifier = teacher_of("bert")._model
    doc = NLP.make_doc("anna")
    (rows,) = classifier.probabilities(classifier.tokenize([doc.text]))
    assert len(rows) == 2
    expected = {
        "first": rows[0],
        "mean": rows.mean(axis=0),
        "max": rows[rows.max(axis=1).argmax()],
    }
    found = {}
    for pooling, row in expected.items():
        teacher = teacher_of("bert", pooling=pooling)
        (logits,) = logits_of(teacher, [doc])
        # With one token, U has all of a label's probability.
        tags = dict(zip(teacher.task.columns, np.exp(logits[0])))
        names = classifier.labels
        for label in ("PER", "LOC"):
            both = row[names.index(f"B-{label}")] + row[names.index(f"I-{label}")]
            assert tags[f"U-{label}"] == pytest.approx(both, abs=2e-3)
        assert tags["O"] == pytest.approx(row[names.index("O")], abs=2e-3)
        found[pooling] = teacher.hash
    assert len(set(found.values())) == 3


def test_odd_documents(teacher_of):
    teacher = teacher_of("bert")
    other = spacy.blank("en")
    docs = [
        other.make_doc(""),
        other.make_doc(" \n\n "),
        Doc(other.vocab, words=["anna", "\u0080", "lowe", "  ", "é\u0301"]),
        other.make_doc("anna\n\nlowe sailed"),
    ]
    predictions = teacher.predict(docs)
    assert [p.logits.shape for p in predictions] == [(len(doc), 9) for doc in docs]
    assert unaligned_of(predictions) == [[], [], [1], []]
    assert teacher.predict([]) == []
    assert teacher.sizes([]) == []
    # Whitespace between the words of an entity is part of the entity.
    assert best_spans(teacher, predictions[3].logits) == [(0, 3, "PER")]
    assert not any(doc.user_data for doc in docs)


def test_logits_do_not_depend_on_the_batch(teacher_of):
    teacher = teacher_of("roberta")
    docs = [NLP.make_doc(text) for text in TEXTS]
    together = logits_of(teacher, docs)
    for doc, row in zip(docs, together):
        (alone,) = logits_of(teacher, [doc])
        np.testing.assert_allclose(row, alone, atol=1e-4)


def test_long_text_is_not_truncated(teacher_of):
    """The logits of the last words depend only on the last window."""
    text = " ".join(TEXTS * 5)
    doc = NLP.make_doc(text)
    for kind in MAKERS:
        teacher = teacher_of(kind, window=12, overlap=4)
        ((logits, unaligned, _),) = teacher.predict([doc])
        assert unaligned is None
        (changed,) = logits_of(teacher, [NLP.make_doc(f"{text[:-6]}ben")])
        assert text.endswith("sailed")
        np.testing.assert_allclose(logits[:-20], changed[:-20], atol=1e-5)
        assert np.abs(logits[-1] - changed[-1]).max() > 0.5


def test_sizes_and_word_pieces(teacher_of):
    teacher = teacher_of("bert")
    docs = [NLP.make_doc(text) for text in ("anna", "the mill", "")]
    # Including two special tokens.
    assert teacher.sizes(docs) == [4, 4, 2]
    pieces = teacher.word_pieces()
    assert pieces is not None
    assert {"an", "na", "mill"} <= set(pieces.surfaces)
    assert pieces.vectors.shape == (len(pieces.surfaces), 32)
    assert teacher_of("roberta").word_pieces() is not None


def test_hash_is_of_weights_and_options(folder_of, tmp_path):
    folder = folder_of("bert")
    before = hugging_face_teacher_v1(str(folder)).hash
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "README.md").write_text("All about it.")
    (copy / "optimizer.pt").write_bytes(b"0")
    assert hugging_face_teacher_v1(str(copy)).hash == before
    # The hash is the same for default options and for their explicit values.
    again = hugging_face_teacher_v1(str(copy), window=LENGTH, overlap=LENGTH // 8)
    assert again.hash == before
    hashes = {
        hugging_face_teacher_v1(str(copy), **options).hash
        for options in ({"pooling": "max"}, {"window": 20}, {"overlap": 1})
    }
    assert len(hashes | {before}) == 4
    make_bert(copy, steps=1)
    assert hugging_face_teacher_v1(str(copy)).hash not in hashes | {before}


def test_load_by_folder_and_config(folder_of, tmp_path):
    folder = folder_of("bert", "IOB1")
    teacher = load_teacher(folder)
    assert teacher.name == "bert-IOB1"
    assert teacher.nlp.lang == "en"
    assert registry.misc.get("spacy_distill.HuggingFaceTeacher.v1")
    path = tmp_path / "teacher.cfg"
    path.write_text(
        "[teacher]\n"
        '@misc = "spacy_distill.HuggingFaceTeacher.v1"\n'
        f'name = "{folder}"\n'
        'lang = "de"\n'
    )
    described = load_teacher(path)
    assert described.nlp.lang == "de"
    assert described.hash == teacher.hash


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"pooling": "last"}, "first, mean, max, got 'last'"),
        ({"lang": "xyz"}, "a language that spaCy knows.*'xyz'"),
        ({"window": 1000}, "at most 24 word pieces"),
    ],
)
def test_options_out_of_range(folder_of, options, told):
    with pytest.raises(DistillError, match=told) as info:
        hugging_face_teacher_v1(str(folder_of("bert")), **options)
    assert "\n" not in str(info.value)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3", "LABEL_4"], "the default"),
        (["O", "B-PER", "I-PER", "LOC", "I-LOC"], "of one scheme"),
        (["PER", "LOC", "ORG", "ART", "DATE"], "label 'O'"),
    ],
)
def test_invalid_labels(folder_of, tmp_path, names, told):
    with pytest.raises(DistillError, match=told):
        load_teacher(with_names(folder_of("bert"), tmp_path / "copy", names))


def with_names(folder, copy, names):
    """Copy a model, with other names of its outputs."""
    shutil.copytree(folder, copy)
    config = json.loads((copy / "config.json").read_text())
    config["id2label"] = dict(enumerate(names))
    config["label2id"] = {name: i for i, name in enumerate(names)}
    (copy / "config.json").write_text(json.dumps(config))
    return copy


@pytest.mark.parametrize(
    "names",
    [
        ["o", "b-PER", "i-PER", "b-LOC", "i-LOC"],
        ["O", "PER_B", "PER_I", "LOC_B", "LOC_I"],
        ["OUTSIDE", "BEGIN.PER", "INSIDE.PER", "BEGIN.LOC", "INSIDE.LOC"],
        ["O", "BPER", "IPER", "BLOC", "ILOC"],
    ],
)
def test_other_spellings_predict_the_same(folder_of, teacher_of, tmp_path, names):
    teacher = load_teacher(with_names(folder_of("bert"), tmp_path / "copy", names))
    assert teacher.task.labels == ("PER", "LOC")
    assert_same_predictions(teacher, teacher_of("bert"))


def assert_same_predictions(teacher, expected):
    docs = [NLP.make_doc(text) for text in TEXTS]
    for found, wanted in zip(teacher.predict(docs), expected.predict(docs)):
        np.testing.assert_array_equal(found.logits, wanted.logits)


def test_names_that_a_model_lacks_are_given(folder_of, teacher_of, tmp_path):
    """As the error message advises: the map of the message, with the values changed."""
    names = [f"LABEL_{i}" for i in range(5)]
    copy = with_names(folder_of("bert"), tmp_path / "copy", names)
    with pytest.raises(DistillError, match="the default 'LABEL_0'") as info:
        load_teacher(copy)
    advised = str(info.value).partition("labels = ")[2]
    for name, new in zip(names, ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]):
        advised = advised.replace(f': "{name}"', f': "{new}"')
    path = tmp_path / "teacher.cfg"
    path.write_text(
        "[teacher]\n"
        '@misc = "spacy_distill.HuggingFaceTeacher.v1"\n'
        f'name = "{copy}"\n'
        f"labels = {advised}\n"
    )
    teacher = load_teacher(path)
    assert_same_predictions(teacher, teacher_of("bert"))
    in_python = load_teacher(copy, labels=json.loads(advised))
    assert in_python.hash == teacher.hash
    as_object = pipeline("token-classification", model=str(copy))
    as_object = load_teacher(as_object, labels=json.loads(advised))
    assert_same_predictions(as_object, teacher)
    merged = {**json.loads(advised), "LABEL_3": "B-PER", "LABEL_4": "I-PER"}
    other = load_teacher(copy, labels=merged)
    assert other.task.labels == ("PER",)
    assert other.hash != teacher.hash
    with_o = load_teacher(copy, labels={**merged, "LABEL_3": None, "LABEL_4": None})
    assert best_spans(with_o, logits_of(with_o, [NLP.make_doc(TEXTS[0])])[0]) == [
        (0, 2, "PER")
    ]


@pytest.mark.parametrize("pooling", ["first", "mean", "max"])
def test_outputs_for_special_tokens_add_to_o(folder_of, tmp_path, pooling):
    from transformers import BertForTokenClassification

    whole = BertForTokenClassification.from_pretrained(str(folder_of("bert")))
    names = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "X", "[CLS]", "I-O"]
    # The new outputs say what O says, so that O has four times its weight.
    rows = [0, 1, 2, 3, 4, 0, 0, 0]
    with torch.no_grad():
        linear = torch.nn.Linear(32, len(rows))
        linear.weight.copy_(whole.classifier.weight[rows])
        linear.bias.copy_(whole.classifier.bias[rows])
    whole.classifier, whole.num_labels = linear, len(rows)
    whole.config.id2label = dict(enumerate(names))
    whole.config.label2id = {name: i for i, name in enumerate(names)}
    copy = shutil.copytree(folder_of("bert"), tmp_path / "copy")
    whole.save_pretrained(copy)
    teacher = hugging_face_teacher_v1(str(copy), pooling=pooling)
    assert teacher.task.labels == ("PER", "LOC")
    expected = shutil.copytree(folder_of("bert"), tmp_path / "heavy")
    model = BertForTokenClassification.from_pretrained(str(expected))
    with torch.no_grad():
        model.classifier.bias[0] += np.log(4)
    model.save_pretrained(expected)
    heavy = hugging_face_teacher_v1(str(expected), pooling=pooling)
    docs = [NLP.make_doc(text) for text in TEXTS]
    for found, wanted in zip(logits_of(teacher, docs), logits_of(heavy, docs)):
        np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_a_hub_name_without_a_network():
    with pytest.raises(DistillError, match="give the folder"):
        load_teacher("some/model")


def test_pipeline_object(folder_of):
    folder = folder_of("bert")
    loaded = pipeline("token-classification", model=str(folder))
    teacher = load_teacher(loaded)
    expected = hugging_face_teacher_v1(str(folder))
    assert teacher.name == expected.name
    docs = [NLP.make_doc(text) for text in TEXTS]
    for found, wanted in zip(teacher.predict(docs), expected.predict(docs)):
        np.testing.assert_array_equal(found.logits, wanted.logits)
    assert load_teacher(pipeline("ner", model=str(folder))).hash == teacher.hash
    with torch.no_grad():
        loaded.model.classifier.bias += 1
    assert load_teacher(loaded).hash != teacher.hash
    loaded.task = "text-generation"
    with pytest.raises(DistillError, match="got one for text-generation"):
        load_teacher(loaded)
