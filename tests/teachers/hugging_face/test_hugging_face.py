import json
import shutil
from functools import cache

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.util import registry
from taught import assert_says_what_it_learned, decoded
from tiny_classifiers import LENGTH, SCHEMES, TEXTS, make_bert, make_roberta, make_table
from transformers import pipeline

from spacy_distill.errors import DistillError
from spacy_distill.teachers.base import LostEntity
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
def test_a_model_of_any_scheme_says_what_it_learned(teacher_of, kind, scheme):
    teacher = teacher_of(kind, scheme)
    assert_says_what_it_learned(teacher)


WORDS = sorted({word for text in TEXTS for word in text.split()})
pieces_of_text = st.sampled_from(
    [*WORDS, *WORDS, "-", ".", ",", "'s", "10km", "cannot"]
)


@st.composite
def any_docs(draw):
    """A text of known words, cut into tokens anywhere."""
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
def test_every_entity_of_the_model_is_carried_or_named(
    folder_of, teacher_of, scheme, pooling, strategy
):
    """What it finds is asked of the pipeline that comes with the model."""
    theirs = pipeline(
        "token-classification",
        model=str(folder_of("bert", scheme)),
        aggregation_strategy=strategy,
    )
    teacher = teacher_of("bert", scheme, pooling=pooling)

    @settings(max_examples=150, deadline=None)
    @given(doc=any_docs())
    def check(doc):
        if len(teacher._classifier.cut([doc.text])[0].ids) > LENGTH - 2:
            return
        own = [
            (e["start"], e["end"], e["entity_group"])
            for e in theirs(doc.text)
            if e["entity_group"] != "O"
        ]
        (logits,) = teacher.logits([doc])
        carried = {
            (doc[s].idx, doc[e - 1].idx + len(doc[e - 1]), label)
            for s, e, label in decoded(teacher, logits)
        }
        (lost,) = teacher.lost_entities([doc])
        missing = [entity for entity in own if entity not in carried]
        assert [(e.text, e.label) for e in lost] == [
            (doc.text[start:end], label) for start, end, label in missing
        ]
        for entity, (start, _, _) in zip(lost, missing):
            token = doc[entity.token]
            assert token.idx <= start < token.idx + len(token)

    check()


def test_entities_that_do_not_keep_to_tokens(tmp_path):
    tags = {"an": "B-PER", "lo": "I-PER", "be": "B-PER"}
    teacher = hugging_face_teacher_v1(str(make_table(tmp_path / "bert", tags)))
    words = ["anna", "lowe-the", "ferry", "the-ben-in", "mill", "the-ben", "lowe"]
    doc = Doc(NLP.vocab, words=words)
    (logits,) = teacher.logits([doc])
    (lost,) = teacher.lost_entities([doc])
    assert decoded(teacher, logits) == [(0, 2, "PER"), (6, 7, "PER")]
    assert lost == [
        LostEntity(
            *(0, "anna lowe", "PER", "ends inside a token, is now 'anna lowe-the'")
        ),
        LostEntity(3, "ben", "PER", "begins and ends inside a token, is gone"),
        LostEntity(
            *(5, "ben lowe", "PER", "begins inside a token, only 'lowe' is left")
        ),
    ]


def test_poolings(folder_of, teacher_of):
    """`anna` is `an` and `##na`."""
    classifier = teacher_of("bert")._classifier
    doc = NLP.make_doc("anna")
    (rows,) = classifier.probabilities(classifier.cut([doc.text]))
    assert len(rows) == 2
    expected = {
        "first": rows[0],
        "mean": rows.mean(axis=0),
        "max": rows[rows.max(axis=1).argmax()],
    }
    found = {}
    for pooling, row in expected.items():
        teacher = teacher_of("bert", pooling=pooling)
        (logits,) = teacher.logits([doc])
        # All of a label's probability is for an entity of one token.
        tags = dict(zip(teacher.tags, np.exp(logits[0])))
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
    rows = teacher.logits(docs)
    assert [row.shape for row in rows] == [(len(doc), 9) for doc in docs]
    assert [mask.tolist() for mask in teacher.without_pieces(docs)] == [
        [],
        [False],
        [False, True, False, False, False],
        [False] * 4,
    ]
    assert teacher.logits([]) == []
    assert teacher.sizes([]) == []
    assert teacher.lost_entities([]) == []
    # White space between words of an entity is inside, around it is not.
    assert decoded(teacher, rows[3]) == [(0, 3, "PER")]
    assert not any(doc.user_data for doc in docs)


def test_no_matter_in_which_company(teacher_of):
    teacher = teacher_of("roberta")
    docs = [NLP.make_doc(text) for text in TEXTS]
    together = teacher.logits(docs)
    for doc, row in zip(docs, together):
        (alone,) = teacher.logits([doc])
        np.testing.assert_allclose(row, alone, atol=1e-4)


def test_long_text_is_read_to_the_end(teacher_of):
    """The last words are what the last window says of them, and it alone."""
    text = " ".join(TEXTS * 5)
    doc = NLP.make_doc(text)
    for kind in MAKERS:
        teacher = teacher_of(kind, window=12, overlap=4)
        (logits,) = teacher.logits([doc])
        (mask,) = teacher.without_pieces([doc])
        assert not mask.any()
        (changed,) = teacher.logits([NLP.make_doc(f"{text[:-6]}ben")])
        assert text.endswith("sailed")
        np.testing.assert_allclose(logits[:-20], changed[:-20], atol=1e-5)
        assert np.abs(logits[-1] - changed[-1]).max() > 0.5


def test_sizes_and_word_pieces(teacher_of):
    teacher = teacher_of("bert")
    docs = [NLP.make_doc(text) for text in ("anna", "the mill", "")]
    # With the two that frame each text, unless it is empty and never read.
    assert teacher.sizes(docs) == [4, 4, 0]
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
    # By name or by number, the same options are the same teacher.
    again = hugging_face_teacher_v1(str(copy), window=LENGTH, overlap=LENGTH // 8)
    assert again.hash == before
    hashes = {
        hugging_face_teacher_v1(str(copy), **options).hash
        for options in ({"pooling": "max"}, {"window": 20}, {"overlap": 1})
    }
    assert len(hashes | {before}) == 4
    make_bert(copy, steps=1)
    assert hugging_face_teacher_v1(str(copy)).hash not in hashes | {before}


def test_named_by_its_folder_or_a_config(folder_of, tmp_path):
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
def test_labels_that_make_no_sense(folder_of, tmp_path, names, told):
    copy = shutil.copytree(folder_of("bert"), tmp_path / "copy")
    config = json.loads((copy / "config.json").read_text())
    config["id2label"] = dict(enumerate(names))
    config["label2id"] = {name: i for i, name in enumerate(names)}
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(DistillError, match=told):
        load_teacher(copy)


def test_a_hub_name_without_a_network():
    with pytest.raises(DistillError, match="give the folder"):
        load_teacher("some/model")
