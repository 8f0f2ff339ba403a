"""Gold annotation in which only some of a student's predictions are right."""

from typing import List, Optional

import spacy
from small import SENTENCES
from spacy.tokens import Doc

# Entities that `small.trained` predicts in SENTENCES.
FOUND = sum(len(spans) for _, spans in SENTENCES)


def gold_docs(
    repeat: int, wrong_every: Optional[int] = None, label: Optional[str] = None
) -> List[Doc]:
    """SENTENCES as gold annotation, which `trained` predicts, but for some entities.

    Args:
        repeat: How often.
        wrong_every: One repetition of so many has no entity, so that predictions are
            wrong.
        label: Label of all entities, in place of their own.
    """
    nlp = spacy.blank("en")
    docs = []
    for number in range(repeat):
        wrong = wrong_every is not None and number % wrong_every == 0
        for sentence, spans in SENTENCES:
            doc = nlp.make_doc(sentence)
            doc.ents = [
                doc.char_span(start, end, label=label or own)
                for start, end, own in spans
                if not wrong
            ]
            docs.append(doc)
    return docs
