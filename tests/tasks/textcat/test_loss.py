"""The loss of `compact_textcat` and its gradient, against torch's."""

from itertools import product

import numpy as np
import pytest
import torch
from small_classifiers import make_classifier
from spacy.training import Example
from spacy.vocab import Vocab
from texts_with_categories import LABELS
from thinc.api import Model
from torch.nn import functional as F

from spacy_distill.docs import COLUMNS, LOGITS
from spacy_distill.errors import DistillError
from spacy_distill.tasks.textcat.component import CompactTextCat

WEIGHTS = {"good": 2.0, "mixed": 0.5}
SETTINGS = list(
    product(
        [True, False],
        [0.0, 0.5, 1.0],
        [1.0, 2.5],
        ["kl", "soft_cross_entropy", "mse"],
        [None, WEIGHTS],
    )
)
GOLD = [{"good": 1.0, "bad": 0.0, "mixed": 0.0}, {"bad": 1.0}, {"mixed": 1.0}]
SEVERAL = [
    {"good": 1.0, "bad": 1.0, "mixed": 0.0},
    {"bad": 1.0},
    {"good": 0.0, "bad": 0.0, "mixed": 0.0},
]


def make_examples(nlp, exclusive):
    """Three gold documents, two with teacher logits, one with nothing."""
    rng = np.random.default_rng(0)
    examples = []
    for cats in [*(GOLD if exclusive else SEVERAL), None, None, {}]:
        annotation = {"cats": cats} if cats is not None else {}
        eg = Example.from_dict(nlp.make_doc("some text"), annotation)
        if cats is None:
            logits = rng.normal(0, 2, (1, 3)).astype(np.float16)
            eg.reference.user_data.update({LOGITS: logits, COLUMNS: LABELS})
        examples.append(eg)
    return examples


def prepare(exclusive, loss, class_weights=None):
    nlp = make_classifier(exclusive=exclusive, class_weights=class_weights, loss=loss)
    pipe = nlp.get_pipe("textcat")
    for label in LABELS:
        pipe.add_label(label)
    return pipe, make_examples(nlp, exclusive)


def expected_loss(z, examples, exclusive, alpha, temperature, divergence, weights):
    """The loss, written anew: softmax or sigmoid, document by document."""
    total = torch.tensor(0.0, dtype=torch.float64)
    weight_of = torch.tensor([(weights or {}).get(label, 1.0) for label in LABELS])
    # A mean over documents, or over pairs of document and category.
    n_rows = len(examples) * (1 if exclusive else len(LABELS))
    for row, eg in zip(z, examples):
        teacher = eg.reference.user_data.get(LOGITS)
        if teacher is None:
            cats = eg.reference.cats
            if exclusive and cats:
                best = LABELS.index(max(cats, key=lambda x: cats[x]))
                total = total + weight_of[best] * F.cross_entropy(
                    row, torch.tensor(best)
                )
            for i, label in enumerate(LABELS):
                if not exclusive and label in cats:
                    target = torch.tensor(cats[label], dtype=torch.float64)
                    one = F.binary_cross_entropy_with_logits(row[i], target)
                    total = total + weight_of[i] * one
            continue
        t = torch.tensor(teacher[0].astype(np.float64))
        if exclusive:
            best = int(t.argmax())
            task = weight_of[best] * F.cross_entropy(row, torch.tensor(best))
            p, q = (
                F.log_softmax(row / temperature, 0),
                F.log_softmax(t / temperature, 0),
            )
            entropy = -(q.exp() * q).sum()
            a, b = row / temperature, t / temperature
            mse = (((a - a.mean()) - (b - b.mean())) ** 2).mean()
            kl = (q.exp() * (q - p)).sum()
        else:
            target = (t > 0).double()
            task = F.binary_cross_entropy_with_logits(row, target, reduction="none")
            task = (weight_of * task).sum()
            z_, t_ = row / temperature, t / temperature
            q = t_.sigmoid()
            log_yes, log_no = F.logsigmoid(z_), F.logsigmoid(-z_)
            entropy = -(q * F.logsigmoid(t_) + (1 - q) * F.logsigmoid(-t_)).sum()
            kl = -(q * log_yes + (1 - q) * log_no).sum() - entropy
            # The logits of (no, yes) are (0, z), less their mean.
            mse = (((z_ - t_) / 2) ** 2).sum()
        soft = {"kl": kl, "soft_cross_entropy": kl + entropy, "mse": mse}[divergence]
        total = total + alpha * task + (1 - alpha) * temperature**2 * soft
    return total / n_rows


@pytest.mark.parametrize(
    ("exclusive", "alpha", "temperature", "divergence", "weights"), SETTINGS
)
def test_loss_and_gradient(exclusive, alpha, temperature, divergence, weights):
    loss = {
        "@misc": "spacy_distill.DistillationLoss.v1",
        "alpha": alpha,
        "temperature": temperature,
        "divergence": divergence,
    }
    pipe, examples = prepare(exclusive, loss, weights)
    scores = np.random.default_rng(1).normal(0, 2, (len(examples), 3)).astype("f")
    found, d_scores = pipe.get_loss(examples, scores)
    z = torch.tensor(scores.astype(np.float64), requires_grad=True)
    expected = expected_loss(
        z, examples, exclusive, alpha, temperature, divergence, weights
    )
    expected.backward()
    assert found == pytest.approx(expected.item(), rel=1e-5)
    assert d_scores.shape == scores.shape
    assert d_scores.dtype == np.float32
    np.testing.assert_allclose(d_scores, z.grad, rtol=1e-4, atol=1e-6)
    # Nothing is learned from a document without annotation.
    assert not d_scores[-1].any()
    assert d_scores[:-1].any(axis=1).all()


def test_a_category_that_is_not_annotated_has_no_gradient():
    pipe, examples = prepare(False, {"@misc": "spacy_distill.DistillationLoss.v1"})
    scores = np.ones((len(examples), 3), dtype=np.float32)
    _, d_scores = pipe.get_loss(examples, scores)
    # The second document has {"bad": 1.0} alone.
    assert d_scores[1].astype(bool).tolist() == [False, True, False]


def test_low_confidence_is_left_out():
    """Of several categories, those whose decision is unsure."""
    loss = {"@misc": "spacy_distill.DistillationLoss.v1", "min_confidence": 0.9}
    pipe, examples = prepare(False, loss)
    eg = examples[3]
    eg.reference.user_data[LOGITS] = np.array([[4.0, -4.0, 0.5]], dtype=np.float16)
    _, d_scores = pipe.get_loss([eg], np.zeros((1, 3), dtype=np.float32))
    np.testing.assert_allclose(d_scores * 3, [[-0.5, 0.5, 0.0]], atol=1e-6)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_class_weights_out_of_range(weight):
    with pytest.raises(
        DistillError, match="Expected finite class weights of 0 or more"
    ):
        CompactTextCat(Vocab(), Model("none", id), class_weights={"good": weight})


def test_class_weights_of_unknown_categories():
    nlp = make_classifier(class_weights={"good": 1.0, "goood": 2.0})
    examples = make_examples(nlp, True)
    message = r"class weights of good, bad, mixed, got some of goood: change"
    with pytest.raises(DistillError, match=message):
        nlp.initialize(lambda: examples)
