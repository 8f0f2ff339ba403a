"""The model of `compact_ner`: an encoder, a linear layer and an optional CRF."""

from functools import partial
from typing import Any, Callable, List, Optional, Sequence, Tuple

import numpy as np
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Linear, Model, NumpyOps, chain
from thinc.layers.linear import forward as linear_forward
from thinc.layers.with_array import forward as with_array_forward
from thinc.layers.with_array import init as with_array_init
from thinc.types import Floats2d

from ...arrays import Parts
from ...errors import DistillError, no_backprop
from ..labelled import OUTPUT_LAYER

CRF_LAYER = "crf"
_CRF_PARAMS = ("start", "follow", "end")


@registry.architectures("spacy_distill.TokenClassifier.v1")
def token_classifier_v1(
    tok2vec: Model[List[Doc], List[Floats2d]],
    output: str = "softmax",
    output_learn_rate: float = 1.0,
    nO: Optional[int] = None,
) -> Model[List[Doc], List[Floats2d]]:
    """Build a token classifier with one logit per tag.

    Args:
        tok2vec: Any encoder: a student, a transformer listener, a spaCy tok2vec.
        output: `softmax`, or `crf` for learned transitions between tags. The output of
            the model is the emissions in both cases. Transitions are parameters of its
            layer `crf`.
        output_learn_rate: How much faster the linear layer learns than the encoder. 10
            suits a new layer on a pretrained transformer.
        nO: Number of tags. Set by the component at initialization.

    Returns:
        A model with output [n_tokens, n_tags] for each Doc.

    Raises:
        DistillError: If `output` is unknown.
    """
    if output not in ("softmax", CRF_LAYER):
        raise DistillError(
            f'Expected output = "softmax" or "crf", got {output!r}: change '
            "[components.ner.model]."
        )
    linear = _linear(nO, tok2vec.maybe_get_dim("nO"))
    layers: List[Model] = [tok2vec, _with_parts(_scaled(linear, output_learn_rate))]
    if output == CRF_LAYER:
        layers.append(_crf_parameters())
    model: Model[List[Doc], List[Floats2d]] = chain(*layers)
    model.name = "token_classifier"
    model.set_ref("tok2vec", tok2vec)
    model.set_ref(OUTPUT_LAYER, linear)
    if output == CRF_LAYER:
        model.set_ref(CRF_LAYER, layers[-1])
    model.init = partial(_init, chain_init=model.init)
    return model


def get_crf_parameters(model: Model) -> Optional[Tuple[np.ndarray, ...]]:
    """Return the transitions of the CRF layer.

    Args:
        model: A model built by `token_classifier_v1`.

    Returns:
        (start [n_tags], follow [n_tags, n_tags], end [n_tags]), float32; None for a
        softmax.
    """
    layer = model.maybe_get_ref(CRF_LAYER)
    if layer is None:
        return None
    return tuple(layer.ops.to_numpy(layer.get_param(name)) for name in _CRF_PARAMS)


def add_crf_gradient(model: Model, gradient: Tuple[np.ndarray, ...]) -> None:
    """Increment the gradient of the CRF layer.

    Args:
        model: A model built by `token_classifier_v1`, with a CRF.
        gradient: Derivatives by (start, follow, end).
    """
    layer = model.get_ref(CRF_LAYER)
    arrays: Sequence[Any] = gradient
    for name, array in zip(_CRF_PARAMS, arrays):
        layer.inc_grad(name, layer.ops.asarray_f(array))


def resize_output(model: Model, n_tags: int) -> None:
    """Extend the output of a model to more tags.

    Old tags come first and keep their weights. The weights of new tags are zero.

    Args:
        model: A model built by `token_classifier_v1`.
        n_tags: The new number of tags.
    """
    linear = model.get_ref(OUTPUT_LAYER)
    wider = _linear(n_tags, linear.maybe_get_dim("nI"))
    _replace(model, linear, wider, n_tags)
    for node in model.walk():
        if node is not wider and wider in node.walk():
            node.set_dim("nO", n_tags, force=True)
    crf = model.maybe_get_ref(CRF_LAYER)
    if crf is not None:
        _replace(model, crf, _crf_parameters(), n_tags)


def _replace(model: Model, old: Model, new: Model, n_tags: int) -> None:
    """Replace a layer by a wider one.

    This must be a new layer, because gradients and optimizer states are stored by the
    layer's id, in the old shape.
    """
    new.ops = old.ops
    for name in old.param_names:
        if old.has_param(name):
            values: Any = old.get_param(name)
            # All axes are over tags, except for the inputs of a linear layer.
            shape = [n_tags] * values.ndim
            if name == "W":
                shape[1] = values.shape[1]
            wider: Any = old.ops.alloc_f(tuple(shape))
            wider[tuple(slice(size) for size in values.shape)] = values
            new.set_param(name, wider)
    model.replace_node(old, new)


def _init(
    model: Model,
    X: Optional[List[Doc]] = None,
    Y: Optional[List[Floats2d]] = None,
    *,
    chain_init: Callable,
) -> None:
    chain_init(model, X=X, Y=Y)
    layer = model.maybe_get_ref(CRF_LAYER)
    if layer is not None:
        n_tags = model.get_ref(OUTPUT_LAYER).get_dim("nO")
        layer.set_param("start", layer.ops.alloc1f(n_tags))
        layer.set_param("follow", layer.ops.alloc2f(n_tags, n_tags))
        layer.set_param("end", layer.ops.alloc1f(n_tags))


def _crf_parameters() -> Model[List[Floats2d], List[Floats2d]]:
    """Return a layer that owns the transitions and passes emissions through.

    The loss and the decoder run the lattice that uses them.
    """
    return Model(CRF_LAYER, _identity, params={name: None for name in _CRF_PARAMS})


def _identity(
    model: Model, X: List[Floats2d], is_train: bool
) -> Tuple[List[Floats2d], Callable]:
    return X, lambda dY: dY


def _with_parts(
    layer: Model[Floats2d, Floats2d],
) -> Model[List[Floats2d], List[Floats2d]]:
    """Like Thinc's `with_array`, without concatenating or copying `Parts`."""
    return Model(
        f"with_array({layer.name})",
        _with_parts_forward,
        init=with_array_init,
        layers=[layer],
        attrs={"pad": 0},
        dims={name: layer.maybe_get_dim(name) for name in layer.dim_names},
    )


def _with_parts_forward(
    model: Model[List[Floats2d], List[Floats2d]], X: List[Floats2d], is_train: bool
) -> Tuple[List[Floats2d], Callable]:
    if is_train or not isinstance(X, Parts):
        return with_array_forward(model, X, is_train)
    Y: Any = Parts(model.layers[0].predict(X.whole), X.lengths)
    return Y, no_backprop


def _linear(nO: Optional[int], nI: Optional[int]) -> Model[Floats2d, Floats2d]:
    """Thinc's linear layer, with numpy's matrix product at prediction.

    For such narrow matrices, numpy takes a quarter of the time.
    """
    linear = Linear(nO=nO, nI=nI)
    return Model(
        linear.name,
        _linear_forward,
        init=linear.init,
        dims={"nO": nO, "nI": nI},
        params={"W": None, "b": None},
    )


def _linear_forward(
    model: Model[Floats2d, Floats2d], X: Floats2d, is_train: bool
) -> Tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    if is_train or not isinstance(model.ops, NumpyOps):
        return linear_forward(model, X, is_train)
    Y: Any = X @ model.get_param("W").T
    Y += model.get_param("b")
    return Y, no_backprop


def _scaled(
    layer: Model[Floats2d, Floats2d], factor: float
) -> Model[Floats2d, Floats2d]:
    """Multiply a layer's output by a factor.

    The size of Adam's steps does not depend on the size of gradients, so the layer then
    learns `factor` times as fast.
    """
    if factor == 1.0:
        return layer
    return Model(
        "scaled",
        _scaled_forward,
        init=_scaled_init,
        layers=[layer],
        attrs={"factor": factor},
        dims={"nO": layer.maybe_get_dim("nO"), "nI": layer.maybe_get_dim("nI")},
    )


def _scaled_forward(
    model: Model[Floats2d, Floats2d], X: Floats2d, is_train: bool
) -> Tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    factor = model.attrs["factor"]
    Y, backprop = model.layers[0](X, is_train)
    return Y * factor, lambda dY: backprop(dY * factor)


def _scaled_init(
    model: Model, X: Optional[Floats2d] = None, Y: Optional[Floats2d] = None
) -> None:
    layer = model.layers[0]
    layer.initialize(X=X, Y=Y)
    layer.set_param("W", layer.get_param("W") / model.attrs["factor"])
