"""Magnitude pruning (Han et al. 2015), without training afterwards."""

from typing import Any, Iterator, Tuple

import numpy as np
from spacy.language import Language
from thinc.api import Model

from spacy_distill.evaluation.size import layers
from spacy_distill.students.encoder import ENCODER
from spacy_distill.students.pieces import PIECE_PARAMS


def prune_magnitudes(nlp: Language, share: float) -> None:
    """Set the smallest weights of each matrix to zero, Thinc's and torch's alike.

    share: of each matrix, in [0, 1]. A table of int8 rows is pruned as what it stands
        for, rows times scales.
    """
    for node in layers(nlp):
        for name in node.param_names:
            if node.has_param(name):
                array: Any = node.get_param(name)
                if array.ndim >= 2:
                    scales = _scales(node, name)
                    node.set_param(name, without_smallest(array, share, scales))
        for _, module in torch_modules(node):
            for parameter in module.parameters():
                if parameter.ndim >= 2:
                    array = parameter.detach().numpy()
                    array[...] = without_smallest(array, share)


def without_smallest(array: np.ndarray, share: float, scales: Any = 1.0) -> np.ndarray:
    """A copy in which the smallest numbers, times their scales, are zero."""
    sizes = np.abs(array * scales).ravel()
    out = array.copy()
    n = round(share * sizes.size)
    if n:
        out.ravel()[np.argpartition(sizes, n - 1)[:n]] = 0
    return out


def torch_modules(node: Model) -> Iterator[Tuple[Any, Any]]:
    """The layer's shims that hold a torch module, and the module."""
    for shim in node.shims:
        module = getattr(shim, "_model", None)
        if hasattr(module, "state_dict"):
            yield shim, module


def _scales(node: Model, name: str) -> Any:
    vectors, scales = PIECE_PARAMS
    if node.name == ENCODER and name == vectors:
        return node.get_param(scales)[:, None]
    return 1.0
