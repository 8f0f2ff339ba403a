"""Callback that lets a student learn the document vectors of a pretrained encoder."""

from typing import Callable, Optional

from spacy.language import Language
from spacy.util import registry

from ..errors import DistillError
from ..students.encoder import get_encoders, set_vector_teacher
from ..students.transformer.source import load_encoder
from ..students.transformer.vectors import EncoderVectors
from ..students.vector_teacher import VectorTeacher


@registry.callbacks("spacy_distill.vector_teacher.v1")
def vector_teacher_v1(
    source: Optional[str] = None,
    component: str = "textcat",
    weight: float = 30.0,
    learn_rate: float = 0.0015,
) -> Callable[[Language], Language]:
    """Create a callback for [initialize.after_init]: document vectors as second target.

    The student learns to predict what a pretrained encoder, which was not fine-tuned,
    has as vector of each training document: the mean of its hidden states. With few
    texts it learns more of words and their similarity from that than from the
    probabilities of a few categories. The encoder reads each document once, and is not
    needed where the student predicts.

    Args:
        source: The encoder: a Hugging Face model (a folder, an installed package that
            contains one, a hub name), preferably one for sentence embeddings; null for
            none, so that the callback does nothing.
        component: Name of the component with the student.
        weight: Weight of the loss; see `VectorTeacher`.
        learn_rate: Learning rate of the projection to the vectors.

    Returns:
        The callback. It raises a DistillError if the component is missing or has no
        student encoder, or if the source cannot be loaded.

    Raises:
        DistillError: If the weight or the learning rate is out of range.
    """
    for name, value in (("weight", weight), ("learn_rate", learn_rate)):
        if not 0.0 < value < float("inf"):
            raise DistillError(
                f"Expected a finite {name} above 0, got {value}: change"
                " [initialize.after_init], or set source = null."
            )

    def set_teacher(nlp: Language) -> Language:
        if not source:
            return nlp
        if component not in nlp.pipe_names:
            raise DistillError(
                f"Expected a component {component!r}, got {', '.join(nlp.pipe_names)}:"
                " change [initialize.after_init]."
            )
        encoders = get_encoders(nlp.get_pipe(component).model)  # type: ignore[attr-defined]
        if not encoders:
            raise DistillError(
                f"Expected a student encoder in {component!r}, such as"
                " spacy_distill.CharCNNQRNN.v1, got none: set source = null in"
                " [initialize.after_init]."
            )
        vectors = EncoderVectors(load_encoder(source))
        for encoder in encoders:
            teacher = VectorTeacher(
                vectors,
                weight=weight,
                width=encoder.get_dim("nO"),
                learn_rate=learn_rate,
            )
            set_vector_teacher(encoder, teacher)
        return nlp

    return set_teacher
