"""Token vectors of a pretrained encoder."""

from collections import OrderedDict
from typing import Any, List, Sequence

import numpy as np
from spacy.tokens import Doc

from .reading import PieceReader
from .source import Encoder

# Cells of a padded batch, in pieces.
_BATCH_PIECES = 2048
# Numbers of vectors that are kept, as float16: a gigabyte.
_MOST_KEPT = 2**29


class EncoderVectors:
    """Vectors of tokens: the mean of the hidden states of their word pieces.

    Those of Docs that come again are remembered.

    Args:
        encoder: The encoder.

    Attributes:
        width: Width of the vectors.
    """

    def __init__(self, encoder: Encoder) -> None:
        config = encoder.model.config
        self.width: int = config.hidden_size
        self._encoder = encoder
        self._reader = PieceReader(
            encoder.tokenizer,
            max_length=min(getattr(config, "max_position_embeddings", 512), 128),
            is_case_aware=encoder.is_case_aware,
            pad_id=encoder.pad_id,
        )
        self._kept: OrderedDict[str, np.ndarray] = OrderedDict()
        self._size = 0

    def __call__(self, docs: Sequence[Doc]) -> List[np.ndarray]:
        """Return the vectors of Docs.

        Args:
            docs: Docs with tokens.

        Returns:
            float32 [n_tokens, width] for each.
        """
        keys = ["\0".join(token.text_with_ws for token in doc) for doc in docs]
        new = {key: doc for key, doc in zip(keys, docs) if key not in self._kept}
        known = {key: self._kept[key] for key in keys if key not in new}
        if new:
            found = self._run(list(new.values()))
            known.update(zip(new, found))
            for key in new:
                self._keep(key, known[key])
        return [known[key].astype(np.float32) for key in keys]

    def _run(self, docs: Sequence[Doc]) -> List[np.ndarray]:
        import torch

        pieces = self._reader.read(docs, most=_BATCH_PIECES)
        model = self._encoder.model
        rows = []
        with torch.inference_mode():
            for batch in pieces.batches:
                ids, mask, types = (torch.from_numpy(array) for array in batch)
                inputs: Any = {"input_ids": ids, "attention_mask": mask}
                if self._encoder.is_case_aware:
                    inputs["token_type_ids"] = types
                hidden = model(**inputs).last_hidden_state
                rows.append(hidden.flatten(0, 1).float().numpy())
        counts = pieces.lengths
        out = np.zeros((len(counts), self.width), dtype=np.float32)
        filled = np.flatnonzero(counts)
        if len(filled):
            used = np.concatenate(rows)[pieces.rows]
            starts = (np.cumsum(counts) - counts)[filled]
            sums = np.add.reduceat(used, starts, axis=0)
            out[filled] = sums / counts[filled, None]
        lengths = [len(doc) for doc in docs]
        return [x.astype(np.float16) for x in np.split(out, np.cumsum(lengths)[:-1])]

    def _keep(self, key: str, vectors: np.ndarray) -> None:
        self._kept[key] = vectors
        self._size += vectors.size
        while self._size > _MOST_KEPT:
            _, dropped = self._kept.popitem(last=False)
            self._size -= dropped.size
