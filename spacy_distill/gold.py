"""Gold Docs from `.spacy` files."""

from pathlib import Path
from typing import Iterator

from spacy.tokens import Doc, DocBin
from spacy.training.corpus import walk_corpus
from spacy.vocab import Vocab

from .errors import DistillError


def read_gold(path: Path, vocab: Vocab) -> Iterator[Doc]:
    """Docs of a `.spacy` file, or of all those in a folder, in order of their names.

    RAISES: DistillError if the path is missing, is no `.spacy` data or has no Docs.
    """
    if not Path(path).exists():
        raise DistillError(
            f"Expected gold annotation at {path}, got nothing there: check the path, "
            "or make it with `spacy-distill corpus`."
        )
    found = False
    for file in walk_corpus(path, ".spacy"):
        try:
            docs = list(DocBin().from_disk(file).get_docs(vocab))
        except Exception as error:  # zlib, msgpack and KeyErrors alike
            raise DistillError(
                f"Expected a .spacy file, got something else in {file} "
                f"({type(error).__name__}): convert the data again."
            ) from error
        found = found or bool(docs)
        yield from docs
    if not found:
        raise DistillError(
            f"Expected gold annotation in {path}, got no Docs: a few labelled "
            "sentences are needed."
        )
