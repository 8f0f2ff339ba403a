"""The pipelines that a report is about."""

from pathlib import Path
from typing import Optional, Union

import spacy
from spacy.language import Language

from ..errors import DistillError
from ..pipeline.compact_ner import CompactNER


def load_pipeline(name_or_path: Union[str, Path]) -> Language:
    """Load an installed pipeline, or one in a folder.

    RAISES: DistillError if it cannot be loaded.
    """
    try:
        return spacy.load(name_or_path)
    except (OSError, ValueError, ImportError, KeyError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DistillError(
            f"Expected a pipeline, installed or in a folder, at {str(name_or_path)!r}: "
            f"{reason}"
        ) from error


def find_spans_key(nlp: Language) -> Optional[str]:
    """Where the pipeline puts entities with their probabilities, in `doc.spans`;
    None if it has no component that gives probabilities."""
    for _, pipe in nlp.pipeline:
        if isinstance(pipe, CompactNER) and pipe.spans_key is not None:
            return pipe.spans_key
    return None
