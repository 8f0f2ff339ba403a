"""The second target of a student, against torch's autograd."""

import numpy as np
import pytest
import spacy

from spacy_distill.students.vector_teacher import VectorTeacher

torch = pytest.importorskip("torch")

TEXTS = ["one two three", "", "four", "five six"]
LENGTHS = [3, 0, 1, 2]


class Fixed:
    """A vector for each text that has words."""

    width = 3

    def __init__(self, rows):
        self.rows = dict(zip(TEXTS, np.array(rows, dtype="f")))

    def __call__(self, docs):
        assert all(len(doc) for doc in docs)
        return np.array([self.rows[doc.text] for doc in docs])


def make(rows, **settings):
    settings = {"weight": 2.0, "width": 4, "learn_rate": 0.0, **settings}
    return VectorTeacher(Fixed(rows), **settings)


def docs():
    nlp = spacy.blank("en")
    return [nlp.make_doc(text) for text in TEXTS]


@pytest.mark.parametrize("third", [[1.0, 2.0, -5.0], [0.0, 0.0, 0.0]])
def test_loss_and_gradient(third):
    rows = [[1.0, 0.0, 2.0], [9.0, 9.0, 9.0], third, [-1.0, 0.5, 0.0]]
    teacher = make(rows)
    output = np.random.default_rng(0).normal(size=(6, 4)).astype("f")
    got = teacher.learn(docs(), output, LENGTHS)
    W, b = (torch.from_numpy(teacher.head.get_param(name)) for name in ("W", "b"))
    hidden = torch.from_numpy(output).requires_grad_()
    parts = hidden.split([n for n in LENGTHS if n])
    losses = []
    for part, row in zip(parts, (rows[0], rows[2], rows[3])):
        target = torch.tensor(row)
        if not target.any():
            # Without word pieces there is nothing to learn.
            continue
        target = target / target.square().mean().sqrt()
        losses.append((part.mean(0) @ W.T + b - target).square().mean())
    loss = 2.0 * torch.stack(losses).mean()
    loss.backward()
    assert teacher.loss == pytest.approx(loss.item(), rel=1e-5)
    np.testing.assert_allclose(got, hidden.grad, rtol=1e-4, atol=1e-6)


def test_the_projection_is_learned():
    rng = np.random.default_rng(0)
    teacher = make(rng.normal(size=(4, 3)), learn_rate=0.05)
    output = rng.normal(size=(6, 4)).astype("f")
    losses = []
    for _ in range(200):
        teacher.learn(docs(), output, LENGTHS)
        losses.append(teacher.loss)
    assert losses[-1] < 0.01 * losses[0]
