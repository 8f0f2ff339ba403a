"""Teachers as pipelines, to be evaluated or used like any other."""

from typing import Any, Iterable, Iterator, List, Optional

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from ..docs import bare_doc
from .base import Teacher
from .predict import predict_docs

_FACTORY = "spacy_distill_teacher"


class TeacherPipe:
    """A pipeline component that annotates Docs with a teacher's predictions.

    Documents are read in the same windows as by `annotate`, and the annotation is
    decoded from logits as they are stored.

    Args:
        teacher: The teacher; set by `teacher_pipeline`.
    """

    def __init__(self, teacher: Optional[Teacher] = None) -> None:
        self.teacher = teacher

    def __call__(self, doc: Doc) -> Doc:
        self._annotate([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Annotate a stream of Docs.

        Args:
            stream: The Docs.
            batch_size: Docs to read at a time.

        Yields:
            The Docs in order.

        Raises:
            DistillError: If the teacher cannot predict a text.
        """
        for docs in minibatch(stream, size=batch_size):
            self._annotate(docs)
            yield from docs

    def _annotate(self, docs: List[Doc]) -> None:
        assert self.teacher is not None
        # Copies, since what the caller has on the Docs must not reach the teacher.
        copies = [bare_doc(doc, self.teacher.nlp.vocab) for doc in docs]
        self.teacher.check_texts(lambda: iter(copies))
        predictions = predict_docs(self.teacher, copies)
        self.teacher.task.annotate(docs, [one.logits for one in predictions])


@Language.factory(_FACTORY, assigns=["doc.ents", "doc.spans"])
def _make_teacher_pipe(nlp: Language, name: str) -> TeacherPipe:
    return TeacherPipe()


def teacher_pipeline(teacher: Teacher) -> Language:
    """Create a pipeline that predicts what a teacher predicts.

    Args:
        teacher: The teacher.

    Returns:
        A pipeline with the teacher's tokenizer and vocab. It sets what the teacher's
        task sets, such as `doc.ents` and, with probabilities, `doc.spans["ner"]`.
    """
    nlp = type(teacher.nlp)(vocab=teacher.nlp.vocab)
    nlp.tokenizer = teacher.nlp.tokenizer
    pipe: Any = nlp.add_pipe(_FACTORY, name="teacher")
    pipe.teacher = teacher
    return nlp


def find_teacher(nlp: Language) -> Optional[Teacher]:
    """Return the teacher of a pipeline that `teacher_pipeline` created, else None."""
    for _, pipe in nlp.pipeline:
        if isinstance(pipe, TeacherPipe):
            return pipe.teacher
    return None
