"""The model of `compact_textcat`: an encoder, pooling and a linear layer."""

from typing import Any, Callable, List, Optional, Tuple

import numpy as np
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Linear, Model, chain
from thinc.types import Floats2d

from ...arrays import Parts
from ...errors import DistillError, no_backprop
from ..labelled import OUTPUT_LAYER

POOLINGS = ("mean", "max")


@registry.architectures("spacy_distill.TextClassifier.v1")
def text_classifier_v1(
    tok2vec: Model[List[Doc], List[Floats2d]],
    pooling: List[str] = ["mean", "max"],  # noqa: B006 (confection reads the default)
    dropout: float = 0.0,
    nO: Optional[int] = None,
) -> Model[List[Doc], Floats2d]:
    """Build a text classifier with one logit per category.

    Args:
        tok2vec: Any encoder: a student, a transformer listener, a spaCy tok2vec.
        pooling: How the vectors of a document's tokens become one: "mean", "max" or
            both, which are concatenated. A document without tokens has zeros.
        dropout: Dropout rate of the pooled vector. `spacy train` sets it from
            [training] dropout.
        nO: Number of categories. Set by the component at initialization.

    Returns:
        A model with output [n_docs, n_categories].

    Raises:
        DistillError: If the pooling is unknown or empty.
    """
    if not pooling or not set(pooling) <= set(POOLINGS):
        raise DistillError(
            f"Expected pooling out of {', '.join(POOLINGS)}, got {pooling}: change"
            " [components.textcat.model]."
        )
    linear = Linear(nO=nO)
    model: Model[List[Doc], Floats2d] = chain(
        tok2vec, _pool(list(pooling), dropout), linear
    )
    model.name = "text_classifier"
    model.set_ref("tok2vec", tok2vec)
    model.set_ref(OUTPUT_LAYER, linear)
    return model


def _pool(pooling: List[str], dropout: float) -> Model[List[Floats2d], Floats2d]:
    return Model(
        "pool",
        _pool_forward,
        attrs={"pooling": pooling, "dropout_rate": dropout},
        dims={"nO": None},
    )


def _pool_forward(
    model: Model[List[Floats2d], Floats2d], X: List[Floats2d], is_train: bool
) -> Tuple[Floats2d, Callable]:
    ops = model.ops
    whole: Any = X.whole if isinstance(X, Parts) else ops.xp.concatenate(X)
    lengths = [len(x) for x in X]
    filled = np.flatnonzero(lengths)
    counts = np.asarray(lengths)[filled]
    starts = np.cumsum(counts) - counts
    divisors: Any = ops.xp.asarray(counts[:, None], dtype="f")
    width = whole.shape[1]
    pooling = model.attrs["pooling"]
    Y: Any = ops.alloc2f(len(X), width * len(pooling))
    best: Any = None
    for i, name in enumerate(pooling if len(filled) else ()):
        columns = slice(i * width, (i + 1) * width)
        if name == "mean":
            sums = ops.xp.add.reduceat(whole, starts, axis=0)
            Y[filled, columns] = sums / divisors
        else:
            best = ops.xp.maximum.reduceat(whole, starts, axis=0)
            Y[filled, columns] = best
    if not is_train:
        return Y, no_backprop
    rate = model.attrs["dropout_rate"]
    mask: Any = ops.get_dropout_mask(Y.shape, rate) if rate else None
    if mask is not None:
        Y = Y * mask

    def backprop(dY: Any) -> List[Floats2d]:
        dY = dY if mask is None else dY * mask
        dX: Any = ops.xp.zeros_like(whole)
        rows = np.repeat(np.arange(len(filled)), counts)
        for i, name in enumerate(pooling if len(filled) else ()):
            part: Any = dY[filled, i * width : (i + 1) * width]
            if name == "mean":
                dX += (part / divisors)[rows]
            else:
                # Equal values share the gradient.
                is_best = whole == best[rows]
                shares = ops.xp.add.reduceat(is_best.astype("f"), starts, axis=0)
                dX += is_best * (part / shares)[rows]
        out: Any = Parts(dX, lengths)
        return out

    return Y, backprop


def resize_output(model: Model, n_labels: int) -> None:
    """Extend the output of a model to more categories.

    Old categories come first and keep their weights. The weights of new ones are zero.

    Args:
        model: A model with a reference `output_layer` to a linear layer, or whose
            attribute `resize_output` is a function that takes (model, number of
            categories).
        n_labels: The new number of categories.
    """
    own = model.attrs.get("resize_output")
    if own is not None:
        own(model, n_labels)
        return
    linear = model.get_ref(OUTPUT_LAYER)
    wider = Linear(nO=n_labels, nI=linear.maybe_get_dim("nI"))
    wider.ops = linear.ops
    for name in linear.param_names:
        if linear.has_param(name):
            values: Any = linear.get_param(name)
            grown: Any = linear.ops.alloc_f((n_labels, *values.shape[1:]))
            grown[: len(values)] = values
            wider.set_param(name, grown)
    # A new layer, since gradients and optimizer states are stored by the layer's id.
    model.replace_node(linear, wider)
    for node in model.walk():
        if node is not wider and wider in node.walk():
            node.set_dim("nO", n_labels, force=True)
