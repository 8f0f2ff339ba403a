"""Token classifiers out of a teacher: its own transformer, in torch or as ONNX, and
BERTs of other sizes behind its word pieces.

The classifier's weights are random, and so are all of a BERT: speed does not depend on
them.
"""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any, Dict, NamedTuple

import spacy
import torch
from transformers import AutoModelForTokenClassification, BertConfig

from spacy_distill.errors import DistillError
from spacy_distill.hub import longest_input

from .folders import FACTS, GRAPH, TOKENIZER


class _Teacher(NamedTuple):
    transformer: Any
    tokenizer: Any
    tags: int


def make_teacher(folder: Path, *, teacher: str) -> None:
    """Write a pipeline's transformer to a folder, as token classifier.

    Raises DistillError if it has no word pieces of the library `tokenizers`.
    """
    parts = _load(teacher)
    _save(_classifier(parts), parts, folder)


def make_bert(
    folder: Path, *, teacher: str, layers: int, width: int, heads: int
) -> None:
    """Write a BERT of that size with random weights to a folder. Raises as
    `make_teacher`."""
    parts = _load(teacher)
    config = BertConfig(
        vocab_size=len(parts.tokenizer),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        num_labels=parts.tags,
        pad_token_id=parts.tokenizer.pad_token_id,
    )
    torch.manual_seed(0)
    model = AutoModelForTokenClassification.from_config(config)
    _save(model, parts, folder)


def make_onnx(folder: Path, *, teacher: str) -> None:
    """Write a pipeline's transformer to a folder, as ONNX graph of a token classifier
    whose weights are int8. Raises as `make_teacher`."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    parts = _load(teacher)
    model = _classifier(parts)
    _save_facts(model, parts, folder)
    ids = torch.full((2, 4), parts.tokenizer.pad_token_id, dtype=torch.int64)
    names = ("input_ids", "attention_mask", "logits")
    whole = folder / "float32.onnx"
    torch.onnx.export(
        _Logits(model),
        (ids, torch.ones_like(ids)),
        str(whole),
        input_names=list(names[:2]),
        output_names=list(names[2:]),
        dynamic_axes={name: {0: "row", 1: "piece"} for name in names},
        opset_version=17,
        # The other exporter needs one more package.
        dynamo=False,
    )
    quantize_dynamic(whole, folder / GRAPH, weight_type=QuantType.QInt8)
    whole.unlink()


class _Logits(torch.nn.Module):
    """A classifier with tensors for inputs and output, as a graph has them."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> torch.Tensor:
        logits: torch.Tensor = self.model(
            input_ids=input_ids, attention_mask=attention_mask
        ).logits
        return logits


def _load(teacher: str) -> _Teacher:
    nlp = spacy.load(teacher)
    factories = {nlp.get_pipe_meta(name).factory: name for name in nlp.pipe_names}
    model = nlp.get_pipe(factories["transformer"]).model
    if not getattr(model.tokenizer, "is_fast", False):
        raise DistillError(
            f"Expected a teacher with a fast tokenizer, got {teacher!r} with a"
            f" {type(model.tokenizer).__name__}: set use_fast in its tokenizer_config."
        )
    labels = [label for other in nlp.pipe_names for label in nlp.pipe_labels[other]]
    # As many as BILUO has of them.
    return _Teacher(model.transformer, model.tokenizer, 4 * len(labels) + 1)


def _classifier(parts: _Teacher) -> Any:
    config = deepcopy(parts.transformer.config)
    config.num_labels = parts.tags
    torch.manual_seed(0)
    model = AutoModelForTokenClassification.from_config(config)
    # A pooler that the transformer has and a token classifier does without.
    missing = model.base_model.load_state_dict(
        parts.transformer.state_dict(), strict=False
    ).missing_keys
    assert not missing, missing
    return model.eval()


def _save(model: Any, parts: _Teacher, folder: Path) -> None:
    model.save_pretrained(folder)
    _save_facts(model, parts, folder)


def _save_facts(model: Any, parts: _Teacher, folder: Path) -> None:
    parts.tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))
    facts: Dict[str, int] = {
        "max_length": longest_input(parts.tokenizer, model, model.config),
        "pad_id": parts.tokenizer.pad_token_id,
        "parameters": sum(p.numel() for p in model.parameters()),
    }
    (folder / FACTS).write_text(json.dumps(facts), encoding="utf-8")
