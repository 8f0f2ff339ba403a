"""Docs and pipelines: bare copies, blank and trained pipelines, gold files."""

from pathlib import Path
from typing import Any, Iterator, Union

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training.corpus import walk_corpus
from spacy.vocab import Vocab

from .errors import DistillError
from .files import sha256_bytes

# np.float16 array [n_tokens, n_tags]: the teacher's logits, before any temperature.
LOGITS = "spacy_distill.logits"
# Tuple of n_tags tag names in column order; attached on reading, not stored.
TAGS = "spacy_distill.tasks.ner.tags"


def bare_doc(doc: Doc, vocab: Vocab) -> Doc:
    """A Doc with the same words and spaces, in the given vocab, not annotated."""
    words = [token.text for token in doc]
    return Doc(vocab, words=words, spaces=[bool(t.whitespace_) for t in doc])


def blank_pipeline(lang: str) -> Language:
    """The tokenizer for a language's Docs. Raises DistillError if spaCy has none."""
    try:
        return spacy.blank(lang)
    except ImportError as error:
        raise DistillError(
            f"Expected a language that spaCy knows, such as 'en', got {lang!r}: change"
            " `lang`."
        ) from error


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


def load_pipeline(name: Union[str, Path]) -> Language:
    """Load an installed pipeline, or one in a folder.

    Raises DistillError if it cannot be loaded.
    """
    try:
        return spacy.load(name)
    except (OSError, ValueError, ImportError, KeyError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DistillError(
            f"Expected a pipeline, installed or in a folder, at {str(name)!r}: {reason}"
        ) from error


def tokenizer_hash(nlp: Language) -> str:
    """Return a SHA-256 over the tokenizer's class, rules and exceptions.

    Two pipelines with the same hash and language make the same tokens of a text. The
    vocab is left out: what has passed through a pipeline does not change its hash.
    """
    tokenizer: Any = nlp.tokenizer
    kind = f"{type(tokenizer).__module__}.{type(tokenizer).__qualname__}\n"
    return sha256_bytes(kind.encode("utf-8") + tokenizer.to_bytes(exclude=["vocab"]))
