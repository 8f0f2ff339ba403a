"""The strings that a pipeline met in training, and need not know."""

from pathlib import Path

import srsly
from spacy.language import Language
from spacy.tokenizer import Tokenizer

from ..tasks.ner.component import CompactNER


def drop_strings(nlp: Language, folder: Path) -> bool:
    """Leave a saved pipeline no strings but its labels. spaCy keeps every word that
    training met, but a `compact_ner` has the words of its tables, the tokenizer has
    those of its rules, and what is read brings its own.

    folder: where `nlp` was saved to.
    RETURNS: False if the strings stay, since something else may want them: another
        component, a tokenizer of another kind, vectors or lookups.
    """
    pipes = [pipe for _, pipe in nlp.components if isinstance(pipe, CompactNER)]
    if (
        len(pipes) < len(nlp.components)
        or type(nlp.tokenizer) is not Tokenizer
        or nlp.vocab.vectors.n_keys
        or len(nlp.vocab.lookups)
    ):
        return False
    labels = {label for pipe in pipes for label in pipe.labels}
    srsly.write_json(folder / "vocab" / "strings.json", sorted(labels))
    return True
