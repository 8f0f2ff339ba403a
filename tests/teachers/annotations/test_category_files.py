"""Files of categories as teachers: votes, scores and decisions."""

import logging

import numpy as np
import pytest
import spacy
from annotated import write_lines
from tiny_text_classifiers import expit, softmax

from spacy_distill.annotation.annotate import annotate
from spacy_distill.errors import DistillError
from spacy_distill.teachers.load import load_teacher
from spacy_distill.teachers.pipe import teacher_pipeline
from spacy_distill.teachers.probabilities import FLOOR

NLP = spacy.blank("en")


def vote(text, label, by=None, **more):
    return {"text": text, "label": label, "annotator": by, **more}


VOTES = [
    vote("a", "x", "one"),
    vote("a", "x", "two"),
    vote("a", "y", "three"),
    vote("b", "z", "one"),
]


def teach(path, *lines, **options):
    """Load a teacher by a config with options, or else by the file's name."""
    write_lines(path, *lines)
    if not options:
        return load_teacher(path)
    make = spacy.util.registry.misc.get("spacy_distill.AnnotationsTeacher.v1")
    return make(path, **options)


def probabilities(teacher, *texts):
    found = teacher.predict([NLP.make_doc(text) for text in texts])
    logits = np.concatenate([one.logits for one in found])
    assert logits.dtype == np.float32
    return softmax(logits) if teacher.task.exclusive else expit(logits)


def test_shares_of_votes(tmp_path):
    teacher = teach(tmp_path / "votes.jsonl", *VOTES)
    assert (teacher.name, teacher.task.name) == ("votes.jsonl", "textcat")
    assert teacher.task.labels == ("x", "y", "z")
    found = probabilities(teacher, "a", "b", "a")
    expected = [[2 / 3, 1 / 3, 0], [0, 0, 1], [2 / 3, 1 / 3, 0]]
    np.testing.assert_allclose(found, expected, atol=2 * FLOOR)


def test_runs_of_one_model_are_votes(tmp_path):
    """Also if they have no name or the same."""
    runs = [vote("a", "x")] * 3 + [vote("a", "y")] + [vote("b", "y", "m")] * 2
    teacher = teach(tmp_path / "votes.jsonl", *runs)
    found = probabilities(teacher, "a", "b")
    np.testing.assert_allclose(found, [[0.75, 0.25], [0, 1]], atol=2 * FLOOR)


def test_weights_and_certainty(tmp_path):
    path = tmp_path / "votes.jsonl"
    weighted = teach(path, *VOTES, annotator_weights={"three": 2.0})
    (row,) = probabilities(weighted, "a")
    np.testing.assert_allclose(row, [0.5, 0.5, 0], atol=2 * FLOOR)
    unsure = teach(path, *VOTES, certainty=0.5)
    # One annotator weighs as much as the uniform prior.
    np.testing.assert_allclose(
        probabilities(unsure, "a", "b"),
        [[(2 + 1 / 3) / 4, (1 + 1 / 3) / 4, 1 / 12], [1 / 6, 1 / 6, 4 / 6]],
        atol=1e-4,
    )
    plain = teach(path, *VOTES)
    ordered = teach(path, *VOTES, labels=["z", "x", "y"])
    assert ordered.task.labels == ("z", "x", "y")
    several = teach(path, *VOTES, task="textcat_multilabel")
    assert several.task.name == "textcat_multilabel"
    assert len({t.hash for t in (plain, weighted, unsure, ordered, several)}) == 5
    with pytest.raises(DistillError, match="one for 'four': correct the name"):
        teach(path, *VOTES, annotator_weights={"four": 2.0})
    with pytest.raises(DistillError, match="categories out of x, y in .*got 'z'"):
        teach(path, *VOTES, labels=["x", "y"])


def test_scores_are_probabilities(tmp_path):
    lines = [
        {"text": "a", "cats": {"x": 0.7, "y": 0.3}},
        vote("b", "x", score=0.9),
        {"text": "c", "cats": {"x": 0.2}},
    ]
    teacher = teach(tmp_path / "votes.jsonl", *lines)
    expected = [[0.7, 0.3], [0.9, 0.1], [0.2, 0.8]]
    found = probabilities(teacher, "a", "b", "c")
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_several_categories(tmp_path):
    lines = [
        {"text": "a", "labels": ["x", "y"], "annotator": "one"},
        {"text": "a", "labels": ["x"], "annotator": "two"},
        {"text": "b", "cats": {"x": 0.1, "z": 0.4}},
    ]
    teacher = teach(tmp_path / "votes.jsonl", *lines)
    assert teacher.task.name == "textcat_multilabel"
    found = probabilities(teacher, "a", "b")
    np.testing.assert_allclose(found, [[1, 0.5, 0], [0.1, 0, 0.4]], atol=2 * FLOOR)


def test_annotators_abstain_on_what_they_did_not_decide(tmp_path):
    lines = [
        vote("a", "x", "one", answer="accept"),
        vote("a", "x", "two", answer="reject"),
        vote("a", "y", "two", answer="accept"),
        vote("b", "z", "one", answer="reject"),
        vote("b", "z", "one", answer="ignore"),
    ]
    teacher = teach(
        tmp_path / "votes.jsonl", *lines, task="textcat_multilabel", certainty=1.0
    )
    assert teacher.task.labels == ("x", "y", "z")
    found = probabilities(teacher, "a", "b")
    # Nobody decided on z in "a", nor on x and y in "b".
    np.testing.assert_allclose(found, [[0.5, 1, 0.5], [0.5, 0.5, 0]], atol=2 * FLOOR)


def test_tables(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("text,label,annotator\na,x,one\na,y,two\nb,y,one\n")
    found = probabilities(load_teacher(path), "a", "b")
    np.testing.assert_allclose(found, [[0.5, 0.5], [0, 1]], atol=2 * FLOOR)
    (tmp_path / "votes.csv").write_text("review,stars\na,x\n")
    with pytest.raises(DistillError, match="votes.csv, got 'review,stars'"):
        load_teacher(path)


def test_its_own_texts(tmp_path):
    """The texts to annotate may be the same file; each counts once."""
    path = write_lines(tmp_path / "votes.jsonl", *VOTES)
    manifest = annotate(load_teacher(path), path, tmp_path / "soft")
    assert manifest.counts.docs == 2
    assert manifest.counts.labels == {"x": 1, "y": 0, "z": 1}


def test_texts_that_are_not_in_the_file(tmp_path):
    teacher = teach(tmp_path / "votes.jsonl", *VOTES)
    docs = [NLP.make_doc("a"), NLP.make_doc("A\u00a0"), NLP.make_doc("q")]
    told = "annotations of every document in .*got none of 2: 'A.*; 'q'"
    with pytest.raises(DistillError, match=told):
        teacher.check_texts(lambda: iter(docs))
    with pytest.raises(DistillError, match=told):
        teacher.predict(docs)
    # Whitespace at the end does not count, as Docs of words have a space there.
    assert teacher_pipeline(teacher)("a ").cats["x"] == pytest.approx(2 / 3, abs=1e-3)
    teacher.check_texts(lambda: iter([NLP.make_doc(" ")]))


def test_texts_without_annotation(tmp_path, caplog):
    lines = [*VOTES, {"text": "c", "labels": []}, vote("d", "x", answer="ignore")]
    logger = logging.getLogger("spacy")
    logger.addHandler(caplog.handler)
    try:
        teacher = teach(tmp_path / "votes.jsonl", *lines)
    finally:
        logger.removeHandler(caplog.handler)
    assert "do not count (1 without annotation, 1 ignore)" in caplog.text
    with pytest.raises(DistillError, match="got none of 1: 'c'"):
        teacher.predict([NLP.make_doc("c")])


def test_spans_or_categories(tmp_path):
    spans = [{"start": 0, "end": 1, "label": "X"}]
    lines = [{"text": "a", "spans": spans, "cats": {"x": 1.0, "y": 0.0}}]
    path = write_lines(tmp_path / "both.jsonl", *lines)
    with pytest.raises(DistillError, match="choose with --task ner or --task textcat"):
        load_teacher(path)
    assert load_teacher(path, task="textcat").task.labels == ("x", "y")
    assert load_teacher(path, task="ner").task.labels == ("X",)
    config = tmp_path / "teacher.cfg"
    config.write_text(
        '[teacher]\n@misc = "spacy_distill.AnnotationsTeacher.v1"\n'
        f'path = "{path}"\ntask = "textcat"\n'
    )
    assert load_teacher(config).task.name == "textcat"
