"""Cache of what an encoder computes once for each word type."""

import operator
from threading import Lock
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np
from thinc.api import Model

from .composition import FROZEN_PARAMS, get_composer
from .layers.base import ContextLayer, Params
from .word_types import WordFeatures, WordLookup, WordTypes

# How many numbers of each parameter are compared to detect a change.
_PROBE_SIZE = 32


class EncoderCache:
    """Cached word types, and the context layer's projection of each.

    The cache is neither saved nor copied.

    Args:
        max_types: Most word types to keep, unless a single batch has more.

    Attributes:
        lock: To be held while methods are called, because threads may share a pipeline
            for prediction, and with it this cache.
        types: Word types seen in prediction; None before the first call.
    """

    def __init__(self, max_types: int) -> None:
        self.lock = Lock()
        self._max_types = max_types
        self._source: Tuple[Any, ...] = ()
        self.types: Optional[WordTypes] = None
        self._training_types: Optional[WordTypes] = None
        self._fingerprint: Optional[_Fingerprint] = None
        self._generation = 0
        self._prepared: Params = {}
        self._projected: List[np.ndarray] = []
        self._n_projected = 0

    def __reduce__(self) -> Any:
        return (EncoderCache, (self._max_types,))

    def __deepcopy__(self, memo: Any) -> "EncoderCache":
        return EncoderCache(self._max_types)

    def get_types(self, encoder: Model, *, is_train: bool) -> WordTypes:
        """Return the cached word types; new ones if the encoder's words have changed.

        Args:
            encoder: The student encoder.
            is_train: Whether they are for training, where all types are composed.

        Returns:
            The types for training or for prediction.
        """
        # Objects rather than their ids, which are reused once an object is freed.
        attrs = encoder.attrs
        source = (attrs["words"], attrs["pieces"], attrs.get("known"))
        if not _identical(self._source, source):
            self._source = source
            self.types = self._training_types = None
        if is_train:
            if self._training_types is None:
                self._training_types = self._make_types(encoder, composes_all=True)
            return self._training_types
        if self.types is None:
            self.types = self._make_types(encoder, composes_all=False)
        return self.types

    def project(
        self,
        types: WordTypes,
        params: Params,
        features: WordFeatures,
        context: ContextLayer,
    ) -> Tuple[Params, List[np.ndarray]]:
        """Return what the context layer needs for prediction.

        Rows are added and never changed, because other threads may read them.

        Args:
            types: The cached types.
            params: Parameters of the encoder.
            features: Computes the features of types.
            context: The context layer.

        Returns:
            The parameters as it prepares them, and its projection of each word type:
            tables, float32 [at least n_types + 1, any width]. The last row is zeros.
        """
        if self._fingerprint is None or not self._fingerprint.matches(params, types):
            self._fingerprint = _Fingerprint(params, types)
            self._prepared = context.prepare(params)
            self._n_projected = 0
        elif types.generation == self._generation + 1:
            kept = types.kept[types.kept < self._n_projected]
            self._n_projected = len(kept)
            self._projected = [_keep_rows(part, kept) for part in self._projected]
        elif types.generation != self._generation:
            # Entries have moved in batches that failed before they were projected.
            self._n_projected = 0
        self._generation = types.generation
        if self._n_projected < len(types):
            new = slice(self._n_projected, len(types))
            projected = context.project(params, features.predict(params, types, new))
            if new.start == 0 or len(self._projected[0]) <= len(types):
                before = self._projected if new.start else projected
                # Allocate the full capacity: untouched pages take no memory.
                size = max(types.capacity, len(types)) + 1
                self._projected = [_grow(part, size, new.start) for part in before]
            for room, part in zip(self._projected, projected):
                room[new] = part
            self._n_projected = len(types)
        return self._prepared, self._projected

    def _make_types(self, encoder: Model, *, composes_all: bool) -> WordTypes:
        lookup = WordLookup(
            encoder.attrs["words"],
            encoder.attrs["alphabet"],
            lowercase=encoder.attrs["lowercase"],
        )
        return WordTypes(
            lookup,
            compose=get_composer(encoder),
            capacity=self._max_types,
            composes_all=composes_all,
        )


class _Fingerprint:
    """Fingerprint of the parameters and the cached types.

    Optimizers may update in place, so comparing the identity of arrays is not enough.
    But every optimizer step changes the dense parameters, and comparing a few numbers
    of each detects it.

    Args:
        params: Parameters of the encoder.
        types: The cached types.

    """

    def __init__(self, params: Params, types: WordTypes) -> None:
        # Compared by identity.
        self._arrays = (types, *params.values())
        # The first numbers of each trained parameter: views, in which updates show.
        self._firsts = [
            array.ravel()[:_PROBE_SIZE] if array.flags.c_contiguous else array
            for name, array in params.items()
            if name not in FROZEN_PARAMS
        ]
        self._probes = self._probe()

    def matches(self, params: Params, types: WordTypes) -> bool:
        """Return whether results computed for the fingerprint are still valid.

        Args:
            params: Parameters of the encoder.
            types: The cached types.
        """
        return (
            _identical(self._arrays, (types, *params.values()))
            and self._probe() == self._probes
        )

    def _probe(self) -> List[bytes]:
        return [first.tobytes() for first in self._firsts]


def _identical(ours: Sequence[Any], theirs: Sequence[Any]) -> bool:
    """Whether both sequences contain the very same objects."""
    return len(ours) == len(theirs) and all(map(operator.is_, ours, theirs))


def _grow(part: np.ndarray, size: int, used: int) -> np.ndarray:
    """Copy the first `used` rows to a table of `size` rows that ends with zeros."""
    room = np.empty((size, part.shape[1]), dtype=np.float32)
    room[:used] = part[:used]
    room[-1] = 0.0
    return room


def _keep_rows(part: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Copy some rows to a table of the same size that ends with zeros."""
    room = np.empty_like(part)
    # All rows are in range. With mode="clip", numpy writes to `out` without a copy.
    part.take(kept, axis=0, out=room[: len(kept)], mode="clip")
    room[-1] = 0.0
    return room
