import numpy as np
import pytest
from small import make_nlp
from spacy.training import Example
from thinc.api import Adam
from tiny_teachers import make_bert_teacher

from spacy_distill.errors import DistillError
from spacy_distill.training.fine_tuning import fine_tuning_v1


def test_word_embeddings_stay_and_the_rest_learns(tmp_path):
    nlp = fine_tuning_v1()(make_bert_teacher(tmp_path))
    bert = nlp.get_pipe("transformer").model.transformer
    words = bert.get_input_embeddings().weight
    inner = bert.encoder.layer[0].output.dense.weight
    before = words.detach().clone(), inner.detach().clone()
    doc = nlp.make_doc("Anna lives in Paris")
    example = Example.from_dict(doc, {"entities": [(0, 4, "PER")]})
    for _ in range(3):
        nlp.update([example], sgd=Adam(0.01))
    assert (words == before[0]).all()
    assert (inner != before[1]).any()


def test_no_such_component():
    with pytest.raises(DistillError, match="component 'transformer', got ner"):
        fine_tuning_v1()(make_nlp())


def test_no_transformer():
    with pytest.raises(DistillError, match="transformer in 'ner', got none"):
        fine_tuning_v1("ner")(make_nlp())
    nlp = make_nlp()
    nlp.add_pipe("sentencizer")
    with pytest.raises(DistillError, match="transformer in 'sentencizer', got none"):
        fine_tuning_v1("sentencizer")(nlp)


def test_bfloat16_is_for_training_alone(tmp_path):
    exact, fast = (
        fine_tuning_v1(bfloat16=fast)(make_bert_teacher(tmp_path / str(fast)))
        for fast in (False, True)
    )
    for is_train in (False, True):
        expected, found = (states(nlp, is_train=is_train) for nlp in (exact, fast))
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=0.1)
        assert (found == expected).all() != is_train


def test_learning_in_bfloat16(tmp_path):
    nlp = fine_tuning_v1(bfloat16=True)(make_bert_teacher(tmp_path))
    bert = nlp.get_pipe("transformer").model.transformer
    inner = bert.encoder.layer[0].output.dense.weight
    before = inner.detach().clone()
    example = Example.from_dict(
        nlp.make_doc("Anna lives in Paris"), {"entities": [(0, 4, "PER")]}
    )
    losses = [nlp.update([example], sgd=Adam(0.01))["ner"] for _ in range(20)]
    assert losses[-1] < losses[0] / 2
    assert inner.dtype == before.dtype
    assert (inner != before).any()


def states(nlp, *, is_train):
    import torch

    model = nlp.get_pipe("transformer").model
    # The same dropout, and there is some.
    torch.manual_seed(0)
    batch, _ = model([nlp.make_doc("Anna lives in Paris")], is_train=is_train)
    return batch.model_output.last_hidden_state.detach().numpy()
