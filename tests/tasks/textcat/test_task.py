import numpy as np
import pytest
import spacy

from spacy_distill.tasks.base import Task
from spacy_distill.tasks.registry import find_task
from spacy_distill.tasks.textcat.task import TextCatTask

NLP = spacy.blank("en")
LABELS = ("x", "y", "z")
EXCLUSIVE = TextCatTask(LABELS)
SEVERAL = TextCatTask(LABELS, exclusive=False)
both = pytest.mark.parametrize("task", [EXCLUSIVE, SEVERAL], ids=lambda t: t.name)


def probabilities(task, logits):
    logits = np.asarray(logits, dtype=np.float64)
    if task.exclusive:
        e = np.exp(logits)
        return e / e.sum(axis=1, keepdims=True)
    return 1 / (1 + np.exp(-logits))


@both
def test_is_a_task_that_manifests_name(task):
    assert isinstance(task, Task)
    found = find_task(task.name, task.columns)
    assert isinstance(found, TextCatTask)
    assert (found.labels, found.exclusive) == (LABELS, task.exclusive)
    assert task.n_rows(NLP.make_doc("")) == task.n_rows(NLP.make_doc("a b")) == 1


@both
def test_log_probabilities(task):
    logits = np.array([[1.0, -2.0, 0.5], [0.0, 0.0, 0.0]])
    found = np.exp(task.log_probabilities(logits))
    np.testing.assert_allclose(found, probabilities(task, logits))


@both
def test_log_probabilities_of_extreme_logits(task):
    rows = np.array([[3e4, -3e4, 0.0], [-1e5, -1e5, -1e5]], dtype=np.float32)
    with np.errstate(all="raise", under="ignore"):
        found = task.log_probabilities(rows)
    assert np.isfinite(found).all()
    assert (found <= 0).all()
    assert found[0, 0] == 0


def test_log_probabilities_of_nothing():
    for task in (TextCatTask(()), TextCatTask((), exclusive=False)):
        assert task.log_probabilities(np.zeros((2, 0))).shape == (2, 0)
    for task in (EXCLUSIVE, SEVERAL):
        assert task.log_probabilities(np.zeros((0, 3))).shape == (0, 3)


@both
def test_annotate_and_harden(task):
    docs = [NLP.make_doc("a"), NLP.make_doc("b")]
    logits = [np.array([[1.0, 0.2, -3.0]]), np.array([[-1.0, -2.0, -0.5]])]
    # Categories of a gold Doc do not stay among a teacher's.
    docs[0].cats = {"old": 1.0}
    task.annotate(docs, logits)
    for doc, rows in zip(docs, logits):
        expected = probabilities(task, rows)[0]
        assert list(doc.cats) == list(LABELS)
        assert list(doc.cats.values()) == pytest.approx(expected.tolist())
        task.harden(doc)
    if task.exclusive:
        assert [doc.cats for doc in docs] == [
            {"x": 1.0, "y": 0.0, "z": 0.0},
            {"x": 0.0, "y": 0.0, "z": 1.0},
        ]
    else:
        assert [doc.cats for doc in docs] == [
            {"x": 1.0, "y": 1.0, "z": 0.0},
            {"x": 0.0, "y": 0.0, "z": 0.0},
        ]


def test_count():
    logits = np.array([[1.0, 0.5, -1.0], [3.0, 4.0, -1.0], [-1.0, -2.0, -3.0]])
    assert EXCLUSIVE.count(logits) == {"x": 2, "y": 1, "z": 0}
    assert SEVERAL.count(logits) == {"x": 2, "y": 2, "z": 0}
    assert EXCLUSIVE.count(np.zeros((0, 3))) == {"x": 0, "y": 0, "z": 0}


@both
def test_relabel(task):
    new, columns = task.relabel({"x": "good", "y": None, "z": "good"})
    assert (new.labels, new.exclusive) == (("good",), task.exclusive)
    assert columns == [0, None, 0]
    new, columns = task.relabel({"x": "b", "y": "a", "z": "b"})
    assert (new.labels, columns) == (("b", "a"), [0, 1, 0])


@both
def test_windows_count_by_the_tokens_that_have_most_context_there(task):
    # Of tokens 0 to 9, the first window is best for 0 to 5, the second for 6 to 9.
    windows = [(0, 8), (4, 10)]
    rows = [
        np.array([[2.0, 0.0, -1.0]], dtype=np.float32),
        np.array([[-1.0, 0.5, 3.0]], dtype=np.float32),
    ]
    merged = task.merge(windows, rows)
    assert merged.shape == (1, 3)
    assert merged.dtype == np.float32
    expected = 0.6 * probabilities(task, rows[0]) + 0.4 * probabilities(task, rows[1])
    np.testing.assert_allclose(probabilities(task, merged), expected, rtol=1e-5)
    assert task.merge(windows[:1], rows[:1]) is rows[0]


@both
def test_averages_and_entropies(task):
    rows = [np.array([[2.0, 0.0, -1.0]]), np.array([[-1.0, 0.5, 3.0]])]
    merged = task.average(rows, [0.25, 0.75])
    p, q = (probabilities(task, row) for row in rows)
    np.testing.assert_allclose(
        probabilities(task, merged), 0.25 * p + 0.75 * q, rtol=1e-5
    )
    expected = -(p * np.log(p)).sum(1)
    if not task.exclusive:
        expected -= ((1 - p) * np.log(1 - p)).sum(1)
    np.testing.assert_allclose(task.entropies(rows[0]), expected)


def test_merged_columns():
    logits = np.array([[2.0, 0.0, -1.0], [0.0, 1.0, 3.0]])
    p = probabilities(EXCLUSIVE, logits)
    # The sum of categories that exclude each other; the rest is normalized.
    merged = EXCLUSIVE.merge_columns(logits, [0, 1, 0], 2)
    expected = np.stack([p[:, 0] + p[:, 2], p[:, 1]], axis=1)
    np.testing.assert_allclose(np.exp(merged), expected, rtol=1e-5)
    merged = EXCLUSIVE.merge_columns(logits, [0, None, 1], 2)
    expected = p[:, [0, 2]] / p[:, [0, 2]].sum(1, keepdims=True)
    np.testing.assert_allclose(np.exp(merged), expected, rtol=1e-5)
    # The most probable of those that do not.
    merged = SEVERAL.merge_columns(logits, [0, None, 0], 1)
    np.testing.assert_allclose(merged, [[2.0], [3.0]])
