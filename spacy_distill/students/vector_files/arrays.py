"""Word vectors as a NumPy array beside a list of words, and those of model2vec."""

import json
from pathlib import Path
from typing import AbstractSet, Any, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from ...errors import DistillError
from .base import ReadVector

ENDINGS = (".npy",)


class ArrayVectors:
    """Words and a table with a row for each.

    Args:
        name: What it is called in messages.
        words: The words, most frequent first; None for a row without a word.
        table: float [n_words, width], maybe mapped into memory.
        weights: A factor of each row, float [n_words]; None for none.

    Attributes:
        name: What it is called in messages.
        width: Width of its vectors.

    Raises:
        DistillError: If the two do not fit.
    """

    def __init__(
        self,
        name: str,
        words: Sequence[Optional[str]],
        table: np.ndarray,
        weights: Optional[np.ndarray] = None,
    ) -> None:
        if table.ndim != 2 or len(table) != len(words):
            raise DistillError(
                f"Expected an array of {len(words):,} rows in {name}, one for each"
                f" word, got the shape {table.shape}: both must be of one file."
            )
        self.name = name
        self.width = int(table.shape[1])
        self._words = words
        self._table = table
        self._weights = weights

    def rows(self, wanted: AbstractSet[str]) -> Iterator[Tuple[str, ReadVector]]:
        """See `VectorFile`."""
        for row, word in enumerate(self._words):
            if word is None:
                continue

            def read(row: int = row) -> np.ndarray:
                vector = np.asarray(self._table[row], dtype=np.float32)
                return vector if self._weights is None else vector * self._weights[row]

            yield word, read


def open_array(path: Path) -> ArrayVectors:
    """Open a `.npy` file whose words are in a `.txt` file of the same name.

    Args:
        path: The `.npy` file; it is mapped into memory.

    Returns:
        Its vectors.

    Raises:
        DistillError: If one of the two cannot be read, or if they do not fit.
    """
    listed = path.with_suffix(".txt")
    try:
        table = np.load(path, mmap_mode="r")
        words = listed.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DistillError(
            f"Expected an array at {path} and its words, one on each line, at"
            f" {listed}: {error.strerror or error}."
        ) from error
    except ValueError as error:
        raise DistillError(
            f"Expected a NumPy array at {path} and words in UTF-8 at {listed}, got"
            f" something else ({error}): it may have been cut short."
        ) from error
    return ArrayVectors(str(path), words, table)


def is_model2vec(path: Path) -> bool:
    """Whether a folder has the files of a model2vec model.

    Args:
        path: The folder.
    """
    files = ("model.safetensors", "tokenizer.json")
    if not all((path / file).is_file() for file in files):
        return False
    from safetensors import safe_open

    with safe_open(path / files[0], "np") as tensors:
        return "embeddings" in tensors.keys()  # noqa: SIM118 (no mapping)


def open_model2vec(path: Path) -> ArrayVectors:
    """Open a model2vec model: the vectors of the words in its vocabulary.

    Parts of words and special tokens are left out.

    Args:
        path: Its folder, with `model.safetensors` and `tokenizer.json`.

    Returns:
        Its vectors.

    Raises:
        DistillError: If the files do not fit.
    """
    from safetensors.numpy import load_file

    tensors = load_file(path / "model.safetensors")
    scheme = json.loads((path / "tokenizer.json").read_text(encoding="utf-8"))
    table, weights = tensors["embeddings"], tensors.get("weights")
    if "mapping" in tensors:
        # Tokens that share rows.
        table = table[tensors["mapping"]]
    words: List[Optional[str]] = [None] * len(table)
    for token, row in _tokens(scheme):
        if row < len(words):
            words[row] = token
    return ArrayVectors(str(path), words, table, weights)


def _tokens(scheme: Any) -> Iterator[Tuple[str, int]]:
    """Yield the whole words of a tokenizer, and their ids."""
    model = scheme["model"]
    special = {token["content"] for token in scheme.get("added_tokens", ())}
    vocab = model["vocab"]
    if isinstance(vocab, list):
        # Unigram: pairs of a piece and its score, words with a mark before them.
        for row, (token, _) in enumerate(vocab):
            if token.startswith("\u2581") and token not in special and len(token) > 1:
                yield token[1:], row
        return
    prefix = model.get("continuing_subword_prefix") or "##"
    for token, row in vocab.items():
        if token not in special and not token.startswith(prefix):
            yield token, row
