"""A Doc's tokens without anything else."""

from spacy.tokens import Doc
from spacy.vocab import Vocab


def bare_doc(doc: Doc, vocab: Vocab) -> Doc:
    """A Doc with the same words and spaces, in the given vocab, not annotated."""
    words = [token.text for token in doc]
    return Doc(vocab, words=words, spaces=[bool(t.whitespace_) for t in doc])
