"""Document vectors of a pretrained encoder."""

from typing import Any, Dict, List, Sequence

import numpy as np
from spacy.tokens import Doc

from ..lexicon.interaction import check_reads_alone
from .module import n_positions
from .reading import PieceReader
from .source import Encoder

# Word pieces of a window at most: longer ones cost more than they are worth here.
_WINDOW = 256
# Cells of a padded batch, in pieces.
_BATCH_PIECES = 2048
# Documents whose vectors are remembered.
_MOST_KEPT = 200_000


class EncoderVectors:
    """Vectors of Docs: the mean of the hidden states of their word pieces.

    Documents come again with every pass over the training data, so vectors are
    remembered, as float16.

    Args:
        encoder: The encoder.

    Attributes:
        width: Width of the vectors.
    """

    def __init__(self, encoder: Encoder) -> None:
        check_reads_alone(encoder.model)
        self.width: int = encoder.model.config.hidden_size
        self._encoder = encoder
        self._reader = PieceReader(
            encoder.tokenizer,
            max_length=min(n_positions(encoder.model.config), _WINDOW),
            is_case_aware=encoder.is_case_aware,
            pad_id=encoder.pad_id,
        )
        self._kept: Dict[str, np.ndarray] = {}

    def __call__(self, docs: Sequence[Doc]) -> np.ndarray:
        """Return the vectors of Docs.

        Args:
            docs: Docs with tokens.

        Returns:
            float32 [n_docs, width]; zeros for a Doc without word pieces.
        """
        found = {doc.text: self._kept.get(doc.text) for doc in docs}
        new = [doc for doc in docs if found[doc.text] is None]
        if new:
            found.update(zip((doc.text for doc in new), self._run(new)))
            for doc in new:
                if len(self._kept) < _MOST_KEPT:
                    self._kept[doc.text] = found[doc.text]  # type: ignore[assignment]
        vectors: List[Any] = [found[doc.text] for doc in docs]
        return np.array(vectors, dtype=np.float32)

    def _run(self, docs: Sequence[Doc]) -> np.ndarray:
        import torch

        pieces = self._reader.read(docs, most=_BATCH_PIECES)
        model = self._encoder.model
        rows = []
        with torch.inference_mode():
            for batch in pieces.batches:
                inputs = {
                    name: torch.from_numpy(array)
                    for name, array in batch.inputs.items()
                }
                if not self._encoder.is_case_aware:
                    del inputs["token_type_ids"]
                hidden = model(**inputs).last_hidden_state
                rows.append(hidden.flatten(0, 1).float().numpy())
        out = np.zeros((len(docs), self.width), dtype=np.float32)
        if not len(pieces.rows):
            return out.astype(np.float16)
        used = np.concatenate(rows)[pieces.rows]
        lengths = [len(doc) for doc in docs]
        owners = np.repeat(np.repeat(np.arange(len(docs)), lengths), pieces.lengths)
        np.add.at(out, owners, used)
        counts = np.bincount(owners, minlength=len(docs))[:, None]
        mean: np.ndarray = out / np.maximum(counts, 1)
        return mean.astype(np.float16)
