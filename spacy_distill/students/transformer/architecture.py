"""The registered transformer student, a small BERT."""

from typing import Any, Callable, List, Optional, Tuple

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model, NumpyOps
from thinc.types import Floats2d

from ...arrays import Parts
from ...errors import DistillError, no_backprop
from .shim import TransformerShim

TRANSFORMER = "transformer_student"
# Cells of a padded batch. On a CPU, hidden states should stay in its cache: of 3 layers
# of MiniLM, words/s with 256, 512, 1,024 and 2,048 pieces were 11.0, 8.1, 6.1 and 4.2
# thousand in int8, 3.7, 3.1, 2.6 and 2.0 thousand in float32 (one thread of two busy
# cores).
_PREDICTION_PIECES = 256
_TRAINING_PIECES = 512
_GPU_PIECES = 16_384


@registry.architectures("spacy_distill.TransformerStudent.v1")
def transformer_student_v1(
    layers: int = 3,
    width: int = 384,
    feed_forward_width: int = 1536,
    heads: int = 12,
    max_length: int = 128,
    case: Optional[bool] = None,
    dropout: float = 0.1,
) -> Model[List[Doc], List[Floats2d]]:
    """Build a BERT encoder, which torch trains and ONNX Runtime runs once it is saved.

    A token's vector is the mean of the vectors of its word pieces: those that share a
    character with it. A token without any (whitespace, characters that the normalizer
    removes) has zeros. Tokenizer and weights come from
    `spacy_distill.init_transformer.v1` in [initialize.before_init], so that a trained
    pipeline needs no other model.

    Args:
        layers: Number of transformer layers.
        width: Width of the hidden states.
        feed_forward_width: Width of the feed-forward layers.
        heads: Number of attention heads. They divide the width.
        max_length: Word pieces that are read at once, with special tokens. Longer Docs
            are read in windows that overlap by a quarter.
        case: Whether the shape of each word piece (uppercase, capitalized, ...) is
            input too, as `token_type_ids`; see `words.word_shape`. By default if the
            tokenizer lowercases.
        dropout: Dropout rate. `spacy train` sets it from [training] dropout.

    Returns:
        An encoder with output [n_tokens, width] for each Doc.

    Raises:
        DistillError: If a size is out of range.
    """
    sizes = {
        "layers": layers,
        "width": width,
        "feed_forward_width": feed_forward_width,
        "heads": heads,
        "max_length": max_length,
    }
    for name, size in sizes.items():
        if size < 1:
            raise DistillError(
                f"Expected {name} of 1 or more, got {size}: change the student's"
                " config."
            )
    if width % heads:
        raise DistillError(
            f"Expected a number of heads that divides width = {width}, got {heads}:"
            " change one of them."
        )
    return Model(
        TRANSFORMER,
        _forward,
        init=_init,
        dims={"nO": width},
        attrs={**sizes, "case": case, "dropout_rate": dropout},
        shims=[TransformerShim()],
    )


def get_transformer_students(model: Model) -> List[Model]:
    """Return the transformer students in a model.

    Args:
        model: Model of a component.
    """
    return [node for node in model.walk() if node.name == TRANSFORMER]


def find_students(nlp: Language) -> List[Tuple[str, Model]]:
    """Return the transformer students in a pipeline, with the names of components.

    Args:
        nlp: The pipeline.
    """
    return [
        (name, student)
        for name, pipe in nlp.pipeline
        if isinstance(getattr(pipe, "model", None), Model)
        for student in get_transformer_students(pipe.model)  # type: ignore[attr-defined]
    ]


def get_shim(student: Model) -> TransformerShim:
    """Return the encoder of a transformer student.

    Args:
        student: A layer built by `transformer_student_v1`.
    """
    shim = student.shims[0]
    assert isinstance(shim, TransformerShim)
    return shim


def _init(model: Model, X: Any = None, Y: Any = None) -> None:
    # Raises an error if no callback set weights before.
    assert get_shim(model).reader


def _forward(
    model: Model[List[Doc], List[Floats2d]], docs: List[Doc], is_train: bool
) -> Tuple[List[Floats2d], Callable]:
    ops, shim = model.ops, get_shim(model)
    width = model.get_dim("nO")
    pieces = shim.reader.read(docs, most=_batch_pieces(ops, is_train))
    inputs = (pieces.batches, model.attrs["dropout_rate"])
    outputs, backprop_outputs = shim(inputs, is_train)
    doc_lengths = [len(doc) for doc in docs]
    if not len(pieces.rows):
        Y: Any = ops.alloc2f(len(pieces.lengths), width)
        return _split(ops, Y, doc_lengths), (lambda dY: []) if is_train else no_backprop
    shapes = [output.shape for output in outputs]
    # ONNX Runtime returns numpy arrays on a GPU, too.
    arrays = [ops.asarray2f(output.reshape(-1, width)) for output in outputs]
    flat: Any = ops.xp.concatenate(arrays)
    indices: Tuple[Any, Any] = (pieces.rows, pieces.lengths)
    rows, lengths = (ops.asarray1i(array) for array in indices)
    Y = ops.reduce_mean(flat[rows], lengths)
    if not is_train:
        return _split(ops, Y, doc_lengths), no_backprop
    n_rows = len(flat)

    def backprop(dY: List[Any]) -> List[Doc]:
        d_tokens = ops.asarray2f(ops.xp.concatenate(dY))
        d_flat: Any = ops.alloc2f(n_rows, width)
        ops.scatter_add(d_flat, rows, ops.backprop_reduce_mean(d_tokens, lengths))
        gradients = []
        start = 0
        for shape in shapes:
            end = start + shape[0] * shape[1]
            gradients.append(d_flat[start:end].reshape(shape))
            start = end
        backprop_outputs(gradients)
        return []

    return _split(ops, Y, doc_lengths), backprop


def _batch_pieces(ops: Any, is_train: bool) -> int:
    """Return how many cells a padded batch may have, in pieces."""
    if not isinstance(ops, NumpyOps):
        return _GPU_PIECES
    return _TRAINING_PIECES if is_train else _PREDICTION_PIECES


def _split(ops: Any, Y: Any, lengths: List[int]) -> List[Floats2d]:
    if isinstance(ops, NumpyOps):
        return Parts(Y, lengths)  # type: ignore[return-value]
    parts: List[Floats2d] = ops.unflatten(Y, ops.asarray1i(lengths))
    return parts
