"""Batches of word pieces from unlabelled texts, in an order that can be resumed."""

import random
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Dict, Iterator, List, NamedTuple

import numpy as np
import spacy

from ...corpora.texts import Texts
from ...errors import DistillError
from ...words import word_shape

# Texts that are shuffled together.
BLOCK_TEXTS = 4096
# Batches whose windows are sorted by length together, to save padding.
_SORTED_BATCHES = 16

# Arrays of a window, or of a batch of them, by name.
Row = Dict[str, np.ndarray]


class Position(NamedTuple):
    """A place in the endless stream of batches.

    Attributes:
        epoch: Times that all texts have been read.
        block: Block of texts in the epoch.
        batch: Batch in the block.
    """

    epoch: int = 0
    block: int = 0
    batch: int = 0


class Batch(NamedTuple):
    """A batch of windows.

    Attributes:
        inputs: `input_ids`, `attention_mask` and, of a case-aware encoder,
            `token_type_ids`, int64 [n_windows, n_pieces].
        following: The position of the next batch.
    """

    inputs: Row
    following: Position


@dataclass(frozen=True)
class PieceBatches:
    """Batches of windows of word pieces, over and over.

    Texts are read in blocks. Windows of a block are shuffled by the seed, the epoch and
    the number of the block, so a batch depends on its position alone.

    Attributes:
        texts: The texts.
        tokenizer: A `tokenizers.Tokenizer`.
        pad_id: Id of the padding.
        max_length: Pieces of a window with its special tokens. Longer texts are cut
            into several windows; no piece is left out.
        batch_size: Windows of a batch.
        seed: Determines the order.
        is_case_aware: Word shapes are the `token_type_ids`; see `words.word_shape`.
    """

    texts: Texts
    tokenizer: Any
    pad_id: int
    max_length: int
    batch_size: int
    seed: int
    is_case_aware: bool

    def read(self, position: Position) -> Iterator[Batch]:
        """Iterate over batches without end.

        Args:
            position: Where to begin; `Position()` is the beginning.

        Yields:
            The batches.

        Raises:
            DistillError: If no text has a word piece.
        """
        n_blocks = -(-len(self.texts) // BLOCK_TEXTS)
        epoch, block, skipped = position
        found = False
        while True:
            batches = self._shuffle(self._read_windows(block), epoch, block)
            found = found or bool(batches)
            last = block + 1 == n_blocks
            following = Position(epoch + last, 0 if last else block + 1)
            for number in range(skipped, len(batches)):
                after = Position(epoch, block, number + 1)
                if number + 1 == len(batches):
                    after = following
                yield Batch(self._pad(batches[number]), after)
            if last and not found:
                raise DistillError(
                    "Expected texts with word pieces of the transformer's tokenizer,"
                    " got none: give other texts."
                )
            epoch, block, skipped = following

    def _read_windows(self, block: int) -> List[Row]:
        start = block * BLOCK_TEXTS
        docs = self.texts.read(spacy.blank("xx"), start, start + BLOCK_TEXTS)
        texts = [doc.text for doc in docs if doc.text.strip()]
        if not texts:
            return []
        rows: List[Row] = []
        for text, first in zip(texts, self._splitter.encode_batch(texts)):
            for window in [first, *first.overflowing]:
                if not all(window.special_tokens_mask):
                    rows.append(self._row(window, text))
        return rows

    @cached_property
    def _splitter(self) -> Any:
        """A copy of the tokenizer that cuts texts into windows."""
        splitter = type(self.tokenizer).from_str(self.tokenizer.to_str())
        splitter.no_padding()
        splitter.enable_truncation(self.max_length)
        return splitter

    def _row(self, window: Any, text: str) -> Row:
        row = {"input_ids": np.array(window.ids)}
        row["attention_mask"] = np.ones_like(row["input_ids"])
        if self.is_case_aware:
            # Special tokens have the empty offset (0, 0).
            shapes = [
                word_shape(text[start:end]) if end else 0
                for start, end in window.offsets
            ]
            row["token_type_ids"] = np.array(shapes)
        return row

    def _shuffle(self, rows: List[Row], epoch: int, block: int) -> List[List[Row]]:
        rng = random.Random(f"{self.seed} {epoch} {block}")
        rng.shuffle(rows)
        batches: List[List[Row]] = []
        step = self.batch_size * _SORTED_BATCHES
        for start in range(0, len(rows), step):
            chunk = sorted(
                rows[start : start + step], key=lambda r: len(r["input_ids"])
            )
            batches += [
                chunk[i : i + self.batch_size]
                for i in range(0, len(chunk), self.batch_size)
            ]
        rng.shuffle(batches)
        return batches

    def _pad(self, rows: List[Row]) -> Row:
        longest = max(len(row["input_ids"]) for row in rows)
        fill = {"input_ids": self.pad_id}
        return {
            name: np.array(
                [
                    np.pad(
                        row[name],
                        (0, longest - len(row[name])),
                        constant_values=fill.get(name, 0),
                    )
                    for row in rows
                ],
                dtype=np.int64,
            )
            for name in rows[0]
        }
