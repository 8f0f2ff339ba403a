"""GLiNER2 models with random weights."""

from pathlib import Path

from tiny_classifiers import bert_sizes, bert_tokenizer

ARCHITECTURES = ("span", "boundary")
# Maximum input length in word pieces.
PIECES = 60


def make_gliner2(
    folder: Path, *, architecture: str = "span", length: int = PIECES, seed: int = 0
) -> Path:
    """Create a GLiNER2 model with a two-layer BERT encoder.

    Args:
        folder: Folder to save the model to.
        architecture: "span" or "boundary".
        length: Maximum input length in word pieces.
        seed: Seed of the weights.

    Returns:
        Folder of the model.
    """
    import torch
    from gliner2 import AutoExtractor, ExtractorConfig
    from transformers import BertConfig

    tokenizer = bert_tokenizer(folder / "encoder", length)
    # Probabilities that differ more than those of 0.02, the default.
    encoder = BertConfig(**bert_sizes(tokenizer), initializer_range=0.5)
    torch.manual_seed(seed)
    model = AutoExtractor.from_config(
        ExtractorConfig(model_name="tiny", architecture=architecture),
        encoder_config=encoder,
        tokenizer=tokenizer,
    )
    model.classifier[-1].weight.data *= 20
    model.save_pretrained(str(folder / "gliner2"))
    return folder / "gliner2"
