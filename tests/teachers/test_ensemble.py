import json
import math
import re

import numpy as np
import pytest
from annotated import CITY, TEXT, line, write_lines
from hash_teacher import HashTeacher, make_pieces
from taught import logits_of, unaligned_of
from tiny_teachers import make_cnn_teacher

from spacy_distill.annotation.annotate import annotate
from spacy_distill.arrays import softmax
from spacy_distill.docs import LOGITS
from spacy_distill.errors import DistillError
from spacy_distill.soft_labels.store import SoftLabels
from spacy_distill.teachers.annotations.teacher import AnnotationsTeacher
from spacy_distill.teachers.base import Teacher
from spacy_distill.teachers.ensemble import EnsembleTeacher
from spacy_distill.teachers.load import ensemble_teacher_v1
from spacy_distill.teachers.mapped import MappedTeacher
from spacy_distill.teachers.spacy_pipelines.component import CompactNERTeacher

TEXTS = ["Anna lives in Paris .", "", "The old dog .", " \n"]


def docs_of(teacher, texts=TEXTS):
    return [teacher.nlp.make_doc(text) for text in texts]


def probabilities(teacher, text):
    """Return {tag: probability} for each token."""
    (logits,) = logits_of(teacher, [teacher.nlp.make_doc(text)])
    rows = softmax(logits.astype(np.float64))
    return [dict(zip(teacher.task.columns, row)) for row in rows]


def check_mean(members, weights):
    ensemble = EnsembleTeacher(members, weights=weights)
    assert ensemble.task.columns == next(iter(members.values())).task.columns
    weights = weights or dict.fromkeys(members, 1.0)
    for text in TEXTS:
        found = probabilities(ensemble, text)
        parts = {name: probabilities(member, text) for name, member in members.items()}
        for i, row in enumerate(found):
            for tag, probability in row.items():
                expected = sum(weights[n] * part[i][tag] for n, part in parts.items())
                expected /= sum(weights.values())
                assert probability == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    "weights", [None, {"a": 2.0, "b": 1.0}, {"a": 0.0, "b": 0.3}, {"b": 7, "a": 1}]
)
def test_weighted_mean(weights):
    check_mean({"a": HashTeacher(seed=1), "b": HashTeacher(seed=2)}, weights)


def test_tags_in_another_order():
    members = {
        "a": HashTeacher(seed=1, labels=("PER", "LOC", "ORG")),
        "b": HashTeacher(seed=2, labels=("ORG", "PER", "LOC")),
    }
    assert members["a"].task.columns != members["b"].task.columns
    check_mean(members, {"a": 1.0, "b": 3.0})


def test_members_with_different_languages():
    members = {"a": HashTeacher(seed=1, lang="en"), "b": HashTeacher(seed=2, lang="de")}
    ensemble = EnsembleTeacher(members)
    assert ensemble.nlp is members["a"].nlp
    text = "z.B. Anna isn't here"
    doc = ensemble.nlp.make_doc(text)
    assert len(doc) != len(members["b"].nlp.make_doc(text))
    (logits,) = logits_of(ensemble, [doc])
    rows = [np.stack([m.row(t.text) for t in doc]) for m in members.values()]
    for row in rows:
        places = np.arange(len(row))
        row[:, -1] = np.minimum(places, places[::-1])
    expected = np.mean([softmax(row.astype(np.float64)) for row in rows], axis=0)
    np.testing.assert_allclose(np.exp(logits), expected, rtol=1e-4)


def test_pipelines_do_not_modify_docs():
    members = {
        "a": CompactNERTeacher(make_cnn_teacher(), "ner"),
        "b": CompactNERTeacher(make_cnn_teacher(output="crf"), "ner"),
    }
    ensemble = EnsembleTeacher(members)
    docs = docs_of(ensemble)
    before = [doc.to_bytes() for doc in docs]
    found = logits_of(ensemble, docs)
    assert [doc.to_bytes() for doc in docs] == before
    assert [logits.shape for logits in found] == [(len(doc), 9) for doc in docs]
    check_mean(members, {"a": 1.0, "b": 2.0})


def test_single_member():
    teacher = HashTeacher()
    (found,) = logits_of(EnsembleTeacher({"a": teacher}), docs_of(teacher, TEXTS[:1]))
    (alone,) = logits_of(teacher, docs_of(teacher, TEXTS[:1]))
    apart = alone - found
    np.testing.assert_allclose(apart - apart[:, :1], 0, atol=1e-5)


def test_small_probabilities_do_not_underflow():
    def sure(texts, rows):
        for row in rows:
            row[:] = -30.0
            row[:, 0] = 30.0

    members = {"a": HashTeacher(change=sure), "b": HashTeacher(change=sure)}
    (found,) = logits_of(EnsembleTeacher(members), docs_of(members["a"], TEXTS[:1]))
    np.testing.assert_allclose(found[:, 1:], -60.0, atol=0.01)


def test_nested_maps_and_ensembles():
    inner = HashTeacher(seed=1, labels=("PERSON", "GPE", "FAC"))
    other = HashTeacher(seed=2, labels=("LOC", "PER"))
    labels = {"PERSON": "PER", "GPE": "LOC", "FAC": "LOC"}
    mapped = MappedTeacher(inner, labels)
    check_mean({"a": mapped, "b": other}, {"a": 1.0, "b": 2.0})
    # The order of mapping and averaging does not matter.
    same = HashTeacher(seed=3, labels=("PERSON", "GPE", "FAC"))
    late = MappedTeacher(EnsembleTeacher({"a": inner, "b": same}), labels)
    early = EnsembleTeacher({"a": mapped, "b": MappedTeacher(same, labels)})
    assert late.task.columns == early.task.columns
    for text in TEXTS:
        for a, b in zip(probabilities(late, text), probabilities(early, text)):
            assert a == pytest.approx(b, rel=1e-4)
    # An ensemble can be a member.
    nested = EnsembleTeacher({"a": late, "b": EnsembleTeacher({"c": other})})
    assert isinstance(nested, Teacher)
    check_mean({"a": late, "b": EnsembleTeacher({"c": other})}, None)


def test_properties_of_members():
    pieces = make_pieces()
    members = {
        "a": HashTeacher(blind=("Anna", "dog")),
        "b": HashTeacher(blind=("Anna",), pieces=pieces),
    }
    ensemble = EnsembleTeacher(members)
    docs = docs_of(ensemble)
    assert ensemble.sizes(docs) == [5, 0, 4, 1]
    assert ensemble.word_pieces() is pieces
    assert EnsembleTeacher({"a": members["a"]}).word_pieces() is None
    assert not ensemble.whole_documents
    predictions = ensemble.predict(docs)
    assert unaligned_of(predictions) == [[0], [], [], []]
    assert [prediction.dropped for prediction in predictions] == [()] * 4
    assert ensemble.name == "ensemble of a, b"


def test_annotations_as_member(tmp_path):
    lines = [
        line(TEXT, CITY),
        line(TEXT, (20, 22, "LOC")),
        line("Rain.", (0, 3, "LOC")),
    ]
    path = write_lines(tmp_path / "a.jsonl", *lines)
    options = {"on_invalid": "skip", "labels": ["LOC", "PER"]}
    members = {
        "a": HashTeacher(),
        "b": AnnotationsTeacher(path, **options),
        "c": AnnotationsTeacher(path, **options, certainty=0.5),
    }
    ensemble = EnsembleTeacher(members)
    assert ensemble.whole_documents
    docs = docs_of(ensemble, ["Rain.", TEXT])
    predictions = ensemble.predict(docs)
    assert [p.logits.shape for p in predictions] == [(2, 9), (8, 9)]
    # Both members drop them, but they are not repeated.
    dropped = [[span.text for span in p.dropped] for p in predictions]
    assert dropped == [["Rai"], ["is"]]
    unknown = docs_of(ensemble, ["Not there."])
    with pytest.raises(DistillError, match=r"got none of 1: 'Not there\.'"):
        ensemble.check_texts(lambda: iter(unknown))
    with pytest.raises(DistillError, match=r"got none of 1: 'Not there\.'"):
        logits_of(ensemble, unknown)


def test_hash():
    a, b = HashTeacher(seed=1), HashTeacher(seed=2)
    base = EnsembleTeacher({"a": a, "b": b})
    # The hash does not depend on names or on a common factor of the weights.
    same = [
        EnsembleTeacher({"x": a, "y": b}),
        EnsembleTeacher({"a": a, "b": b}, weights={"b": 3.0, "a": 3.0}),
    ]
    assert {ensemble.hash for ensemble in same} == {base.hash}
    others = [
        EnsembleTeacher({"a": a}),
        EnsembleTeacher({"a": a, "b": HashTeacher(seed=3)}),
        EnsembleTeacher({"a": a, "b": b}, weights={"a": 1.0, "b": 2.0}),
        # The first member determines the tokenizer and the order of the tags.
        EnsembleTeacher({"b": b, "a": a}),
    ]
    assert len({base.hash, *(o.hash for o in others)}) == len(others) + 1


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeds")
    make_cnn_teacher().to_disk(folder / "seed0")
    make_cnn_teacher(output="crf").to_disk(folder / "seed1")
    return [str(folder / "seed0"), str(folder / "seed1")]


def test_members_by_path(seeds):
    ensemble = ensemble_teacher_v1(paths=seeds)
    by_name = {path: CompactNERTeacher(load(path), "ner") for path in seeds}
    expected = EnsembleTeacher(by_name)
    assert ensemble.name == f"ensemble of {', '.join(seeds)}"
    assert ensemble.hash == expected.hash
    for text in TEXTS:
        for a, b in zip(probabilities(ensemble, text), probabilities(expected, text)):
            assert a == pytest.approx(b)
    weighted = ensemble_teacher_v1(
        {"hash": HashTeacher()},
        paths=seeds[:1],
        weights={"hash": 1.0, seeds[0]: 2.0},
    )
    assert weighted.name == f"ensemble of hash, {seeds[0]}"


def load(path):
    import spacy

    return spacy.load(path)


def test_annotate_with_ensemble(seeds, tmp_path):
    ensemble = ensemble_teacher_v1(paths=seeds)
    texts = tmp_path / "texts.txt"
    texts.write_text("Anna lives in Paris .\nThe old dog .\n", encoding="utf-8")
    annotate(ensemble, texts, tmp_path / "out", progress=False)
    docs = list(SoftLabels(tmp_path / "out").read(ensemble.nlp))
    for doc in docs:
        (expected,) = logits_of(ensemble, [ensemble.nlp.make_doc(doc.text)])
        np.testing.assert_allclose(doc.user_data[LOGITS], expected, atol=2e-2)


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ({"a": 1.0}, "members a, b, got some for a"),
        ({"a": 1.0, "b": 1.0, "c": 1.0}, "got some for a, b, c"),
        ({}, "got some for none"),
        ({"a": -1.0, "b": 2.0}, "0 or more, not all 0"),
        ({"a": 0.0, "b": 0.0}, "0 or more, not all 0"),
        ({"a": math.nan, "b": 1.0}, "0 or more, not all 0"),
        ({"a": math.inf, "b": 1.0}, "0 or more, not all 0"),
    ],
)
def test_invalid_weights(weights, told):
    with pytest.raises(DistillError, match=told):
        EnsembleTeacher({"a": HashTeacher(), "b": HashTeacher()}, weights=weights)


def test_invalid_members(seeds):
    with pytest.raises(DistillError, match="at least one member, got none"):
        ensemble_teacher_v1()
    with pytest.raises(DistillError, match="as member 'b'.*got a str"):
        ensemble_teacher_v1({"a": HashTeacher(), "b": "seed0"})
    with pytest.raises(
        DistillError, match="got PER, LOC of the first and PER of 'b': map them with"
    ):
        EnsembleTeacher({"a": HashTeacher(), "b": HashTeacher(labels=("PER",))})
    with pytest.raises(DistillError, match=r"got '.*seed0' twice: give it a weight"):
        ensemble_teacher_v1(paths=[seeds[0], seeds[0]])
    with pytest.raises(DistillError, match="'no_such_teacher'"):
        ensemble_teacher_v1(paths=["no_such_teacher"])


@pytest.mark.parametrize(
    ("first", "other", "labels"),
    [
        # The second has other names, and more.
        (("PER", "LOC"), ("Person", "loc", "DATE"), ("PER", "LOC")),
        # Each has a label that the other lacks.
        (("PER", "LOC", "ORG"), ("PERSON", "MISC", "LOC"), ("PER", "LOC")),
    ],
)
def test_maps_are_suggested_for_other_labels(first, other, labels):
    members = {
        "a": HashTeacher(seed=1, labels=first),
        "b": HashTeacher(seed=2, labels=other),
    }
    with pytest.raises(DistillError, match=r"map them with .*MappedTeacher") as info:
        EnsembleTeacher(members)
    told = str(info.value)
    assert "\n" not in told
    maps = [json.loads(text) for text in re.findall(r"by labels = (\{.*?\})", told)]
    assert f"those of 'b' by labels = {json.dumps(maps[-1])}" in told
    mapped = {"b": MappedTeacher(members["b"], maps[-1])}
    if len(maps) == 2:
        assert f"those of the first by labels = {json.dumps(maps[0])}" in told
        mapped["a"] = MappedTeacher(members["a"], maps[0])
    ensemble = EnsembleTeacher({**members, **mapped})
    assert ensemble.task.labels == labels


def test_members_without_a_common_label():
    members = {"a": HashTeacher(labels=("PER",)), "b": HashTeacher(labels=("DATE",))}
    with pytest.raises(DistillError, match=r"with one of PER, or null, for each") as e:
        EnsembleTeacher(members)
    assert "of 'b': labels = {\"DATE\": null}" in str(e.value)
