"""Layer losses in training, against torch's autograd."""

import pickle
from itertools import repeat

import numpy as np
import pytest
from small import TEXTS
from tiny_transformer_students import (
    make_examples,
    make_student,
    make_unigram,
    shim_of,
    train,
    write_source,
)

from spacy_distill.errors import DistillError
from spacy_distill.losses.layers import (
    attention_loss_v1,
    hidden_loss_v1,
    layer_losses_v1,
)
from spacy_distill.training.layer_teacher import layer_teacher_v1

torch = pytest.importorskip("torch")


def make_losses():
    return layer_losses_v1(
        {"attention": attention_loss_v1(), "hidden": hidden_loss_v1()}
    )


def set_teacher(nlp, source, theta=1.0, **options):
    layer_teacher_v1(str(source), make_losses(), theta, **options)(nlp)
    return shim_of(nlp)


def gradients(shim):
    return {
        name: weight.grad.clone()
        for name, weight in shim.learned_weights()
        if weight.grad is not None
    }


def read(shim, nlp):
    """Batches of the texts, few windows in each."""
    docs = [nlp.make_doc(text) for text in TEXTS]
    return shim.reader.read(docs, most=24).batches


def test_gradients_are_those_of_the_weighted_sum(source):
    nlp = make_student(source, init={"prune_vocabulary": False}, case=False)
    shim = set_teacher(nlp, source, theta=0.3)
    batches = read(shim, nlp)
    assert len(batches) > 1
    outputs, backprop = shim((batches, 0.0), True)
    rng = np.random.default_rng(0)
    d_outputs = [rng.normal(size=x.shape).astype("f") for x in outputs]
    backprop(d_outputs)
    got = gradients(shim)
    # Once more without the shim: states as the models return them themselves.
    for _, weight in shim.learned_weights():
        weight.grad = None
    student, teacher = shim.module, shim.layer_teacher._teacher.model
    projection, embedding_projection = (
        module.weight
        for module in shim.layer_teacher.module.modules()
        if isinstance(module, torch.nn.Linear)
    )
    total = torch.zeros(())
    for batch, d_output in zip(batches, d_outputs):
        ids, mask = (torch.from_numpy(array) for array in (batch.ids, batch.mask))
        real = mask.bool()
        inputs = {"input_ids": ids, "attention_mask": mask}
        own = student(**inputs, output_hidden_states=True).hidden_states
        with torch.no_grad():
            target = teacher(**inputs, output_hidden_states=True).hidden_states
        hidden = [
            ((own[j] @ projection.T - target[2 * j])[real] ** 2).mean() for j in (1, 2)
        ]
        hidden.append(((own[0] @ embedding_projection.T - target[0])[real] ** 2).mean())
        attention = []
        for j in (0, 1):
            scores = [
                _scores(model.encoder.layer[layer].attention.self, states)
                for model, layer, states in (
                    (student, j, own[j]),
                    (teacher, 2 * j + 1, target[2 * j + 1]),
                )
            ]
            pairs = (real[:, :, None] & real[:, None, :])[:, None].expand_as(scores[0])
            attention.append(((scores[0] - scores[1].detach())[pairs] ** 2).mean())
        loss = sum(hidden) / 3 + sum(attention) / 2
        share = len(ids) / sum(len(x.ids) for x in batches)
        total = total + 0.3 * share * loss
        total = total + (own[-1] * torch.from_numpy(d_output)).sum()
    total.backward()
    expected = gradients(shim)
    assert got.keys() == expected.keys()
    assert {"layer_teacher." in name for name in got} == {True, False}
    for name, gradient in got.items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-3, atol=1e-4)


def test_a_teacher_in_bfloat16(source):
    found = []
    for bfloat16 in (False, True):
        nlp = make_student(source)
        shim = set_teacher(nlp, source, bfloat16=bfloat16)
        module = shim.module.eval()
        compared = [
            shim.layer_teacher.compare(module, batch, 1.0) for batch in read(shim, nlp)
        ]
        assert all(output.dtype == torch.float32 for output, _ in compared)
        found.append([loss.item() for _, loss in compared])
    exact, rounded = found
    assert rounded != exact
    assert rounded == pytest.approx(exact, rel=0.05)


def _scores(attention, states):
    heads = (attention.num_attention_heads, -1)
    query, key = (
        linear(states).unflatten(-1, heads).transpose(1, 2)
        for linear in (attention.query, attention.key)
    )
    return query @ key.transpose(2, 3) / query.shape[-1] ** 0.5


@pytest.mark.parametrize("prune_vocabulary", [False, True])
def test_a_copy_of_the_teacher_has_no_loss(source, tmp_path, prune_vocabulary):
    nlp = make_student(source)
    nlp.to_disk(tmp_path / "soft")
    gold = _write_gold(nlp, tmp_path)
    copy = make_student(
        source,
        layers=4,
        case=False,
        init={"prune_vocabulary": prune_vocabulary, "gold": gold},
    )
    shim = set_teacher(copy, source)
    teacher = shim.layer_teacher
    for batch in read(shim, copy):
        shim.module.eval()
        assert teacher.compare(shim.module, batch, 1.0).loss.item() < 1e-8
    is_pruned = shim.cfg["vocab_size"] < len(teacher._teacher.tokenizer.get_vocab())
    assert is_pruned == prune_vocabulary


def _write_gold(nlp, folder):
    from spacy.tokens import DocBin

    path = folder / "gold.spacy"
    DocBin(docs=[eg.reference for eg in make_examples(nlp)]).to_disk(path)
    return path


def test_the_student_comes_near_to_the_teachers_layers(source):
    nlp = make_student(source, case=False)
    shim = set_teacher(nlp, source)

    def loss():
        shim.module.eval()
        docs = [nlp.make_doc(text) for text in TEXTS]
        (batch,) = shim.reader.read(docs, most=10_000).batches
        return shim.layer_teacher.compare(shim.module, batch, 1.0).loss.item()

    before = loss()
    train(nlp, 60)
    assert loss() < 0.5 * before


def test_weight_zero_is_no_teacher(source):
    plain, taught = (make_student(source, case=False) for _ in range(2))
    set_teacher(taught, source, theta=repeat(0.0))
    assert train(plain, 3) == train(taught, 3)


def test_a_schedule_gives_the_weight_of_each_update(source):
    nlp = make_student(source, case=False)
    shim = set_teacher(nlp, source, theta=iter([1.0, 0.5]))
    assert [shim.layer_teacher.next_theta() for _ in range(2)] == [1.0, 0.5]
    with pytest.raises(DistillError, match="Expected theta in .0, 1. at every update"):
        shim.layer_teacher.next_theta()


def test_the_teacher_is_not_kept(source, tmp_path):
    nlp = make_student(source, case=False)
    shim = set_teacher(nlp, source)
    train(nlp, 1)
    size = len(shim.to_bytes())
    shim.layer_teacher = None
    assert len(shim.to_bytes()) == size
    set_teacher(nlp, source)
    assert shim_of(pickle.loads(pickle.dumps(nlp))).layer_teacher is None
    assert shim.copy().layer_teacher is None


def test_teachers_that_do_not_fit(source, tmp_path):
    nlp = make_student(source, case=False)
    other = write_source(tmp_path / "unigram", tokenizer=make_unigram())
    with pytest.raises(DistillError, match="with the student's tokenizer, got another"):
        set_teacher(nlp, other)
    with pytest.raises(DistillError, match="Expected one transformer student"):
        layer_teacher_v1(str(source), make_losses())(_without_student())
    longer = make_student(source, case=False, max_length=32)
    shim_of(longer).module.config.max_position_embeddings = 64
    with pytest.raises(DistillError, match="max_length of at most 32"):
        set_teacher(longer, source)


def _without_student():
    import spacy

    return spacy.blank("en")
