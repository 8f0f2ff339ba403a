import math
from itertools import islice, repeat
from pathlib import Path
from typing import Dict, NamedTuple, Optional

import numpy as np
import pytest
import torch
from all_paths import (
    COLUMNS,
    all_paths,
    log_marginals,
    matches,
    path_scores,
    random_scores,
    soften,
    split,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.util import registry
from thinc.api import Config

from spacy_distill.errors import DistillError
from spacy_distill.losses.distillation import adaptive_alpha_v1, distillation_loss_v1
from spacy_distill.losses.divergences import SoftmaxTerms
from spacy_distill.tasks.ner.crf import CRFTerms
from spacy_distill.tasks.ner.lattice.transitions import Transitions
from spacy_distill.tasks.ner.targets import make_targets as add_pseudo_labels

CONFIG = (
    Path(__file__).parent.parent.parent / "spacy_distill" / "configs" / "student.cfg"
)
KINDS = ("gold", "teacher", "both", "neither", "docs", "tokens")


def make_targets(rng, lengths, kind):
    """Valid gold tags and random logits, where this kind of batch has them."""
    n_tokens = sum(lengths)
    paths = [rng.choice(all_paths(COLUMNS, length)) for length in lengths]
    gold = np.concatenate([*paths, np.zeros(0, dtype=np.int64)])
    has_gold = np.full(n_tokens, kind in ("gold", "both"))
    has_teacher = np.full(n_tokens, kind in ("teacher", "both"))
    if kind == "docs":
        has_gold, has_teacher = (
            np.repeat(rng.integers(0, 2, len(lengths)), lengths).astype(bool)
            for _ in range(2)
        )
    elif kind == "tokens":
        has_gold, has_teacher = rng.integers(0, 2, (2, n_tokens)).astype(bool)
    gold[~has_gold] = -1
    teacher = rng.normal(size=(n_tokens, len(COLUMNS))).astype(np.float32) * 2
    teacher[~has_teacher] = 0.0
    return add_pseudo_labels(gold, teacher, has_teacher, lengths=lengths, tags=COLUMNS)


def allow(labels):
    allowed = np.ones((len(labels), len(COLUMNS)), dtype=bool)
    for row, label in zip(allowed, labels):
        if label >= 0:
            row[:] = np.arange(len(COLUMNS)) == label
    return allowed


def reference(scores, lengths, targets, *, crf, alpha, settings):
    """(task, distillation) in torch, sentence by sentence."""
    temperature, n_tokens = settings["temperature"], max(sum(lengths), 1)
    scale = temperature**2 if settings["scale_by_temperature"] else 1.0
    task = distillation = scores.emissions.sum() * 0.0
    row = 0
    for part, length in zip(split(scores, lengths), lengths):
        rows = slice(row, row + length)
        row += length
        if not length:
            continue
        gold, has_teacher = targets.gold[rows], targets.has_teacher[rows]
        teacher = torch.tensor(targets.teacher[rows]).double()
        paths = all_paths(COLUMNS, length)
        around_gold = matches(paths, allow(gold))
        totals = teacher[torch.arange(length), torch.tensor(around_gold)].sum(1)
        best = around_gold[int(totals.argmax())]
        top = teacher.softmax(1).amax(1).numpy()
        labels, weights = gold.copy(), np.zeros(length)
        for i in range(length):
            weights[i] = alpha if has_teacher[i] else 1.0
            if gold[i] < 0 and has_teacher[i]:
                if top[i] >= settings["min_confidence"]:
                    labels[i] = best[i]
                if settings["weight_by_confidence"]:
                    weights[i] *= top[i]
        softened = soften(part, temperature)
        if crf:
            log_z = path_scores(part, paths).logsumexp(0)
            known = path_scores(part, matches(paths, allow(labels))).logsumexp(0)
            task = task + weights.mean() * (log_z - known) / n_tokens
            student = log_marginals(softened, paths)
        else:
            log_probs = part.emissions.log_softmax(1)
            for i, label in enumerate(labels):
                if label >= 0:
                    task = task - weights[i] * log_probs[i, label] / n_tokens
            student = softened.emissions.log_softmax(1)
        for i in np.flatnonzero(has_teacher):
            tags = [tag for tag in range(len(COLUMNS)) if student[i][tag] is not None]
            log_p = torch.stack([student[i][tag] for tag in tags])
            log_q = (teacher[i, tags] / temperature).log_softmax(0)
            if settings["divergence"] == "kl":
                apart = (log_q.exp() * (log_q - log_p)).sum()
            elif settings["divergence"] == "soft_cross_entropy":
                apart = -(log_q.exp() * log_p).sum()
            else:
                # A log-softmax differs from its logits by a constant a token.
                difference = log_p - log_q
                apart = (difference - difference.mean()).pow(2).mean()
            distillation = distillation + (1 - alpha) * scale * apart / n_tokens
    return task, distillation


class Compared(NamedTuple):
    """A loss with its derivatives."""

    loss: float
    parts: Dict[str, float]
    d_logits: np.ndarray
    d_transitions: Optional[Transitions]


def compare(loss, scores, lengths, targets, crf) -> Compared:
    """Call a loss as the component does."""
    logits = scores.emissions.detach().numpy().astype(np.float32)
    terms = CRFTerms(logits, lengths, scores.transitions) if crf else None
    result = loss(logits, targets, terms)
    d_transitions = None if terms is None else terms.d_transitions
    return Compared(result.loss, result.parts, result.d_scores, d_transitions)


def check(result, task, distillation, scores, crf):
    assert result.parts["task"] == pytest.approx(task.item(), rel=1e-5, abs=1e-6)
    assert result.parts["distillation"] == pytest.approx(
        distillation.item(), rel=1e-5, abs=1e-6
    )
    assert result.loss == pytest.approx(sum(result.parts.values()))
    (task + distillation).backward()
    d_logits, *d_transitions = scores.grads()
    assert result.d_logits.dtype == np.float32
    assert result.d_logits.shape == d_logits.shape
    np.testing.assert_allclose(result.d_logits, d_logits, rtol=1e-4, atol=1e-6)
    assert (result.d_transitions is not None) == crf
    if crf:
        for ours, theirs in zip(result.d_transitions, d_transitions):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


@settings(deadline=None, max_examples=120)
@given(
    lengths=st.lists(st.integers(0, 4), max_size=4),
    kind=st.sampled_from(KINDS),
    crf=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
    alpha=st.sampled_from([0, 0.0, 0.3, 1.0, 1]),
    options=st.fixed_dictionaries(
        {
            "temperature": st.sampled_from([0.5, 1.0, 3.0]),
            "divergence": st.sampled_from(["kl", "soft_cross_entropy", "mse"]),
            "scale_by_temperature": st.booleans(),
            "min_confidence": st.sampled_from([0.0, 0.5, 1.0]),
            "weight_by_confidence": st.booleans(),
        }
    ),
)
def test_as_torch(lengths, kind, crf, seed, alpha, options):
    if crf:
        options["divergence"] = "kl"
    rng = np.random.default_rng(seed)
    targets = make_targets(rng, lengths, kind)
    before = targets.gold.copy(), targets.teacher.copy()
    scores = random_scores(rng, sum(lengths), float32=True)
    loss = distillation_loss_v1(alpha, **options)
    result = compare(loss, scores, lengths, targets, crf)
    parts = reference(scores, lengths, targets, crf=crf, alpha=alpha, settings=options)
    check(result, *parts, scores, crf)
    np.testing.assert_array_equal(targets.gold, before[0])
    np.testing.assert_array_equal(targets.teacher, before[1])
    if kind == "neither" or not sum(lengths):
        assert result.loss == 0.0
        assert not result.d_logits.any()


@pytest.mark.parametrize("crf", [False, True])
def test_alpha_follows_its_schedule(crf):
    rng = np.random.default_rng(0)
    lengths = [3, 2]
    targets = make_targets(rng, lengths, "both")
    scores = random_scores(rng, 5, float32=True)
    scheduled = distillation_loss_v1(adaptive_alpha_v1(step=2.0))
    for alpha in islice(adaptive_alpha_v1(step=2.0), 5):
        ours = compare(scheduled, scores, lengths, targets, crf)
        fixed = distillation_loss_v1(alpha)
        wanted = compare(fixed, scores, lengths, targets, crf)
        assert ours.parts == wanted.parts
        np.testing.assert_array_equal(ours.d_logits, wanted.d_logits)


@pytest.mark.parametrize("crf", [False, True])
@pytest.mark.parametrize("scale", [1e4, -1e4])
def test_extreme_logits_stay_finite(crf, scale):
    rng = np.random.default_rng(0)
    targets = make_targets(rng, [4, 1, 4], "docs")
    targets.has_teacher[:] = True
    teacher = (rng.normal(size=targets.teacher.shape) * scale).astype("f")
    targets = add_pseudo_labels(
        targets.gold, teacher, targets.has_teacher, lengths=[4, 1, 4], tags=COLUMNS
    )
    scores = random_scores(rng, 9, 1e4, float32=True)
    result = compare(distillation_loss_v1(0.5), scores, [4, 1, 4], targets, crf)
    assert math.isfinite(result.loss)
    for array in (result.d_logits, *(result.d_transitions or ())):
        assert np.isfinite(array).all()
        assert np.abs(array).max() <= 9.0


def test_pseudo_labels_go_on_where_gold_leaves_off():
    """The teacher's own best tags would make a sequence that no CRF can have."""
    columns = [COLUMNS.index("B-PER"), -1]
    teacher = np.zeros((2, len(COLUMNS)), dtype=np.float32)
    teacher[:, COLUMNS.index("O")] = 9.0
    teacher[1, COLUMNS.index("L-PER")] = 5.0
    targets = add_pseudo_labels(
        np.array(columns), teacher, np.ones(2, dtype=bool), lengths=[2], tags=COLUMNS
    )
    scores = random_scores(np.random.default_rng(0), 2, scale=0.0)
    result = compare(distillation_loss_v1(1.0), scores, [2], targets, crf=True)
    # One path, B-PER L-PER, out of all: `distillation` has no weight.
    wanted = math.log(len(all_paths(COLUMNS, 2))) / 2
    assert result.loss == pytest.approx(wanted)


def test_a_zero_confidence_floor_keeps_all_and_one_of_1_drops_all():
    rng = np.random.default_rng(0)
    targets = make_targets(rng, [4, 3], "teacher")
    scores = random_scores(rng, 7, float32=True)
    losses = [distillation_loss_v1(min_confidence=floor) for floor in (0.0, 1.0)]
    task = [
        compare(loss, scores, [4, 3], targets, crf=False).parts["task"]
        for loss in losses
    ]
    assert task[0] > 0.0
    assert task[1] == 0.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *zip(repeat("alpha"), [-0.1, 1.1, math.nan, 2]),
        *zip(repeat("temperature"), [0.0, -1.0, math.nan, math.inf]),
        *zip(repeat("min_confidence"), [-0.1, 1.1, math.nan]),
        ("divergence", "js"),
    ],
)
def test_values_out_of_range(name, value):
    with pytest.raises(DistillError, match=rf"Expected .*{name}.*got .*: change"):
        distillation_loss_v1(**{name: value})


@pytest.mark.parametrize("values", [[1.5], [math.nan], []])
def test_schedule_that_leaves_the_range_or_ends(values):
    targets = make_targets(np.random.default_rng(0), [2], "both")
    scores = random_scores(np.random.default_rng(0), 2)
    loss = distillation_loss_v1(iter([0.5, *values]))
    compare(loss, scores, [2], targets, crf=False)
    with pytest.raises(DistillError, match="alpha in .* at every update"):
        compare(loss, scores, [2], targets, crf=False)


@pytest.mark.parametrize("divergence", ["mse", "soft_cross_entropy"])
def test_crf_takes_kl_only(divergence):
    targets = make_targets(np.random.default_rng(0), [2], "both")
    scores = random_scores(np.random.default_rng(0), 2)
    loss = distillation_loss_v1(0.5, divergence=divergence)
    with pytest.raises(DistillError, match='divergence = "kl" for a CRF'):
        compare(loss, scores, [2], targets, crf=True)


def test_from_a_config():
    block = {
        "@misc": "spacy_distill.DistillationLoss.v1",
        "alpha": {"@schedules": "spacy_distill.adaptive_alpha.v1", "step": 10.0},
    }
    loss = registry.resolve({"loss": block})["loss"]
    assert loss.alpha.take() == pytest.approx(1 / math.e)
    fixed = registry.resolve({"loss": {**block, "alpha": 1}})["loss"]
    assert fixed.alpha.take() == 1


def test_labels_alone_are_the_default():
    config = {"@misc": "spacy_distill.DistillationLoss.v1"}
    default = registry.resolve({"loss": config})["loss"]
    assert default.alpha.take() == 1.0
    student = Config().from_disk(CONFIG)
    assert student["components"]["ner"]["loss"]["alpha"] == default.alpha.take()


def test_a_divergence_without_weight_is_not_computed():
    class NoDivergence(SoftmaxTerms):
        def distillation(self, *args):
            raise AssertionError("computed")

    targets = make_targets(np.random.default_rng(0), [3], "both")
    scores = random_scores(np.random.default_rng(0), 3).emissions.detach().numpy()
    result = distillation_loss_v1(1.0)(scores, targets, NoDivergence(scores))
    assert result.parts["distillation"] == 0.0
    with pytest.raises(AssertionError, match="computed"):
        distillation_loss_v1(0.9)(scores, targets, NoDivergence(scores))
