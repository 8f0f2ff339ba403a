"""A torch transformer with int8 weights, and what its weights take."""

import io
import warnings
import zlib
from typing import Any, List

import torch
from spacy.language import Language

from spacy_distill.evaluation.size import layers

from .pruning import torch_modules


def quantize_linear(nlp: Language) -> None:
    """Give the linear layers of all torch modules int8 weights; inputs are quantized
    as they come (dynamic quantization). Embeddings stay float32."""
    for node in layers(nlp):
        for shim, module in torch_modules(node):
            with warnings.catch_warnings():
                # torch tells of torchao, which is to take its place.
                warnings.simplefilter("ignore")
                shim._model = torch.ao.quantization.quantize_dynamic(
                    module.eval(), {torch.nn.Linear}, dtype=torch.qint8
                )


def zipped_state(nlp: Language) -> int:
    """Bytes of all torch modules as torch saves them, zipped."""
    return sum(len(zlib.compress(_saved(module))) for module in _modules(nlp))


def nonzero(nlp: Language) -> int:
    """How many numbers of all torch modules are not zero."""
    return sum(
        int(torch.count_nonzero(tensor))
        for module in _modules(nlp)
        for tensor in _tensors(module)
    )


def _modules(nlp: Language) -> List[Any]:
    return [module for node in layers(nlp) for _, module in torch_modules(node)]


def _tensors(module: Any) -> List[torch.Tensor]:
    tensors = list(module.parameters())
    for layer in module.modules():
        if isinstance(layer, torch.ao.nn.quantized.dynamic.Linear):
            tensors += [layer.weight().int_repr(), layer.bias()]
    return tensors


def _saved(module: Any) -> bytes:
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    return file.getvalue()
