"""Layer losses against the published formulas, written as loops over numpy arrays."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.util import registry
from thinc.api import Config

from spacy_distill.errors import DistillError
from spacy_distill.losses.layer_states import EncoderShape, LayerLoss, LayerStates
from spacy_distill.losses.layers import (
    attention_loss_v1,
    cosine_loss_v1,
    hidden_loss_v1,
    layer_losses_v1,
    patient_loss_v1,
)

torch = pytest.importorskip("torch")

STUDENT = EncoderShape(layers=2, width=3, heads=2)
TEACHER = EncoderShape(layers=4, width=5, heads=4)
LENGTHS = (4, 1, 3)
LOSSES = {
    "attention": attention_loss_v1(0.5),
    "attention with a map": attention_loss_v1(layer_map=[4, 1]),
    "hidden": hidden_loss_v1(2.0),
    "hidden without embeddings": hidden_loss_v1(layer_map=[3, 3], embeddings=False),
    "patient": patient_loss_v1(3.0),
    "patient, first": patient_loss_v1(layer_map=[1], positions="first"),
    "cosine": cosine_loss_v1(0.1),
}
LOSSES["sum"] = layer_losses_v1(
    {name: LOSSES[name] for name in ("attention", "hidden", "cosine")}
)


def make_states(shape, lengths=LENGTHS, *, n_pieces=None, seed=0, noise=0):
    """Random states. What is padding depends on `noise`, everything else does not."""
    n_pieces = max(lengths) if n_pieces is None else n_pieces
    rng, padding = np.random.default_rng(seed), np.random.default_rng(noise)
    n_seqs = len(lengths)
    hidden = padding.normal(size=(shape.layers + 1, n_seqs, n_pieces, shape.width))
    attention = padding.normal(
        size=(shape.layers, n_seqs, shape.heads, n_pieces, n_pieces)
    )
    mask = np.zeros((n_seqs, n_pieces), dtype=bool)
    for row, n in enumerate(lengths):
        mask[row, :n] = True
        hidden[:, row, :n] = rng.normal(size=hidden[:, row, :n].shape)
        attention[:, row, :, :n, :n] = rng.normal(
            size=attention[:, row, :, :n, :n].shape
        )
    return LayerStates(
        hidden=tuple(torch.tensor(hidden).requires_grad_().unbind()),
        attention=tuple(torch.tensor(attention).requires_grad_().unbind()),
        mask=torch.tensor(mask),
    )


def build(loss, student=STUDENT, teacher=TEACHER):
    torch.manual_seed(0)
    return loss.build(student, teacher).double()


def arrays(tensors):
    return [tensor.detach().numpy() for tensor in tensors]


def matrix(projection):
    """W of H W, where torch computes H weight^T."""
    return projection.weight.detach().numpy().T


def squared_error(a, b):
    return sum((x - y) ** 2 for x, y in zip(a.ravel(), b.ravel()))


def reference_attention(student, teacher, layer_map):
    """Eq. 17: scores of all pairs of real pieces, each head against two of them."""
    own, other = arrays(student.attention), arrays(teacher.attention)
    layers = []
    for j, g in enumerate(layer_map):
        total, n = 0.0, 0
        for row, length in enumerate(LENGTHS):
            for head in range(2):
                two = other[g - 1][row, 2 * head : 2 * head + 2, :length, :length]
                total += squared_error(
                    own[j][row, head, :length, :length], (two[0] + two[1]) / 2
                )
                n += length * length
        layers.append(total / n)
    return sum(layers) / len(layers)


def reference_hidden(student, teacher, pairs):
    """Eq. 18: pairs of (student layer, teacher layer, W)."""
    own, other = arrays(student.hidden), arrays(teacher.hidden)
    layers = []
    for j, g, W in pairs:
        total, n = 0.0, 0
        for row, length in enumerate(LENGTHS):
            for piece in range(length):
                total += squared_error(own[j][row, piece] @ W, other[g][row, piece])
                n += TEACHER.width
        layers.append(total / n)
    return sum(layers) / len(layers)


def reference_patient(student, teacher, W, layer, *, first):
    own, other = arrays(student.hidden)[1], arrays(teacher.hidden)[layer]
    distances = []
    for row, length in enumerate(LENGTHS):
        for piece in range(1 if first else length):
            a, b = own[row, piece] @ W, other[row, piece]
            a, b = a / math.sqrt(a @ a), b / math.sqrt(b @ b)
            distances.append(squared_error(a, b))
    return sum(distances) / len(distances)


def reference_cosine(student, teacher, W):
    own, other = arrays(student.hidden)[-1], arrays(teacher.hidden)[-1]
    distances = []
    for row, length in enumerate(LENGTHS):
        for piece in range(length):
            a, b = own[row, piece] @ W, other[row, piece]
            distances.append(1 - a @ b / math.sqrt((a @ a) * (b @ b)))
    return sum(distances) / len(distances)


def reference(name, module, student, teacher):
    if name == "attention":
        return 0.5 * reference_attention(student, teacher, [2, 4])
    if name == "attention with a map":
        return reference_attention(student, teacher, [4, 1])
    if name == "sum":
        parts = dict(zip(module.names, module.losses))
        return sum(reference(n, m, student, teacher) for n, m in parts.items())
    W = matrix(module.projection)
    if name == "hidden":
        W_e = matrix(module.embedding_projection)
        pairs = [(0, 0, W_e), (1, 2, W), (2, 4, W)]
        return 2.0 * reference_hidden(student, teacher, pairs)
    if name == "hidden without embeddings":
        return reference_hidden(student, teacher, [(1, 3, W), (2, 3, W)])
    if name == "patient":
        return 3.0 * reference_patient(student, teacher, W, 2, first=False)
    if name == "patient, first":
        return reference_patient(student, teacher, W, 1, first=True)
    return 0.1 * reference_cosine(student, teacher, W)


@pytest.mark.parametrize("name", LOSSES)
def test_value(name):
    module = build(LOSSES[name])
    student, teacher = make_states(STUDENT, seed=1), make_states(TEACHER, seed=2)
    loss = module(student, teacher)
    assert loss.shape == ()
    expected = reference(name, module, student, teacher)
    assert loss.item() == pytest.approx(expected, rel=1e-12)
    assert expected > 0.01


@pytest.mark.parametrize("name", LOSSES)
def test_gradient(name):
    module = build(LOSSES[name])
    student, teacher = make_states(STUDENT, seed=1), make_states(TEACHER, seed=2)
    tensors = [*student.hidden, *student.attention]
    tensors = [tensor.detach().requires_grad_() for tensor in tensors]
    parameters = dict(module.named_parameters())

    def loss(*inputs):
        hidden, rest = inputs[: len(student.hidden)], inputs[len(student.hidden) :]
        attention, values = (
            rest[: len(student.attention)],
            rest[len(student.attention) :],
        )
        states = student._replace(hidden=hidden, attention=attention)
        return torch.func.functional_call(
            module, dict(zip(parameters, values)), (states, teacher)
        )

    assert torch.autograd.gradcheck(loss, (*tensors, *parameters.values()))


@pytest.mark.parametrize("name", LOSSES)
def test_what_is_learned(name):
    module = build(LOSSES[name])
    student, teacher = make_states(STUDENT, seed=1), make_states(TEACHER, seed=2)
    learned = list(module.parameters())
    assert bool(learned) == ("attention" not in name)
    module(student, teacher).backward(retain_graph=True)
    assert all(W.grad.abs().sum() > 0 for W in learned)
    # No gradient reaches the teacher, even if its states were read with one.
    states = [*teacher.hidden, *teacher.attention]
    gradients = torch.autograd.grad(module(student, teacher), states, allow_unused=True)
    assert gradients == (None,) * len(states)


@pytest.mark.parametrize("name", LOSSES)
@settings(max_examples=15, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    more=st.integers(1, 4),
    noise=st.integers(1, 1000),
)
def test_padding_changes_nothing(name, lengths, more, noise):
    module = build(LOSSES[name])
    results = []
    for n_pieces, noise_seed in ((max(lengths), 0), (max(lengths) + more, noise)):
        student, teacher = (
            make_states(shape, lengths, n_pieces=n_pieces, seed=seed, noise=noise_seed)
            for shape, seed in ((STUDENT, 1), (TEACHER, 2))
        )
        loss = module(student, teacher)
        inputs = [*student.hidden, *student.attention]
        gradients = torch.autograd.grad(
            loss,
            [*inputs, *module.parameters()],
            allow_unused=True,
            materialize_grads=True,
        )
        mask = student.mask
        pairs = mask[:, None, :, None] & mask[:, None, None, :]
        pairs = pairs.expand_as(student.attention[0])
        masks = [mask] * len(student.hidden) + [pairs] * len(student.attention)
        assert not any(g[~real].any() for g, real in zip(gradients, masks))
        of_states = [g[real] for g, real in zip(gradients, masks)]
        results.append([loss, *of_states, *gradients[len(inputs) :]])
    for a, b in zip(*results):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_nothing_to_compare(name):
    module = build(LOSSES[name])
    student, teacher = (
        make_states(STUDENT, [0, 0], n_pieces=2),
        make_states(TEACHER, [0, 0], n_pieces=2),
    )
    loss = module(student, teacher)
    assert loss.item() == 0.0
    loss.backward()
    assert all(torch.isfinite(W.grad).all() for W in module.parameters())


@pytest.mark.parametrize("name", ["attention", "hidden", "patient", "cosine", "sum"])
def test_no_loss_against_itself(name):
    """A student of the teacher's shape that has its states; W starts as identity."""
    shape = EncoderShape(layers=2, width=5, heads=4)
    module = build(LOSSES[name], shape, shape)
    states = make_states(shape)
    assert module(states, states).item() == pytest.approx(0.0, abs=1e-12)


def test_equal_widths_need_no_projection():
    same = EncoderShape(layers=4, width=5, heads=4)
    for loss in (patient_loss_v1(), cosine_loss_v1()):
        assert not list(build(loss, same, TEACHER).parameters())
    # Eq. 18 has W_h in any case.
    hidden = build(hidden_loss_v1(embeddings=False), same, TEACHER)
    (W,) = hidden.parameters()
    assert torch.equal(W, torch.eye(5, dtype=torch.float64))


def test_first_piece_after_padding_on_the_left():
    loss = build(patient_loss_v1(positions="first"))
    student, teacher = make_states(STUDENT, seed=1), make_states(TEACHER, seed=2)

    def flip(states):
        return states._replace(
            hidden=tuple(h.flip(1) for h in states.hidden), mask=states.mask.flip(1)
        )

    # The first real piece of a flipped sequence is its last one.
    expected = []
    for row, length in enumerate(LENGTHS):
        one = [
            s._replace(
                hidden=tuple(h[row : row + 1, length - 1 : length] for h in s.hidden),
                mask=torch.ones(1, 1, dtype=torch.bool),
            )
            for s in (student, teacher)
        ]
        expected.append(loss(*one).item())
    assert loss(flip(student), flip(teacher)).item() == pytest.approx(np.mean(expected))


def test_parts():
    module = build(LOSSES["sum"])
    assert module.parts == {}
    student, teacher = make_states(STUDENT, seed=1), make_states(TEACHER, seed=2)
    loss = module(student, teacher)
    parts = module.parts
    assert set(parts) == {"attention", "hidden", "cosine"}
    assert sum(parts.values()) == pytest.approx(loss.item())
    for name, part in zip(module.names, module.losses):
        assert parts[name] == pytest.approx(part(student, teacher).item())
    # Values for a log must not keep the graph of the batch.
    assert not module._last.requires_grad


def test_names_of_parts_are_free():
    module = layer_losses_v1({"keys": cosine_loss_v1(), "type": cosine_loss_v1()})
    built = build(module)
    built(make_states(STUDENT), make_states(TEACHER))
    assert set(built.parts) == {"keys", "type"}


def test_needs_attention():
    for name, loss in LOSSES.items():
        assert isinstance(loss, LayerLoss)
        assert loss.needs_attention == ("attention" in name or name == "sum")
    assert not layer_losses_v1({"hidden": hidden_loss_v1()}).needs_attention


CONFIG = """
[loss]
@misc = "spacy_distill.LayerLosses.v1"

[loss.losses]

[loss.losses.attention]
@misc = "spacy_distill.AttentionLoss.v1"
weight = 0.5

[loss.losses.hidden]
@misc = "spacy_distill.HiddenLoss.v1"
layer_map = [1,3]
embeddings = false

[loss.losses.patient]
@misc = "spacy_distill.PatientLoss.v1"
positions = "first"

[loss.losses.cosine]
@misc = "spacy_distill.CosineLoss.v1"
"""


def test_config():
    loss = registry.resolve(Config().from_str(CONFIG))["loss"]
    module = build(loss)
    module(make_states(STUDENT), make_states(TEACHER))
    assert list(module.parts) == ["attention", "hidden", "patient", "cosine"]


@pytest.mark.parametrize("weight", [-1.0, math.inf, math.nan])
@pytest.mark.parametrize(
    "make", [attention_loss_v1, hidden_loss_v1, patient_loss_v1, cosine_loss_v1]
)
def test_weight_out_of_range(make, weight):
    with pytest.raises(DistillError, match="weight of at least 0, got"):
        make(weight)


def test_wrong_settings():
    with pytest.raises(DistillError, match="positions out of all, first, got 'last'"):
        patient_loss_v1(positions="last")
    with pytest.raises(DistillError, match="at least one layer loss, got none"):
        layer_losses_v1({})
    with pytest.raises(DistillError, match="a layer loss as 'cosine', got float"):
        layer_losses_v1({"hidden": hidden_loss_v1(), "cosine": 1.0})


@pytest.mark.parametrize(
    ("loss", "student", "message"),
    [
        (attention_loss_v1(), STUDENT._replace(heads=3), "the student's 3, got 4"),
        (attention_loss_v1(), STUDENT._replace(heads=8), "the student's 8, got 4"),
        (attention_loss_v1(), STUDENT._replace(layers=5), r"layers \(4\), got 5"),
        (hidden_loss_v1(), STUDENT._replace(layers=5), r"layers \(4\), got 5"),
        (hidden_loss_v1(layer_map=[1]), STUDENT, "of 2 student layers, got 1"),
        (hidden_loss_v1(layer_map=[1, 9]), STUDENT, "from 1 to 4, got 9"),
        (patient_loss_v1(layer_map=[1, 2]), STUDENT, "of 1 student layers, got 2"),
        (patient_loss_v1(), STUDENT._replace(layers=1), "at least 2 layers"),
    ],
)
def test_encoders_that_do_not_fit(loss, student, message):
    with pytest.raises(DistillError, match=message):
        layer_losses_v1({"loss": loss}).build(student, TEACHER)


def test_more_student_layers_with_a_map():
    student = STUDENT._replace(layers=5)
    module = build(hidden_loss_v1(layer_map=[1, 2, 3, 4, 4]), student)
    assert module(make_states(student), make_states(TEACHER)).item() > 0


def test_without_attention_scores():
    student, teacher = make_states(STUDENT), make_states(TEACHER)
    with pytest.raises(DistillError, match="attention scores, got none"):
        build(attention_loss_v1())(student, teacher._replace(attention=()))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("lengths", [(4, 1, 2), (4, 1), (5, 1, 3)])
def test_other_pieces(name, lengths):
    module = build(LOSSES[name])
    with pytest.raises(DistillError, match="same word pieces, got 8 pieces in"):
        module(make_states(STUDENT), make_states(TEACHER, lengths))
