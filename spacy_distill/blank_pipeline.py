"""A pipeline that does nothing but cut text into tokens."""

import spacy
from spacy.language import Language

from .errors import DistillError


def blank_pipeline(lang: str) -> Language:
    """The tokenizer for a language's Docs. Raises DistillError if spaCy has none."""
    try:
        return spacy.blank(lang)
    except ImportError as error:
        raise DistillError(
            f"Expected a language that spaCy knows, such as 'en', got {lang!r}: change"
            " `lang`."
        ) from error
