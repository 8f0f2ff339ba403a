"""States of encoders against what the models of transformers return themselves."""

import pytest

from spacy_distill.errors import DistillError
from spacy_distill.losses.layer_states import EncoderShape
from spacy_distill.losses.layers import (
    attention_loss_v1,
    cosine_loss_v1,
    hidden_loss_v1,
    layer_losses_v1,
    patient_loss_v1,
)
from spacy_distill.students.transformer.states import encoder_shape, read_states

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

SIZES = {
    "vocab_size": 30,
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 20,
    "max_position_embeddings": 40,
    "pad_token_id": 1,
    # Weights that are large enough for attention to differ from uniform.
    "initializer_range": 1.0,
}
DISTILBERT = {
    "vocab_size": 30,
    "dim": 16,
    "n_layers": 3,
    "n_heads": 4,
    "hidden_dim": 20,
    "max_position_embeddings": 40,
    "pad_token_id": 1,
    "initializer_range": 1.0,
}
KINDS = ["Bert", "Roberta", "XLMRoberta", "Camembert", "Electra", "MPNet", "DistilBert"]
# The others have one implementation of attention.
IMPLEMENTATIONS = [
    *((kind, "eager") for kind in KINDS),
    *((kind, "sdpa") for kind in KINDS if kind not in ("MPNet", "Electra")),
]


def make(kind, attn="eager", head="Model", **settings):
    torch.manual_seed(0)
    sizes = DISTILBERT if kind == "DistilBert" else SIZES
    config = getattr(transformers, f"{kind}Config")(
        **{**sizes, **settings}, attn_implementation=attn
    )
    return getattr(transformers, f"{kind}{head}")(config).double().eval()


def make_inputs():
    torch.manual_seed(1)
    mask = torch.tensor([[1] * 7, [1] * 4 + [0] * 3, [1] + [0] * 6])
    ids = torch.randint(5, 30, mask.shape)
    return {"input_ids": ids.where(mask.bool(), 1), "attention_mask": mask}


def probabilities(states):
    hidden_keys = ~states.mask[:, None, None, :]
    return [s.masked_fill(hidden_keys, -1e9).softmax(-1) for s in states.attention]


def count_hooks(model):
    return sum(len(module._forward_hooks) for module in model.modules())


@pytest.mark.parametrize("kind", KINDS)
def test_shape(kind):
    assert encoder_shape(make(kind)) == EncoderShape(layers=3, width=16, heads=4)


@pytest.mark.parametrize(("kind", "attn"), IMPLEMENTATIONS)
def test_the_models_own_states(kind, attn):
    model, inputs = make(kind, attn), make_inputs()
    assert model.config._attn_implementation == attn
    with torch.no_grad():
        states = read_states(model, inputs, attention=True)
        expected = make(kind)(
            **inputs, output_attentions=True, output_hidden_states=True
        )
    mask = inputs["attention_mask"].bool()
    assert torch.equal(states.mask, mask)
    assert len(states.hidden) == len(expected.hidden_states) == 4
    for ours, theirs in zip(states.hidden, expected.hidden_states):
        torch.testing.assert_close(ours[mask], theirs[mask], rtol=1e-9, atol=1e-9)
    assert len(states.attention) == len(expected.attentions) == 3
    for ours, theirs in zip(probabilities(states), expected.attentions):
        rows = mask[:, None, :].expand(ours.shape[:3])
        torch.testing.assert_close(ours[rows], theirs[rows], rtol=1e-9, atol=1e-9)
        # Not uniform, so that wrong scores would be noticed.
        assert theirs[0].max() > 0.5
    assert count_hooks(model) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_through_scores(kind):
    """Those of the attention probabilities that the model itself returns."""
    model, inputs = make(kind), make_inputs()
    weights = torch.randn(3, 4, 7, 7, dtype=torch.float64)
    states = read_states(model, inputs, attention=True)
    own = model(**inputs, output_attentions=True).attentions
    parameters = [p for name, p in model.named_parameters() if "pooler" not in name]
    gradients = [
        torch.autograd.grad(
            sum((layer * weights).sum() for layer in layers),
            parameters,
            allow_unused=True,
            materialize_grads=True,
        )
        for layers in (probabilities(states), own)
    ]
    assert sum(g.abs().sum() for g in gradients[1]) > 0
    for ours, theirs in zip(*gradients):
        torch.testing.assert_close(ours, theirs, rtol=1e-7, atol=1e-9)


def test_without_attention_or_mask():
    model, inputs = make("Bert"), make_inputs()
    states = read_states(model, {"input_ids": inputs["input_ids"]}, attention=False)
    assert states.attention == ()
    assert states.mask.dtype == torch.bool
    assert states.mask.shape == (3, 7)
    assert states.mask.all()


@pytest.mark.parametrize("kind", ["Bert", "MPNet", "DistilBert"])
def test_with_an_output_layer(kind):
    model, inputs = make(kind, head="ForTokenClassification"), make_inputs()
    encoder = getattr(model, model.base_model_prefix)
    ours, theirs = (read_states(m, inputs, attention=True) for m in (model, encoder))
    for a, b in zip(ours.hidden + ours.attention, theirs.hidden + theirs.attention):
        assert torch.equal(a, b)


@pytest.mark.parametrize("kind", KINDS)
def test_hooks_are_removed_after_an_error(kind):
    model, inputs = make(kind), make_inputs()
    hooks_before = count_hooks(model)
    last = encoder_layers(model)[-1]
    handle = last.register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        read_states(model, inputs, attention=True)
    handle.remove()
    assert count_hooks(model) == hooks_before == 0
    # Nothing that was recorded then is left.
    assert len(read_states(model, inputs, attention=True).attention) == 3


def encoder_layers(model):
    return getattr(model, "encoder", getattr(model, "transformer", None)).layer


def fail(module, args):
    raise RuntimeError("out of memory")


@pytest.mark.parametrize(
    ("kind", "settings", "name"),
    [
        ("DebertaV2", {}, "DebertaV2Model"),
        ("Albert", {"embedding_size": 16}, "AlbertModel"),
        ("RoFormer", {}, "RoFormerModel"),
        ("Bert", {"position_embedding_type": "relative_key"}, "BertModel"),
    ],
)
def test_no_scores(kind, settings, name):
    model = make(kind, **settings)
    with pytest.raises(DistillError, match=f"can be read .* got {name}: leave out"):
        read_states(model, make_inputs(), attention=True)
    assert len(read_states(model, make_inputs(), attention=False).hidden) == 4


def test_a_student_learns_from_layers():
    """A narrower, shallower student with fewer heads."""
    teacher, inputs = make("Bert"), make_inputs()
    small = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2}
    student = make("Bert", "sdpa", **small)
    losses = layer_losses_v1(
        {
            "attention": attention_loss_v1(),
            "hidden": hidden_loss_v1(),
            "patient": patient_loss_v1(),
            "cosine": cosine_loss_v1(),
        }
    )
    module = losses.build(encoder_shape(student), encoder_shape(teacher)).double()
    with torch.no_grad():
        target = read_states(teacher, inputs, attention=losses.needs_attention)
    parameters = [*student.parameters(), *module.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=0.02)
    parts = []
    for _ in range(40):
        states = read_states(student, inputs, attention=losses.needs_attention)
        module(states, target).backward()
        optimizer.step()
        optimizer.zero_grad()
        parts.append(module.parts)
    assert all(parts[-1][name] < 0.7 * parts[0][name] for name in losses.losses)


def test_no_encoder():
    model = torch.nn.Linear(2, 2)
    with pytest.raises(DistillError, match="hidden_size, .* got Linear: use"):
        encoder_shape(model)
    with pytest.raises(DistillError, match="got Linear: use an encoder"):
        read_states(model, {}, attention=True)
