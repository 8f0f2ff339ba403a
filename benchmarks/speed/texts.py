"""The texts that all systems read."""

from pathlib import Path

import spacy

from spacy_distill.corpora.texts import read_texts
from spacy_distill.errors import DistillError

from .batches import Texts


def read_corpus(path: Path, *, lang: str) -> Texts:
    """Read the documents at a path, and count their words with spaCy's tokenizer.

    path: as for `spacy-distill annotate`: `.txt` with a document a line, `.jsonl`,
        `.spacy`, or a folder of such. Documents without a word are left out.

    Raises DistillError for a missing path, a fault in a file, or no words at all.
    """
    try:
        nlp = spacy.blank(lang)
    except ImportError as error:
        raise DistillError(
            f"Expected a language that spaCy knows as --lang, got {lang!r}."
        ) from error
    texts = [doc.text for doc in read_texts(path, nlp)]
    # Files with tokens of their own are counted as the others are.
    pairs = [(text, len(nlp.make_doc(text))) for text in texts if text.strip()]
    if not pairs:
        raise DistillError(
            f"Expected documents with words in {path}, got only white space: name"
            " other texts."
        )
    return Texts(tuple(text for text, _ in pairs), tuple(n for _, n in pairs))
