import pytest

from spacy_distill.students.transformer.module import n_positions

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


@pytest.mark.parametrize(
    "kind", ["Bert", "Roberta", "XLMRoberta", "Camembert", "MPNet", "DistilBert"]
)
def test_positions_are_as_many_as_the_model_can_read(kind):
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=20,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        max_position_embeddings=12,
        pad_token_id=1,
    )
    model = getattr(transformers, f"{kind}Model")(config).eval()
    most = n_positions(config)
    ids = torch.full((1, most + 1), 5)
    with torch.no_grad():
        model(input_ids=ids[:, :-1], attention_mask=torch.ones_like(ids[:, :-1]))
        with pytest.raises((IndexError, RuntimeError)):
            model(input_ids=ids, attention_mask=torch.ones_like(ids))
