"""From Docs to padded batches of word pieces, and back to tokens."""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from spacy.attrs import IDX, LENGTH
from spacy.tokens import Doc

from ...arrays import overlapping, ranges
from ...errors import DistillError
from ...windows import batches_by_size, max_context_ranges, split
from ...words import word_shape
from ..lexicon.interaction import WORD_IDS
from ..lexicon.matching import Lexicon

INSTALL = 'run pip install "spacy-distill[onnx]"'
# Adjacent windows share this part of their pieces.
_OVERLAP = 4
# Pieces whose shapes are remembered.
_MOST_SHAPES = 100_000


class Batch(NamedTuple):
    """Windows of word pieces, padded to the longest of them.

    Attributes:
        ids: Ids of the pieces with special tokens, int64 [n_windows, length].
        mask: 1 for pieces and special tokens, 0 for padding, of the same shape.
        types: Word shapes of the pieces if the encoder is case-aware, otherwise 0, of
            the same shape. They are the input `token_type_ids`.
        words: Words of the lexicon of each piece, int64 [n_windows, length, max_words],
            numbers from 1, longest first, then 0; None without a lexicon.
    """

    ids: np.ndarray
    mask: np.ndarray
    types: np.ndarray
    words: Optional[np.ndarray] = None

    @property
    def inputs(self) -> Dict[str, np.ndarray]:
        """The inputs of the encoder, by name."""
        inputs = {
            "input_ids": self.ids,
            "attention_mask": self.mask,
            "token_type_ids": self.types,
        }
        return inputs if self.words is None else {**inputs, WORD_IDS: self.words}


class Pieces(NamedTuple):
    """Word pieces of Docs in batches, and where those of each token are.

    Attributes:
        batches: The batches.
        rows: For each token, one after the other, the rows of its pieces in the
            outputs of all batches, flattened and concatenated, int64 [n_used].
        lengths: Number of pieces of each token, int32 [n_tokens]. A token without any
            (whitespace, characters that the normalizer removes) has 0.
    """

    batches: List[Batch]
    rows: np.ndarray
    lengths: np.ndarray


class PieceReader:
    """Reads Docs as word pieces.

    The pieces of a token are those that share a character with it. A piece across two
    tokens belongs to both.

    Args:
        tokenizer: A `tokenizers.Tokenizer`, or its JSON.
        max_length: Pieces in a window at most, with special tokens. Longer Docs have
            several windows, which overlap by a quarter. Each piece is taken from the
            window in which it has most context.
        is_case_aware: Whether the encoder has word shapes as `token_type_ids`.
        pad_id: Id of the padding.
        lexicon: Words that are input too.
        max_words: Words of a piece at most; see `Lexicon.words_of_pieces`.

    Raises:
        DistillError: If `tokenizers` is missing, the tokenizer cannot be read, or
            `max_length` leaves no room beside special tokens.
    """

    def __init__(
        self,
        tokenizer: Any,
        *,
        max_length: int,
        is_case_aware: bool,
        pad_id: int = 0,
        lexicon: Optional[Lexicon] = None,
        max_words: int = 0,
    ) -> None:
        if isinstance(tokenizer, str):
            tokenizer = load_json(tokenizer)
        self._tokenizer = tokenizer
        self._pad_id = pad_id
        self._is_case_aware = is_case_aware
        self._lexicon = lexicon
        self._max_words = max_words
        self._shapes: Dict[str, int] = {}
        # SentencePiece and byte-level pieces may contain the space before a word.
        self._has_spaces = type(tokenizer.model).__name__ != "WordPiece"
        self._before, self._after = _special_ids(tokenizer)
        self._window = max_length - len(self._before) - len(self._after)
        if self._window < 1:
            raise DistillError(
                f"Expected max_length of more than"
                f" {len(self._before) + len(self._after)} special tokens, got"
                f" {max_length}: increase it."
            )

    def read(self, docs: Sequence[Doc], *, most: int) -> Pieces:
        """Split Docs into word pieces, batched by similar length.

        Args:
            docs: The Docs.
            most: Cells of a padded batch at most, in pieces. A window that is longer is
                a batch of its own.

        Returns:
            The batches, and the rows of each token's pieces.
        """
        ids: List[int] = []
        types: List[int] = []
        words: List[np.ndarray] = []
        token_places: List[np.ndarray] = []
        piece_places: List[np.ndarray] = []
        windows: List[Tuple[int, int]] = []
        # The pieces that are taken from each window.
        owners: List[Tuple[int, int]] = []
        # Characters of all Docs are numbered consecutively, and so are their pieces.
        chars = 0
        for doc in docs:
            text = doc.text
            encoded = self._tokenizer.encode(text, add_special_tokens=False)
            offsets = encoded.offsets
            if self._has_spaces:
                offsets = [_trim(text, start, end) for start, end in offsets]
            if self._is_case_aware:
                types.extend(self._shape(text[start:end]) for start, end in offsets)
            doc_windows = split(
                len(offsets), window=self._window, overlap=self._window // _OVERLAP
            )
            owned = max_context_ranges(doc_windows)
            n = len(ids)
            windows.extend((n + start, n + end) for start, end in doc_windows)
            owners.extend((n + first, n + last) for first, last in owned)
            ids.extend(encoded.ids)
            piece_places.append(_array(offsets) + chars)
            places = doc.to_array([IDX, LENGTH]).astype(np.int64)
            if self._lexicon is not None:
                words.append(
                    self._lexicon.words_of_pieces(
                        doc, _array(offsets), max_words=self._max_words
                    )
                )
            token_places.append(places + (chars, 0))
            chars += len(text) + 1
        # The rows of an encoder's output, in the order of the pieces of all Docs.
        piece_rows = np.zeros(len(ids), dtype=np.int64)
        batches = self._batch(
            np.array(ids, dtype=np.int64),
            np.array(types or [0] * len(ids), dtype=np.int64),
            np.concatenate(words) if words else None,
            windows,
            owners,
            piece_rows,
            most,
        )
        used, lengths = _align(
            np.concatenate(token_places), np.concatenate(piece_places)
        )
        return Pieces(batches, piece_rows[used], lengths)

    def _batch(
        self,
        ids: np.ndarray,
        types: np.ndarray,
        words: Optional[np.ndarray],
        windows: Sequence[Tuple[int, int]],
        owners: Sequence[Tuple[int, int]],
        piece_rows: np.ndarray,
        most: int,
    ) -> List[Batch]:
        """Make batches, and fill in the row of each piece."""
        n_before, n_special = len(self._before), len(self._before) + len(self._after)
        sizes = [end - start + n_special for start, end in windows]
        batches: List[Batch] = []
        first_row = 0
        for members in batches_by_size(sizes, most=most):
            length = sizes[members[0]]
            shape = (len(members), length)
            batch = Batch(
                np.full(shape, self._pad_id, dtype=np.int64),
                np.zeros(shape, dtype=np.int64),
                np.zeros(shape, dtype=np.int64),
                None
                if words is None
                else np.zeros((*shape, self._max_words), dtype=np.int64),
            )
            for row, member in enumerate(members):
                start, end = windows[member]
                inner = slice(n_before, n_before + end - start)
                batch.ids[row, :n_before] = self._before
                batch.ids[row, inner] = ids[start:end]
                batch.ids[row, inner.stop : sizes[member]] = self._after
                batch.mask[row, : sizes[member]] = 1
                batch.types[row, inner] = types[start:end]
                if batch.words is not None and words is not None:
                    batch.words[row, inner] = words[start:end]
                first, last = owners[member]
                begin = first_row + row * length + n_before + first - start
                piece_rows[first:last] = np.arange(begin, begin + last - first)
            batches.append(batch)
            first_row += len(members) * length
        return batches

    def _shape(self, piece: str) -> int:
        shape = self._shapes.get(piece)
        if shape is None:
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            shape = self._shapes[piece] = word_shape(piece) if piece else 0
        return shape


def load_json(text: str) -> Any:
    """Load a tokenizer from its JSON.

    Args:
        text: Content of a `tokenizer.json`.

    Returns:
        The `tokenizers.Tokenizer`, without truncation and padding.

    Raises:
        DistillError: If `tokenizers` is missing or the tokenizer cannot be read.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise DistillError(
            "Expected the package tokenizers, which a transformer student needs, got"
            f" none: {INSTALL}."
        ) from error
    # The library raises plain Exceptions.
    try:
        tokenizer = Tokenizer.from_str(text)
    except Exception as error:
        raise DistillError(
            "Expected a tokenizer that this version of tokenizers can read, got an"
            f" error: {error}. Upgrade tokenizers."
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _special_ids(tokenizer: Any) -> Tuple[List[int], List[int]]:
    """Return the ids of the special tokens before and after a text."""
    encoded = tokenizer.encode("a", add_special_tokens=True)
    inner = [i for i, special in enumerate(encoded.special_tokens_mask) if not special]
    if not inner:
        return list(encoded.ids), []
    return list(encoded.ids[: inner[0]]), list(encoded.ids[inner[-1] + 1 :])


def _trim(text: str, start: int, end: int) -> Tuple[int, int]:
    part = text[start:end]
    start += len(part) - len(part.lstrip())
    return start, start + len(part.strip())


def _array(pairs: Sequence[Any]) -> np.ndarray:
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _align(tokens: np.ndarray, pieces: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Find the pieces that share a character with each token.

    Args:
        tokens: First character and number of characters, int64 [n_tokens, 2].
        pieces: First character and character after the last, int64 [n_pieces, 2], in
            the order of the text.

    Returns:
        Indices of the pieces of all tokens, and the number of each token's.
    """
    first, last = overlapping(tokens[:, 0], tokens.sum(axis=1), pieces)
    lengths = np.maximum(last - first, 0)
    filled = lengths > 0
    if not filled.any():
        return np.zeros(0, dtype=np.int64), lengths.astype(np.int32)
    used, _ = ranges(first[filled], last[filled])
    return used, lengths.astype(np.int32)
