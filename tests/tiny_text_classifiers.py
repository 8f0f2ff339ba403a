"""Hugging Face sequence classifiers with random weights."""

from pathlib import Path
from typing import Any, Sequence

import numpy as np
from tiny_classifiers import (
    LENGTH,
    bert_sizes,
    bert_tokenizer,
    roberta_sizes,
    roberta_tokenizer,
)

CATEGORIES = ("sea", "land", "O")


def softmax(logits: np.ndarray) -> np.ndarray:
    """Softmax of the last axis, by its definition."""
    powers = np.exp(np.asarray(logits, dtype=np.float64))
    return powers / powers.sum(axis=-1, keepdims=True)


def expit(logits: np.ndarray) -> np.ndarray:
    """Sigmoid, by its definition."""
    return 1.0 / (1.0 + np.exp(-np.asarray(logits, dtype=np.float64)))


def make_text_bert(
    folder: Path, names: Sequence[str] = CATEGORIES, *, length: int = LENGTH, **config
) -> Path:
    """Create a BERT that classifies texts.

    Args:
        folder: Folder to save the model to.
        names: Names of the outputs.
        length: Maximum input length in word pieces.
        **config: Further values of the config, such as problem_type.

    Returns:
        The folder.
    """
    from transformers import BertConfig, BertForSequenceClassification

    tokenizer = bert_tokenizer(folder, length)
    made = BertConfig(**bert_sizes(tokenizer), **_outputs(names), **config)
    return _save(BertForSequenceClassification, made, tokenizer, folder)


def make_text_roberta(
    folder: Path, names: Sequence[str] = CATEGORIES, *, length: int = LENGTH, **config
) -> Path:
    """Create a RoBERTa that classifies texts; see `make_text_bert`."""
    from transformers import RobertaConfig, RobertaForSequenceClassification

    tokenizer = roberta_tokenizer(folder)
    sizes = {**roberta_sizes(tokenizer), "max_position_embeddings": length + 2}
    made = RobertaConfig(**sizes, **_outputs(names), **config)
    return _save(RobertaForSequenceClassification, made, tokenizer, folder)


def make_text_gpt2(folder: Path, names: Sequence[str] = CATEGORIES) -> Path:
    """Create a GPT-2 without padding and special tokens that classifies texts."""
    from transformers import (
        GPT2Config,
        GPT2ForSequenceClassification,
        PreTrainedTokenizerFast,
    )

    backend = roberta_tokenizer(folder).backend_tokenizer
    backend.post_processor = None
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_input_names=["input_ids", "attention_mask"],
        model_max_length=LENGTH,
    )
    made = GPT2Config(
        vocab_size=len(tokenizer),
        n_embd=32,
        n_layer=2,
        n_head=2,
        n_positions=LENGTH,
        **_outputs(names),
    )
    return _save(GPT2ForSequenceClassification, made, tokenizer, folder)


def _outputs(names: Sequence[str]) -> dict:
    return {
        "id2label": dict(enumerate(names)),
        "label2id": {name: i for i, name in enumerate(names)},
        # Probabilities that differ more than those of 0.02, the default.
        "initializer_range": 0.5,
    }


def _save(kind: Any, config: Any, tokenizer: Any, folder: Path) -> Path:
    import torch

    torch.manual_seed(0)
    kind(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
