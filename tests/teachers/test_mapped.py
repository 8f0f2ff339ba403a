import json

import numpy as np
import pytest
from annotated import CITY, PERSON, TEXT, line, write_lines
from hash_teacher import HashTeacher, make_pieces
from hypothesis import given, settings
from hypothesis import strategies as st
from taught import logits_of, unaligned_of
from tiny_teachers import make_cnn_teacher

from spacy_distill.arrays import softmax
from spacy_distill.errors import DistillError
from spacy_distill.tasks.ner.tags import biluo_tags
from spacy_distill.teachers.annotations.teacher import AnnotationsTeacher
from spacy_distill.teachers.base import Teacher
from spacy_distill.teachers.mapped import MappedTeacher, mapped_teacher_v1
from spacy_distill.teachers.spacy_pipelines.component import CompactNERTeacher

LABELS = ("PERSON", "GPE", "DATE", "LOC")
MAP = {"GPE": "LOC", "PERSON": "PER", "DATE": None, "LOC": "LOC"}
TEXTS = ["Anna lives in Paris .", "", "The old dog ."]


def docs_of(teacher):
    return [teacher.nlp.make_doc(text) for text in TEXTS]


def summed(row, tags, labels, new_tags):
    """Return the probabilities of new tags, summed one by one."""
    out = dict.fromkeys(new_tags, 0.0)
    for tag, probability in zip(tags, row):
        new = None if tag == "O" else labels[tag[2:]]
        out["O" if new is None else tag[:2] + new] += probability
    return [out[tag] for tag in new_tags]


def check_sums(teacher, labels):
    mapped = MappedTeacher(teacher, labels)
    docs = docs_of(teacher)
    for found, logits in zip(logits_of(mapped, docs), logits_of(teacher, docs)):
        assert found.dtype == np.float32
        assert found.shape == (len(logits), len(mapped.task.columns))
        expected = [
            summed(row, teacher.task.columns, labels, mapped.task.columns)
            for row in softmax(logits.astype(np.float64))
        ]
        expected = np.array(expected).reshape(found.shape)
        np.testing.assert_allclose(np.exp(found), expected, rtol=1e-4)
        np.testing.assert_allclose(np.exp(found).sum(axis=1), 1.0, rtol=1e-5)


def test_probabilities_are_summed():
    check_sums(HashTeacher(labels=LABELS), MAP)
    mapped = mapped_teacher_v1(HashTeacher(labels=LABELS), MAP)
    assert mapped.task.columns == biluo_tags(["LOC", "PER"])


NEW = st.sampled_from(["A", "B", "C", None])


@settings(deadline=None, max_examples=25)
@given(st.tuples(NEW, NEW, NEW, NEW).filter(any), st.permutations(LABELS))
def test_any_map(new, order):
    labels = {old: dict(zip(LABELS, new))[old] for old in order}
    mapped = MappedTeacher(TEACHER, labels)
    expected = dict.fromkeys(label for label in labels.values() if label)
    assert mapped.task.columns == biluo_tags(list(expected))
    check_sums(TEACHER, labels)


TEACHER = HashTeacher(labels=LABELS)


def test_identity_map_keeps_logits():
    """Low probabilities are neither rounded nor clipped."""
    teacher = CompactNERTeacher(make_cnn_teacher(), "ner")
    mapped = MappedTeacher(teacher, {"LOC": "LOC", "PER": "PER"})
    assert mapped.task.columns == teacher.task.columns
    assert isinstance(mapped, Teacher)
    docs = docs_of(teacher)
    for found, logits in zip(logits_of(mapped, docs), logits_of(teacher, docs)):
        apart = logits - found
        np.testing.assert_allclose(apart - apart[:, :1], 0, atol=1e-4)


def test_extreme_logits_are_finite():
    def sure(texts, rows):
        for row in rows:
            row[:] = -200.0
            row[:, 0] = 200.0

    teacher = HashTeacher(labels=LABELS, change=sure)
    for found in logits_of(MappedTeacher(teacher, MAP), docs_of(teacher)):
        assert np.isfinite(found.astype(np.float16)).all()


def test_properties_of_the_teacher():
    teacher = HashTeacher(labels=LABELS, blind=("Anna",), pieces=make_pieces())
    mapped = MappedTeacher(teacher, MAP)
    docs = docs_of(teacher)
    assert mapped.name == teacher.name
    assert mapped.nlp is teacher.nlp
    assert mapped.word_pieces() is teacher.word_pieces()
    assert mapped.sizes(docs) == teacher.sizes(docs)
    assert not mapped.whole_documents
    assert unaligned_of(mapped.predict(docs)) == [[0], [], []]


def test_dropped_entities_have_new_labels(tmp_path):
    spans = [(0, 3, "PER"), (20, 22, "LOC"), (27, 28, "ODD")]
    path = write_lines(
        tmp_path / "a.jsonl", line(TEXT, *spans), line(TEXT, PERSON, CITY)
    )
    teacher = AnnotationsTeacher(path, on_invalid="skip", labels=["PER", "LOC"])
    mapped = MappedTeacher(teacher, {"PER": "PERSON", "LOC": None})
    assert mapped.whole_documents
    (prediction,) = mapped.predict([teacher.nlp.make_doc(TEXT)])
    assert {(span.text, span.label) for span in prediction.dropped} == {
        ("Mar", "PERSON"),
        # Not a label of the teacher, so it is not in the map.
        ("n", "ODD"),
    }
    with pytest.raises(DistillError, match="got none of 1: 'Other.'"):
        mapped.check_texts(lambda: iter([teacher.nlp.make_doc("Other.")]))


def test_hash():
    base = MappedTeacher(HashTeacher(labels=LABELS), MAP)
    same = {**MAP, "DATE": MAP["DATE"]}
    assert MappedTeacher(HashTeacher(labels=LABELS), same).hash == base.hash
    others = [
        MappedTeacher(HashTeacher(labels=LABELS, seed=1), MAP).hash,
        MappedTeacher(HashTeacher(labels=LABELS), {**MAP, "DATE": "PER"}).hash,
        MappedTeacher(HashTeacher(labels=LABELS), {**MAP, "PERSON": "P"}).hash,
        # The columns differ.
        MappedTeacher(HashTeacher(labels=LABELS), {"PERSON": "PER", **MAP}).hash,
        HashTeacher(labels=LABELS).hash,
    ]
    assert len({*others, base.hash}) == len(others) + 1


def test_missing_map_is_suggested():
    teacher = HashTeacher(labels=(*LABELS, 'ODD "1"'))
    with pytest.raises(DistillError, match="got none for DATE, LOC, ODD") as info:
        MappedTeacher(teacher, {"PERSON": "PER", "GPE": None})
    told = str(info.value)
    assert "\n" not in told
    pasted = json.loads(told.partition("labels = ")[2])
    assert pasted == {
        "PERSON": "PER",
        "GPE": None,
        "DATE": "DATE",
        "LOC": "LOC",
        'ODD "1"': 'ODD "1"',
    }
    assert entity_count(MappedTeacher(teacher, pasted)) == 4


def advised(labels, told):
    """Return the map that the error message ends with."""
    with pytest.raises(DistillError, match=told) as info:
        MappedTeacher(HashTeacher(labels=LABELS), labels)
    assert "\n" not in str(info.value)
    return json.loads(str(info.value).partition("labels = ")[2])


@pytest.mark.parametrize(
    ("labels", "told", "expected"),
    [
        # Keys in another spelling, or of another teacher.
        (
            {"Person": "PER", "gpe": "LOC", "DATE": None, "Loc": "LOC"},
            "none for PERSON, GPE, LOC and some for 'Person', 'gpe', 'Loc', which",
            {"PERSON": "PER", "GPE": "LOC", "DATE": None, "LOC": "LOC"},
        ),
        (
            {"PER": "person", "ORG": "company"},
            "none for PERSON, GPE, DATE, LOC and some for 'PER', 'ORG', which it lacks",
            {"PERSON": "person", "GPE": "GPE", "DATE": "DATE", "LOC": "LOC"},
        ),
        # O is no label.
        (
            {**MAP, "DATE": "O"},
            "null for labels of hash_teacher that are no entity, got 'O'",
            {**MAP, "DATE": None},
        ),
        # New labels that would be two by mistake.
        (
            {**MAP, "GPE": "Loc"},
            "more than case and separators, got 'Loc', 'LOC'",
            {**MAP, "GPE": "Loc", "LOC": "Loc"},
        ),
    ],
)
def test_the_advice_works(labels, told, expected):
    pasted = advised(labels, told)
    assert pasted == expected
    assert MappedTeacher(HashTeacher(labels=LABELS), pasted).task.labels


def entity_count(teacher):
    return (len(teacher.task.columns) - 1) // 4


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({**MAP, "ORG": "ORG"}, "PERSON, GPE, DATE, LOC, got 'ORG' too: remove it"),
        ({**MAP, "A": "B", "C": None}, "got 'A', 'C' too: remove them"),
        (dict.fromkeys(LABELS), "at least one label of hash_teacher to be kept"),
        ({**MAP, "DATE": ""}, 'new labels, or null.*"DATE": ""'),
        ({**MAP, "DATE": " "}, "new labels, or null"),
    ],
)
def test_invalid_maps(labels, told):
    with pytest.raises(DistillError, match=told):
        MappedTeacher(HashTeacher(labels=LABELS), labels)


def test_not_a_teacher():
    with pytest.raises(DistillError, match="got a dict: name one in"):
        mapped_teacher_v1({"path": "x"}, MAP)
