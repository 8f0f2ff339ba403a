"""What a student's context layer has to offer."""

from typing import Any, Dict, List, Protocol, Sequence

import numpy as np

# Arrays by name. Any, because Thinc's types for arrays and numpy's do not agree.
Params = Dict[str, Any]


class ContextLayer(Protocol):
    """Turns features of word types into vectors of tokens in context.

    `n_out` is the width of the output. `predict` and `train` compute the same
    function, but for dropout.
    """

    n_out: int

    def init(self, n_in: int) -> Params:
        """Fresh parameters for features of width `n_in`, float32."""
        ...

    def project(self, params: Params, features: np.ndarray) -> List[np.ndarray]:
        """The part of the work that depends on the word type alone.

        features: [n_types, n_in]. RETURNS: tables, float32 [n_types, any width].
        """
        ...

    def predict(
        self,
        params: Params,
        tables: Sequence[np.ndarray],
        entries: np.ndarray,
        lengths: Sequence[int],
    ) -> np.ndarray:
        """tables: as `project` makes them, not to be written to, and behind the rows of
        word types one of zeros for what stands beyond the edges. entries: the tokens'
        rows in them, int64 [n_tokens]. RETURNS: float32 [n_tokens, n_out]."""
        ...

    def train(
        self,
        params: Dict[str, Any],
        features: Any,
        lengths: Sequence[int],
        dropout: float,
    ) -> Any:
        """The same in torch. params, features [n_tokens, n_in]: tensors.
        RETURNS: tensor [n_tokens, n_out]."""
        ...
