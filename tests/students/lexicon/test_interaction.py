"""The layer, against its equations one word at a time."""

import copy
import pickle

import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    ElectraConfig,
    ElectraModel,
    RobertaConfig,
    RobertaModel,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from spacy_distill.errors import DistillError
from spacy_distill.students.lexicon.interaction import (
    check_reads_alone,
    has_interaction,
    insert_interaction,
)

WIDTH, HIDDEN, N_WORDS = 5, 8, 6


SIZES = {
    "vocab_size": 20,
    "hidden_size": HIDDEN,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "initializer_range": 0.3,
    "pad_token_id": 0,
}
KINDS = {
    "bert": (BertModel, BertConfig(**SIZES)),
    "roberta": (RobertaModel, RobertaConfig(**SIZES)),
    "xlm-roberta": (XLMRobertaModel, XLMRobertaConfig(**SIZES)),
    "electra": (ElectraModel, ElectraConfig(**SIZES, embedding_size=4)),
}


def make_encoder(kind="bert"):
    torch.manual_seed(0)
    make, config = KINDS[kind]
    return make(config).eval()


def make_layer(dtype=torch.float64):
    """A layer whose weights are all random, without dropout."""
    encoder = make_encoder()
    insert_interaction(encoder, N_WORDS, WIDTH)
    layer = encoder.lexicon.eval().to(dtype)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.copy_(torch.randn_like(weight))
        layer.vectors.weight[0] = 0.0
    return layer


def by_hand(layer, hidden, words):
    """The equations of Liu et al. 2021, with the layer norm of the words' sum."""
    w = {name: weight.detach().numpy() for name, weight in layer.named_parameters()}
    out = hidden.copy()
    for place in np.ndindex(*words.shape[:2]):
        numbers = [n for n in words[place] if n]
        if not numbers:
            continue
        v = [
            w["outer.weight"]
            @ np.tanh(w["inner.weight"] @ w["vectors.weight"][n] + w["inner.bias"])
            + w["outer.bias"]
            for n in numbers
        ]
        # h W_attn: the matrix of a linear layer is transposed.
        scores = np.array([(w["attention.weight"] @ hidden[place]) @ x for x in v])
        a = np.exp(scores - scores.max())
        z = (a / a.sum()) @ np.array(v)
        normed = (z - z.mean()) / np.sqrt(z.var() + layer.norm.eps)
        out[place] += normed * w["norm.weight"] + w["norm.bias"]
    return out


def random_input(seed=0):
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(2, 4, HIDDEN))
    words = rng.integers(1, N_WORDS + 1, size=(2, 4, 3))
    n_words = rng.integers(0, 4, size=(2, 4, 1))
    n_words[0, 0] = 0
    return hidden, np.where(np.arange(3) < n_words, words, 0)


@pytest.mark.parametrize("seed", range(5))
def test_the_equations(seed):
    layer = make_layer()
    hidden, words = random_input(seed)
    with torch.no_grad():
        got = layer(torch.from_numpy(hidden), torch.from_numpy(words)).numpy()
    np.testing.assert_allclose(got, by_hand(layer, hidden, words), atol=1e-10)
    # Exactly, not nearly.
    np.testing.assert_array_equal(got[0, 0], hidden[0, 0])


def test_gradients_are_finite_differences():
    layer = make_layer()
    hidden, words = (torch.from_numpy(x) for x in random_input(1))
    names = [name for name, _ in layer.named_parameters()]

    def run(x, *weights):
        return torch.func.functional_call(layer, dict(zip(names, weights)), (x, words))

    inputs = [hidden, *(w.detach() for w in layer.parameters())]
    # The row of padding has no gradient by definition; no word of the input uses it.
    used = [x.clone().requires_grad_(i != 1) for i, x in enumerate(inputs)]
    assert torch.autograd.gradcheck(run, used)
    # The table's: two rows, by hand, since gradcheck would also change the padding.
    layer(hidden, words).pow(2).sum().backward()
    table = layer.vectors.weight
    for row in (1, N_WORDS):
        for column in range(WIDTH):
            sums = []
            for step in (1e-5, -1e-5):
                with torch.no_grad():
                    table[row, column] += step
                    sums.append(layer(hidden, words).pow(2).sum().item())
                    table[row, column] -= step
            slope = (sums[0] - sums[1]) / 2e-5
            assert table.grad[row, column].item() == pytest.approx(slope, abs=1e-4)


def test_padding_does_not_count():
    layer = make_layer()
    hidden, words = random_input(2)
    words[0, 0] = 0
    wider = np.concatenate([words, np.zeros((2, 4, 3), dtype=np.int64)], axis=2)
    results, gradients = [], []
    for given in (words, wider):
        layer.zero_grad()
        output = layer(torch.from_numpy(hidden), torch.from_numpy(given))
        output.pow(2).sum().backward()
        results.append(output.detach().numpy())
        gradients.append([weight.grad.clone() for weight in layer.parameters()])
    np.testing.assert_allclose(*results, atol=1e-12)
    for one, other in zip(*gradients):
        assert torch.allclose(one, other)
    assert not gradients[0][0][0].any()
    # A batch without any words teaches nothing, rather than something that is not a
    # number.
    layer.zero_grad()
    x = torch.from_numpy(hidden).requires_grad_()
    layer(x, torch.zeros(2, 4, 3, dtype=torch.long)).sum().backward()
    assert torch.equal(x.grad, torch.ones_like(x))
    assert not any(weight.grad.abs().sum() for weight in layer.parameters())


def run(encoder, words):
    ids = torch.arange(8).reshape(2, 4)
    with torch.no_grad():
        output = encoder(input_ids=ids, word_ids=words, output_hidden_states=True)
    return output.hidden_states


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_words_come_after_the_first_layer(kind):
    encoder = make_encoder(kind)
    ids = torch.arange(8).reshape(2, 4)
    with torch.no_grad():
        plain = encoder(input_ids=ids, output_hidden_states=True).hidden_states
    before = set(encoder.state_dict())
    vectors = np.random.default_rng(0).normal(size=(N_WORDS, WIDTH)).astype("f")
    insert_interaction(encoder, N_WORDS, WIDTH, vectors=vectors)
    assert {n for n in encoder.state_dict() if not n.startswith("lexicon.")} == before
    np.testing.assert_array_equal(encoder.lexicon.vectors.weight.detach()[1:], vectors)
    encoder.eval()
    words = torch.zeros(2, 4, 2, dtype=torch.long)
    for one, other in zip(run(encoder, words), plain):
        assert torch.equal(one, other)
    words[1, 2, 0] = 3
    states = run(encoder, words)
    assert torch.equal(states[0], plain[0])
    changed = (states[1] != plain[1]).any(2)
    assert changed.nonzero().tolist() == [[1, 2]]
    expected = encoder.lexicon(plain[1], words)
    assert torch.allclose(states[1], expected)
    assert (states[2][1] != plain[2][1]).any()
    # At first the words change little, compared with hidden states.
    assert (states[1] - plain[1])[1, 2].norm() < 0.2 * plain[1][1, 2].norm()


def test_copies_have_a_layer_of_their_own():
    encoder = make_encoder()
    insert_interaction(encoder.eval(), N_WORDS, WIDTH)
    encoder.eval()
    words = torch.ones(2, 4, 2, dtype=torch.long)
    expected = run(encoder, words)
    for other in (copy.deepcopy(encoder), pickle.loads(pickle.dumps(encoder))):
        assert torch.equal(run(other, words)[-1], expected[-1])
        with torch.no_grad():
            other.lexicon.norm.bias += torch.arange(8.0)
        assert not torch.equal(run(other, words)[-1], expected[-1])
        assert torch.equal(run(encoder, words)[-1], expected[-1])


def test_encoders_that_do_not_fit():
    encoder = DistilBertModel(
        DistilBertConfig(vocab_size=9, dim=8, n_heads=2, n_layers=1, hidden_dim=8)
    )
    with pytest.raises(DistillError, match="layers as BERT has .*got DistilBertModel"):
        insert_interaction(encoder, 3, 4)
    encoder = make_encoder()
    assert not has_interaction(encoder)
    check_reads_alone(encoder)
    insert_interaction(encoder, 3, 4)
    with pytest.raises(DistillError, match="got one with a lexicon: name one without"):
        check_reads_alone(encoder)
    with pytest.raises(DistillError, match="Expected an encoder without a lexicon"):
        insert_interaction(encoder, 3, 4)
    with pytest.raises(DistillError, match="words of each word piece .*alone: use"):
        encoder(input_ids=torch.ones(1, 2, dtype=torch.long))
