"""The student encoder: word embeddings, characters and shape, then a context layer.

Features of tokens that depend on the sentence may be added to those of word types.

One Thinc layer owns all parameters as numpy arrays. In training its forward and
backward pass run torch's autograd on the same arrays. In prediction it runs numpy alone
and never imports torch.
"""

from contextlib import contextmanager
from copy import deepcopy
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np
from spacy.attrs import ORTH
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Model, NumpyOps
from thinc.types import Floats2d

from ..arrays import Parts, whole
from ..errors import DistillError, no_backprop
from .composition import FROZEN_PARAMS, KNOWN_PARAMS, KnownWords
from .encoder_cache import EncoderCache
from .layers.base import ContextLayer, Params, add_tokens
from .layers.char_cnn import CharCNN
from .pieces import PIECE_PARAMS
from .vector_teacher import VectorTeacher
from .word_types import WordFeatures, WordTypes

ENCODER = "student_encoder"


def student_encoder(
    context: ContextLayer,
    *,
    word_width: int,
    char_width: int,
    char_filters: int,
    dropout: float,
    word_dropout: float,
    max_cached_types: int,
    lowercase: bool,
    token_features: Optional[Model[List[Doc], List[Floats2d]]] = None,
) -> Model[List[Doc], List[Floats2d]]:
    """Create an encoder with a context layer.

    Args:
        context: The context layer.
        word_width: Width of word embeddings.
        char_width: Width of character embeddings.
        char_filters: Width of the vector of a word's characters.
        dropout: Dropout rate before and after the context layer. `spacy train` sets it
            from [training] dropout.
        word_dropout: Share of the word types in each training batch that are treated as
            unknown.
        max_cached_types: Word types whose features are kept between batches.
        lowercase: Whether the word embedding table ignores case.
        token_features: Features of tokens in context, float32 [n_tokens, any width] for
            each Doc. They are concatenated to the features of word types.

    Raises:
        DistillError: If word_dropout is not in [0, 1), or if no type is kept.
    """
    if not 0.0 <= word_dropout < 1.0:
        raise DistillError(
            f"Expected word_dropout in [0, 1), got {word_dropout}: change the "
            "student's config."
        )
    if max_cached_types < 1:
        raise DistillError(
            f"Expected max_cached_types of 1 or more, got {max_cached_types}: change"
            " the student's config."
        )
    chars = CharCNN(width=char_width, n_filters=char_filters)
    # In no attribute, which would be saved: a config may change it in `spacy.load`.
    cache = EncoderCache(max_cached_types)
    layer = _EncoderLayer(WordFeatures(chars), context, cache)
    model: Model[List[Doc], List[Floats2d]] = Model(
        ENCODER,
        layer,
        init=layer.init,
        dims={"nO": context.n_out},
        layers=[] if token_features is None else [token_features],
        attrs={
            "dropout_rate": dropout,
            "word_dropout": word_dropout,
            "own_words": False,
            "words": [],
            "alphabet": [],
            "pieces": {},
            "word_width": word_width,
            "lowercase": lowercase,
        },
        ops=NumpyOps(),
    )
    return model


def get_encoders(model: Model) -> List[Model]:
    """Return the student encoders in a model."""
    return [node for node in model.walk() if node.name == ENCODER]


def forget_types(nlp: Language) -> None:
    """Drop the word types that the student encoders of a pipeline have cached.

    Matrix products are rounded by the number of their rows, so the last bits of what is
    computed for a type depend on which other types were new at the same time. Without
    the types of earlier texts, predictions depend on the texts that follow alone.

    Args:
        nlp: The pipeline.
    """
    for _, pipe in nlp.pipeline:
        model = getattr(pipe, "model", None)
        for encoder in get_encoders(model) if isinstance(model, Model) else ():
            layer: Any = encoder._func
            # A copy is empty, and of the same class where a package has its own.
            layer.cache = deepcopy(layer.cache)


def set_words(
    encoder: Model,
    words: Sequence[str],
    vectors: np.ndarray,
    *,
    alphabet: Sequence[str],
    pieces: Optional[Dict[str, Any]] = None,
    piece_vectors: Optional[Tuple[np.ndarray, np.ndarray]] = None,
    known: Optional[KnownWords] = None,
) -> None:
    """Set the word embedding table of an encoder, before it is initialized.

    Args:
        encoder: The encoder.
        words: Keys of the table.
        vectors: Initial embeddings, float32 [n_words, word_width].
        alphabet: Characters that get an embedding.
        pieces: Arguments of `Segmenter`.
        piece_vectors: int8 [n_pieces, word_width] and their float32 scales [n_pieces].
        known: Words with a pretrained vector.

    Raises:
        DistillError: If the sizes do not fit.
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
    # Without known words, pipelines are saved as they were before there were any.
    encoder.attrs.pop("known", None)
    encoder.set_param("word_vectors", table)
    pieces_table: Sequence[Any] = piece_vectors or ()
    for name, array in zip(PIECE_PARAMS, pieces_table):
        encoder.set_param(name, array)
    if known is not None:
        encoder.attrs["known"] = {"words": known.words, "lowercase": known.lowercase}
        known_table: Sequence[Any] = (known.vectors, known.scales)
        for name, array in zip(KNOWN_PARAMS, known_table):
            encoder.set_param(name, array)


def set_vector_teacher(encoder: Model, teacher: VectorTeacher) -> None:
    """Let an encoder learn document vectors in training. They are not saved with it.

    Args:
        encoder: The encoder.
        teacher: Has the vectors.
    """
    layer: Any = encoder._func
    layer.vector_teacher = teacher


def find_vector_teacher(encoder: Model) -> Optional[VectorTeacher]:
    """Return what `set_vector_teacher` set; None if nothing.

    Args:
        encoder: The encoder.
    """
    layer: Any = encoder._func
    teacher: Optional[VectorTeacher] = layer.vector_teacher
    return teacher


class _EncoderLayer:
    """Forward pass and initialization of the encoder; the model owns the parameters.

    It holds the code of the sublayers and the cache of word types, which are neither
    parameters nor settings, so that the model's attrs are plain values.
    """

    def __init__(
        self, features: WordFeatures, context: ContextLayer, cache: EncoderCache
    ) -> None:
        self.features = features
        self.context = context
        self.cache = cache
        self.vector_teacher: Optional[VectorTeacher] = None

    def __getstate__(self) -> Dict[str, Any]:
        """Leave the vector teacher out: a pickled pipeline predicts."""
        return {**self.__dict__, "vector_teacher": None}

    def init(self, model: Model, X: Optional[List[Doc]] = None, Y: Any = None) -> None:
        width = model.attrs["word_width"]
        if not model.attrs["own_words"]:
            # No [initialize.before_init] set words: use those of the sample.
            lower = model.attrs["lowercase"]
            words = sorted(
                {t.lower_ if lower else t.text for doc in X or [] for t in doc}
            )
            vectors = np.random.uniform(-0.17, 0.17, (len(words), width)).astype("f")
            chars = sorted({char for doc in X or [] for char in doc.text})
            set_words(model, words, vectors, alphabet=chars)
            model.attrs["own_words"] = False
        n_added = _init_token_features(model, X)
        # In a fixed order, so that a seed keeps giving the same student.
        params = self.features.chars.init(len(model.attrs["alphabet"]))
        params.update(self.context.init(self.features.n_out(width) + n_added))
        params.update(self.features.init_shapes())
        for name, array in params.items():
            model.set_param(name, array)
        for name in model.grad_names:
            # Left from an earlier initialization, maybe in other shapes.
            model.set_grad(name, model.ops.alloc_f(model.get_param(name).shape))

    def __call__(
        self, model: Model, docs: List[Doc], is_train: bool
    ) -> Tuple[List[Floats2d], Callable]:
        lengths = [len(doc) for doc in docs]
        if not sum(lengths):
            empty = [model.ops.alloc2f(0, model.get_dim("nO")) for _ in docs]
            return empty, lambda dY: []
        with self.cache.lock:
            types = self.cache.get_types(model, is_train=is_train)
            entries = types.find_tokens(docs)
            params = {name: model.get_param(name) for name in model.param_names}
            if not is_train:
                prepared, tables = self.cache.project(
                    types, params, self.features, self.context
                )
        if is_train:
            # Types in the order of their hashes, not of the cache, which depends on
            # earlier batches: a resumed training has another one.
            hashes = np.concatenate([doc.to_array(ORTH) for doc in docs])
            _, first, tokens = np.unique(hashes, return_index=True, return_inverse=True)
            used = (entries[first], tokens)
            Y, backprop = self._train(model, docs, params, types, used, lengths)
        else:
            if model.layers:
                added = whole(model.layers[0].predict(docs))
                tables = add_tokens(self.context, params, tables, entries, added)
                entries = np.arange(len(entries))
            Y = self.context.predict(prepared, tables, entries, lengths)
            backprop = no_backprop
        parts: Any = Parts(Y, lengths)
        return parts, backprop

    def _train(
        self,
        model: Model,
        docs: List[Doc],
        params: Params,
        types: WordTypes,
        used: Tuple[np.ndarray, np.ndarray],
        lengths: Sequence[int],
    ) -> Tuple[np.ndarray, Callable[[List[Floats2d]], List[Doc]]]:
        import torch
        import torch.nn.functional as F

        dropout = model.attrs["dropout_rate"]
        added: Any = None
        if model.layers:
            parts, backprop_added = model.layers[0](docs, is_train=True)
            added = torch.from_numpy(whole(parts)).requires_grad_()
        tensors = {
            name: torch.from_numpy(array).requires_grad_()
            for name, array in params.items()
            if name not in FROZEN_PARAMS
        }
        with one_torch_thread():
            entries, tokens = used
            features = self.features.train(
                tensors, types, entries, word_dropout=model.attrs["word_dropout"]
            )[torch.from_numpy(tokens)]
            if added is not None:
                features = torch.cat([features, added], dim=1)
            hidden = self.context.train(
                tensors, F.dropout(features, dropout), lengths, dropout
            )
            output = F.dropout(hidden, dropout)

        def backprop(dY: List[Any]) -> List[Doc]:
            d_output = np.ascontiguousarray(np.concatenate(dY))
            if self.vector_teacher is not None:
                found: Any = output.detach().numpy()
                d_output = d_output + self.vector_teacher.learn(docs, found, lengths)
            with one_torch_thread():
                output.backward(torch.from_numpy(d_output))
            for name, tensor in tensors.items():
                if tensor.grad is not None:
                    gradient: Any = tensor.grad.numpy()
                    model.inc_grad(name, gradient)
            if added is not None:
                backprop_added(Parts(added.grad.numpy(), lengths))
            return []

        return output.detach().numpy(), backprop


def _init_token_features(model: Model, X: Optional[List[Doc]]) -> int:
    """Initialize an encoder's token features and return their width; 0 without any."""
    if not model.layers:
        return 0
    layer = model.layers[0]
    layer.initialize(X=X)
    if not layer.has_dim("nO"):
        raise DistillError(
            f"Expected token_features with a known width, got {layer.name!r} without"
            " a dimension nO: give a layer that sets it."
        )
    return layer.get_dim("nO")


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Run torch on one thread inside the block.

    A student's matrices are too small to share: threads that wait for each other at
    every step of a recurrence cost more than they save, and far more when other
    processes use the cores.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
