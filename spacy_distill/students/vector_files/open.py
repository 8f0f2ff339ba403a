"""Open word vectors by the kind of their file."""

from pathlib import Path
from typing import Callable, Dict, Tuple

from spacy.util import is_package

from ...errors import DistillError
from . import arrays, binary, text
from .base import VectorFile
from .pipeline import PipelineVectors

_KINDS: Dict[Tuple[str, ...], Callable[[Path], VectorFile]] = {
    text.ENDINGS: text.TextVectors,
    binary.ENDINGS: binary.BinaryVectors,
    arrays.ENDINGS: arrays.open_array,
}


def open_vectors(source: str) -> VectorFile:
    """Open word vectors.

    Args:
        source: An installed spaCy pipeline or its folder; text files of GloVe, fastText
            or word2vec (`.txt`, `.vec`, also with `.gz`); word2vec's binary format
            (`.bin`); an array (`.npy`) beside a list of words (`.txt`); or a folder of
            model2vec.

    Returns:
        The vectors.

    Raises:
        DistillError: If they cannot be read.
    """
    path = Path(source)
    for endings, make in _KINDS.items():
        if path.name.endswith(endings):
            return make(path)
    if path.is_dir() and arrays.is_model2vec(path):
        return arrays.open_model2vec(path)
    if path.is_dir() or is_package(source):
        return PipelineVectors(source)
    known = ", ".join(ending for endings in _KINDS for ending in endings)
    raise DistillError(
        f"Expected word vectors in a file {known}, in a folder, or in an installed"
        f" spaCy pipeline, got {source!r}: check the name, or convert the file."
    )
