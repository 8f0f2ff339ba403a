"""What an encoder works out once for each word type, and keeps between calls."""

from threading import Lock
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np
from thinc.api import Model

from .layers.base import ContextLayer, Params
from .pieces import PIECE_PARAMS, Segmenter
from .word_types import WordFeatures, WordLookup, WordTypes

_CACHED_TYPES = 32_768
# Numbers of each parameter that are compared to see whether it has changed.
_PROBE = 32


class EncoderCache:
    """The word types met, and what the context layer makes of each by itself. Neither
    saved nor copied.

    types: the table of those met in prediction; None before the first.
    lock: threads may share a pipeline to predict with, and so they share this. To be
        held while methods are called.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self._source: Tuple[Any, ...] = ()
        self.types: Optional[WordTypes] = None
        self._training_types: Optional[WordTypes] = None
        self._version: Optional[_Version] = None
        self._generation = 0
        self._projected: List[np.ndarray] = []
        self._n_projected = 0

    def __reduce__(self) -> Any:
        return (EncoderCache, ())

    def __deepcopy__(self, memo: Any) -> "EncoderCache":
        return EncoderCache()

    def get_types(self, encoder: Model, *, is_train: bool) -> WordTypes:
        """The table of word types, made anew when the encoder's words are others."""
        # The objects themselves: ids are free again once an object is gone.
        source = (encoder.attrs["words"], encoder.attrs["pieces"])
        if not _same(self._source, source):
            self._source = source
            self.types = self._training_types = None
        if is_train:
            if self._training_types is None:
                self._training_types = _make_types(encoder, composes_all=True)
            return self._training_types
        if self.types is None:
            self.types = _make_types(encoder, composes_all=False)
        return self.types

    def project(
        self,
        types: WordTypes,
        params: Params,
        features: WordFeatures,
        context: ContextLayer,
    ) -> List[np.ndarray]:
        """What the context layer makes of each word type by itself, and a row of zeros
        at the end. Rows are added, never changed: other threads may read."""
        version = _Version(params, types)
        if not version.equals(self._version):
            self._version = version
            self._n_projected = 0
        elif types.generation == self._generation + 1:
            kept = types.kept[types.kept < self._n_projected]
            self._n_projected = len(kept)
            self._projected = [_keep(part, kept) for part in self._projected]
        elif types.generation != self._generation:
            # Batches that failed have moved entries since.
            self._n_projected = 0
        self._generation = types.generation
        if self._n_projected < len(types):
            new = slice(self._n_projected, len(types))
            projected = context.project(params, features.predict(params, types, new))
            if new.start == 0 or len(self._projected[0]) <= len(types):
                before = self._projected if new.start else projected
                # Room for all there may be: what is not used takes no memory.
                size = max(types.capacity, len(types)) + 1
                self._projected = [_grow(part, size, new.start) for part in before]
            for room, part in zip(self._projected, projected):
                room[new] = part
            self._n_projected = len(types)
        return self._projected


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


def _make_types(encoder: Model, *, composes_all: bool) -> WordTypes:
    pieces = encoder.attrs["pieces"]
    lookup = WordLookup(
        encoder.attrs["words"],
        encoder.attrs["alphabet"],
        lowercase=encoder.attrs["lowercase"],
        segmenter=Segmenter(**pieces) if pieces else None,
    )
    tables: Any = None
    if pieces:
        tables = tuple(encoder.get_param(name) for name in PIECE_PARAMS)
    return WordTypes(
        lookup,
        width=encoder.attrs["word_width"],
        pieces=tables,
        capacity=_CACHED_TYPES,
        composes_all=composes_all,
    )
