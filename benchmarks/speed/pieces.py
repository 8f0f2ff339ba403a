"""Word pieces in rows of like length, as transformers take them."""

import json
from pathlib import Path
from typing import List, NamedTuple, Sequence

import numpy as np
from tokenizers import Tokenizer

from .folders import FACTS, TOKENIZER


class PieceBatch(NamedTuple):
    """ids, mask: int64 [n_rows, longest row]; the mask is 0 where a row is padded."""

    ids: np.ndarray
    mask: np.ndarray


class Pieces:
    """Cuts texts into word pieces.

    folder: with TOKENIZER, and FACTS that tell `max_length` (the most pieces of a row,
    framing ones counted) and `pad_id`.
    """

    def __init__(self, folder: Path) -> None:
        facts = json.loads((folder / FACTS).read_bytes())
        self._pad_id: int = facts["pad_id"]
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(facts["max_length"])

    def encode(self, texts: Sequence[str]) -> PieceBatch:
        """One row for a text, padded to the longest of them. A text that is longer than
        a transformer takes goes on in further rows: all of it is read."""
        rows: List[List[int]] = []
        for encoding in self._tokenizer.encode_batch(list(texts)):
            rows += [encoding.ids, *(more.ids for more in encoding.overflowing)]
        width = max(map(len, rows))
        ids = np.full((len(rows), width), self._pad_id, dtype=np.int64)
        mask = np.zeros((len(rows), width), dtype=np.int64)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = row
            mask[i, : len(row)] = 1
        return PieceBatch(ids, mask)
