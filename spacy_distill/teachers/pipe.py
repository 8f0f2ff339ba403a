"""A teacher that predicts: its logits decoded to entities, as a spaCy pipeline."""

from typing import List, Optional

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from ..annotation.attach import attach_logits
from ..annotation.defaults import BATCH_WORDS, OVERLAP, WINDOW
from ..docs import LOGITS, bare_doc
from ..tasks.ner.from_logits import add_ner_from_logits
from .base import Teacher


class _Reader:
    """Asks a teacher for the logits that `annotate` would store."""

    def __init__(self, teacher: Teacher) -> None:
        self.teacher = teacher

    def __call__(self, docs: List[Doc]) -> List[np.ndarray]:
        # Copies, as what the caller keeps on the Docs is to stay.
        copies = [bare_doc(doc, self.teacher.nlp.vocab) for doc in docs]
        self.teacher.check_texts(lambda: iter(copies))
        attach_logits(
            self.teacher,
            copies,
            first=1,
            batch_words=BATCH_WORDS,
            window=WINDOW,
            overlap=OVERLAP,
            on_batch=lambda docs, words: None,
        )
        return [copy.user_data[LOGITS] for copy in copies]


def teacher_pipeline(teacher: Teacher) -> Language:
    """Make a pipeline of a teacher, to be scored or looked at like any other.

    It has the teacher's tokenizer and vocab. `doc.ents` are the entities decoded from
    the teacher's logits, read in the same windows as by `annotate`, and
    `doc.spans["ner"]` has them with their probabilities.

    Its `pipe` raises DistillError if the teacher cannot label a text.
    """
    nlp = type(teacher.nlp)(vocab=teacher.nlp.vocab)
    nlp.tokenizer = teacher.nlp.tokenizer
    add_ner_from_logits(nlp, teacher.tags, _Reader(teacher), name="teacher")
    return nlp


def find_teacher(nlp: Language) -> Optional[Teacher]:
    """Return the teacher that `teacher_pipeline` made the pipeline of, if it did."""
    for _, pipe in nlp.pipeline:
        model = getattr(pipe, "model", None)
        reader = getattr(model, "attrs", {}).get("get_logits")
        if isinstance(reader, _Reader):
            return reader.teacher
    return None
