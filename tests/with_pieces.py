"""A small student whose unknown words are composed from pieces."""

import tempfile
from functools import cache
from pathlib import Path

from small import TEXTS, make_examples, make_nlp, make_pieces, write_soft_labels
from spacy.language import Language
from thinc.api import fix_random_seed

from spacy_distill.students.init_words import init_words_v1
from spacy_distill.students.word_vectors import teacher_words_v1


@cache
def _bytes() -> bytes:
    nlp = make_nlp()
    with tempfile.TemporaryDirectory() as folder:
        soft_labels = write_soft_labels(Path(folder), TEXTS, pieces=make_pieces())
        words = init_words_v1(
            soft_labels=soft_labels, source=teacher_words_v1(soft_labels)
        )
        words(nlp)
    fix_random_seed(0)
    examples = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.02
    for _ in range(60):
        nlp.update(examples, sgd=optimizer)
    return nlp.to_bytes()


def trained_with_pieces(**config) -> Language:
    """A student that has the sentences of `small` by heart; a new copy each time."""
    return make_nlp(**config).from_bytes(_bytes(), exclude=["tokenizer"])
