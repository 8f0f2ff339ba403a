"""A student's encoder: word, spelling and shape, then a context layer.

One Thinc layer owns all parameters as numpy arrays. In training its forward and
backward pass borrow torch's autograd on those same arrays; in prediction it runs
numpy alone and never imports torch.
"""

from threading import Lock
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
from spacy.attrs import ORTH
from spacy.tokens import Doc
from thinc.api import Model, NumpyOps
from thinc.types import Floats2d

from ..errors import DistillError, no_backprop
from ..parts import Parts
from ..word_shape import N_SHAPES
from .layers.base import ContextLayer, Params
from .layers.char_cnn import CharCNN
from .pieces import Segmenter
from .word_types import UNKNOWN_ROW, WordLookup, WordTypes

ENCODER = "student_encoder"
# The table that unknown words are composed from. It is read, never trained.
PIECE_PARAMS = ("piece_vectors", "piece_scales")
_SHAPE_WIDTH = 10
_CACHED_TYPES = 32_768
# Numbers of each parameter that are compared to see whether it has changed.
_PROBE = 32


def student_encoder(
    context: ContextLayer,
    *,
    word_width: int,
    char_width: int,
    char_filters: int,
    dropout: float,
    word_dropout: float,
    lowercase: bool,
) -> Model[List[Doc], List[Floats2d]]:
    """An encoder with the given context layer.

    word_width, char_width, char_filters: sizes of word vectors, character vectors
        and the spelling's vector. dropout: before and after the context layer;
        `spacy train` sets it from [training] dropout.
    word_dropout: share of the word types in each training batch that are taken for
        unknown. lowercase: whether the word table ignores case.
    RAISES: DistillError if word_dropout is not in [0, 1).
    """
    if not 0.0 <= word_dropout < 1.0:
        raise DistillError(
            f"Expected word_dropout in [0, 1), got {word_dropout}: change the "
            "student's config."
        )
    chars = CharCNN(width=char_width, n_filters=char_filters)
    model: Model[List[Doc], List[Floats2d]] = Model(
        ENCODER,
        _forward,
        init=_init,
        dims={"nO": context.n_out},
        attrs={
            "dropout_rate": dropout,
            "word_dropout": word_dropout,
            "own_words": False,
            "words": [],
            "alphabet": [],
            "pieces": {},
            "word_width": word_width,
            "lowercase": lowercase,
            "layers": _Layers(chars, context),
            "state": _State(),
        },
        ops=NumpyOps(),
    )
    return model


def get_encoders(model: Model) -> List[Model]:
    """The student encoders in a model."""
    return [node for node in model.walk() if node.name == ENCODER]


def set_words(
    encoder: Model,
    words: Sequence[str],
    vectors: np.ndarray,
    *,
    alphabet: Sequence[str],
    pieces: Optional[Dict[str, Any]] = None,
    piece_vectors: Optional[Tuple[np.ndarray, np.ndarray]] = None,
) -> None:
    """Give an encoder its word table, before it is initialised.

    words: keys of the table. vectors: float32 [n_words, word_width].
    alphabet: characters worth a vector of their own.
    pieces: arguments of `Segmenter`; piece_vectors: int8 rows and their scales.
    RAISES: DistillError if the sizes do not fit.
    """
    width = encoder.attrs["word_width"]
    if vectors.shape != (len(words), width):
        raise DistillError(
            f"Expected word vectors of shape {(len(words), width)}, got "
            f"{vectors.shape}: set word_width of the student to their width."
        )
    table: Any = np.zeros((len(words) + 1, width), dtype=np.float32)
    table[1:] = vectors
    encoder.attrs["own_words"] = True
    encoder.attrs["words"] = list(words)
    encoder.attrs["alphabet"] = list(alphabet)
    encoder.attrs["pieces"] = dict(pieces or {})
    encoder.set_param("word_vectors", table)
    pieces_table: Sequence[Any] = piece_vectors or ()
    for name, array in zip(PIECE_PARAMS, pieces_table):
        encoder.set_param(name, array)


class _Layers:
    """The layers' code; their parameters are the model's."""

    def __init__(self, chars: CharCNN, context: ContextLayer) -> None:
        self.chars = chars
        self.context = context


class _State:
    """What an encoder keeps between calls. Caches only: neither saved nor copied."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.source: Tuple[Any, ...] = ()
        self.types: Optional[WordTypes] = None
        self.training_types: Optional[WordTypes] = None
        self.version: Optional[_Version] = None
        self.generation = 0
        self.projected: List[np.ndarray] = []
        self.n_projected = 0

    def __reduce__(self) -> Any:
        return (_State, ())

    def __deepcopy__(self, memo: Any) -> "_State":
        return _State()


def _init(model: Model, X: Optional[List[Doc]] = None, Y: Any = None) -> None:
    width = model.attrs["word_width"]
    if not model.attrs["own_words"]:
        # No [initialize.before_init] gave words: take those of the sample.
        lower = model.attrs["lowercase"]
        words = sorted({t.lower_ if lower else t.text for doc in X or [] for t in doc})
        vectors = np.random.uniform(-0.17, 0.17, (len(words), width)).astype("f")
        chars = sorted({char for doc in X or [] for char in doc.text})
        set_words(model, words, vectors, alphabet=chars)
        model.attrs["own_words"] = False
    layers: _Layers = model.attrs["layers"]
    params = layers.chars.init(len(model.attrs["alphabet"]))
    n_in = width + layers.chars.n_out + _SHAPE_WIDTH
    params.update(layers.context.init(n_in))
    shapes = np.random.uniform(-0.5, 0.5, (N_SHAPES, _SHAPE_WIDTH))
    params["shape_vectors"] = shapes.astype("f")
    for name, array in params.items():
        model.set_param(name, array)
    for name in model.grad_names:
        # Left from an earlier initialisation, in other shapes perhaps.
        model.set_grad(name, model.ops.alloc_f(model.get_param(name).shape))


def _forward(
    model: Model[List[Doc], List[Floats2d]], docs: List[Doc], is_train: bool
) -> Tuple[List[Floats2d], Callable]:
    lengths = [len(doc) for doc in docs]
    if not sum(lengths):
        empty = [model.ops.alloc2f(0, model.get_dim("nO")) for _ in docs]
        return empty, lambda dY: []
    hashes = np.concatenate([doc.to_array(ORTH) for doc in docs])
    layers: _Layers = model.attrs["layers"]
    # Threads may share a pipeline to predict with, and so they share the caches.
    with model.attrs["state"].lock:
        types = _types(model, is_train)
        entries = types.find(hashes, docs[0].vocab.strings)
        params = _params(model)
        tables = None if is_train else _project(model, types, params)
    if tables is None:
        Y, backprop = _train(model, types, entries, lengths)
    else:
        Y = layers.context.predict(params, tables, entries, lengths)
        backprop = no_backprop
    parts: Any = Parts(Y, lengths)
    return parts, backprop


def _params(model: Model) -> Params:
    return {name: model.get_param(name) for name in model.param_names}


def _project(model: Model, types: WordTypes, params: Params) -> List[np.ndarray]:
    """What the context layer makes of each word type by itself, computed once, and a
    row of zeros at the end. Rows are added, never changed: other threads may read."""
    layers: _Layers = model.attrs["layers"]
    state: _State = model.attrs["state"]
    version = _Version(params, types)
    if not version.equals(state.version):
        state.version = version
        state.n_projected = 0
    elif types.generation == state.generation + 1:
        kept = types.kept[types.kept < state.n_projected]
        state.n_projected = len(kept)
        state.projected = [_keep(part, kept) for part in state.projected]
    elif types.generation != state.generation:
        # Batches that failed have moved entries since.
        state.n_projected = 0
    state.generation = types.generation
    if state.n_projected < len(types):
        new = slice(state.n_projected, len(types))
        rows = types.rows[new]
        table = params["word_vectors"][np.maximum(rows, 0)]
        words = np.where(rows[:, None] < 0, types.composed[new], table)
        chars = layers.chars.predict(params, types.chars[new])
        shapes = params["shape_vectors"][types.shapes[new]]
        features = np.concatenate([words, chars, shapes], axis=1)
        projected = layers.context.project(params, features)
        if new.start == 0 or len(state.projected[0]) <= len(types):
            before = state.projected if new.start else projected
            # Room for all there may be: what is not used takes no memory.
            size = max(types.capacity, len(types)) + 1
            state.projected = [_grow(part, size, new.start) for part in before]
        for room, part in zip(state.projected, projected):
            room[new] = part
        state.n_projected = len(types)
    return state.projected


def _grow(part: np.ndarray, size: int, used: int) -> np.ndarray:
    """A table as wide, with its first rows, and zeros at the end."""
    room = np.empty((size, part.shape[1]), dtype=np.float32)
    room[:used] = part[:used]
    room[-1] = 0.0
    return room


def _keep(part: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """A table of the same size, with some of the rows, and zeros at the end."""
    room = np.empty_like(part)
    # Clipping does nothing, but is written to its place without a copy.
    part.take(kept, axis=0, out=room[: len(kept)], mode="clip")
    room[-1] = 0.0
    return room


class _Version:
    """Changes whenever the parameters do, or the table of types is another one.

    An optimizer may work in place, so it is not enough that the arrays are the same;
    but each of its steps moves the dense parameters, and a few numbers of each of
    those give it away.
    """

    def __init__(self, params: Params, types: WordTypes) -> None:
        self.arrays = (types, *params.values())
        self.probes = [
            array.ravel()[:_PROBE].tobytes()
            for name, array in params.items()
            if name not in PIECE_PARAMS
        ]

    def equals(self, other: Optional["_Version"]) -> bool:
        """Whether what was computed under the other version still holds."""
        return (
            other is not None
            and self.probes == other.probes
            and _same(self.arrays, other.arrays)
        )


def _same(ours: Sequence[Any], theirs: Sequence[Any]) -> bool:
    """Whether both hold the very same objects."""
    return len(ours) == len(theirs) and all(a is b for a, b in zip(ours, theirs))


def _train(
    model: Model, types: WordTypes, entries: np.ndarray, lengths: Sequence[int]
) -> Tuple[np.ndarray, Callable[[List[Floats2d]], List[Doc]]]:
    import torch
    import torch.nn.functional as F

    from .threads import one_torch_thread

    layers: _Layers = model.attrs["layers"]
    dropout = model.attrs["dropout_rate"]
    tensors = {
        name: torch.from_numpy(array).requires_grad_()
        for name, array in _params(model).items()
        if name not in PIECE_PARAMS
    }
    with one_torch_thread():
        used, tokens = np.unique(entries, return_inverse=True)
        rows = torch.from_numpy(_drop_words(types, used, model.attrs["word_dropout"]))
        table = F.embedding(rows.clamp(min=0), tensors["word_vectors"])
        composed = torch.from_numpy(types.composed[used]).to(table.dtype)
        words = torch.where((rows < 0).unsqueeze(1), composed, table)
        chars = layers.chars.train(tensors, torch.from_numpy(types.chars[used]))
        shape_rows = torch.from_numpy(types.shapes[used])
        shapes = F.embedding(shape_rows, tensors["shape_vectors"])
        features = torch.cat([words, chars, shapes], dim=1)[torch.from_numpy(tokens)]
        hidden = layers.context.train(
            tensors, F.dropout(features, dropout), lengths, dropout
        )
        output = F.dropout(hidden, dropout)

    def backprop(dY: List[Any]) -> List[Doc]:
        with one_torch_thread():
            output.backward(torch.from_numpy(np.ascontiguousarray(np.concatenate(dY))))
        for name, tensor in tensors.items():
            if tensor.grad is not None:
                gradient: Any = tensor.grad.numpy()
                model.inc_grad(name, gradient)
        return []

    return output.detach().numpy(), backprop


def _drop_words(types: WordTypes, used: np.ndarray, share: float) -> np.ndarray:
    """Word rows of the types used, -1 for those to compose. A share of those that have
    a row is taken for unknown, so that the student learns to read what is unknown when
    it predicts: composed from pieces, or else row 0."""
    rows = types.rows[used]
    dropped = (np.random.random(len(rows)) < share) & (rows > UNKNOWN_ROW)
    has_pieces = types.composed[used].any(axis=1)
    return np.where(dropped, np.where(has_pieces, -1, UNKNOWN_ROW), rows)


def _types(model: Model, is_train: bool) -> WordTypes:
    """The table of word types, made anew when the words are others."""
    state: _State = model.attrs["state"]
    # The objects themselves, not their ids, which are free again once they are gone.
    source = (model.attrs["words"], model.attrs["pieces"])
    if not _same(state.source, source):
        state.source = source
        state.types = state.training_types = None
    if is_train:
        if state.training_types is None:
            state.training_types = _make_types(model, composes_all=True)
        return state.training_types
    if state.types is None:
        state.types = _make_types(model, composes_all=False)
    return state.types


def _make_types(model: Model, *, composes_all: bool) -> WordTypes:
    pieces = model.attrs["pieces"]
    lookup = WordLookup(
        model.attrs["words"],
        model.attrs["alphabet"],
        lowercase=model.attrs["lowercase"],
        segmenter=Segmenter(**pieces) if pieces else None,
    )
    tables: Any = None
    if pieces:
        tables = tuple(model.get_param(name) for name in PIECE_PARAMS)
    return WordTypes(
        lookup,
        width=model.attrs["word_width"],
        pieces=tables,
        capacity=_CACHED_TYPES,
        composes_all=composes_all,
    )
