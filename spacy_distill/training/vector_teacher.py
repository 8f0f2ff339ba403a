"""Callback that lets a student learn the document vectors of a pretrained encoder."""

from typing import Any, Callable, List, Optional

from spacy.language import Language
from spacy.util import registry
from thinc.api import Model

from ..errors import DistillError
from ..students.encoder import get_encoders, set_vector_teacher
from ..students.transformer.source import load_encoder, read_source_config
from ..students.transformer.vectors import EncoderVectors
from ..students.vector_teacher import VectorTeacher

VECTOR_TEACHER = "spacy_distill.vector_teacher.v1"


@registry.callbacks(VECTOR_TEACHER)
def vector_teacher_v1(
    source: Optional[str] = None,
    component: str = "textcat",
    weight: float = 30.0,
    learn_rate: float = 0.0015,
) -> Callable[[Language], Language]:
    """Create a callback for [initialize.after_init]: document vectors as second target.

    The student learns to predict what a pretrained encoder, which was not fine-tuned,
    has as vector of each training document: the mean of its hidden states. That helps
    on some texts and not on others (docs/textcat.md). The encoder reads each document
    once, and is not needed where the student predicts.

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

    return SetVectorTeacher(source, component, weight, learn_rate)


class SetVectorTeacher:
    """The callback of `vector_teacher_v1`, which can check its settings early.

    Args:
        source: The encoder, or none.
        component: Name of the component.
        weight: Weight of the loss.
        learn_rate: Learning rate of the projection.
    """

    def __init__(
        self, source: Optional[str], component: str, weight: float, learn_rate: float
    ) -> None:
        self.source = source
        self.component = component
        self.weight = weight
        self.learn_rate = learn_rate

    def check(self, nlp: Language) -> None:
        """Check that there is a student and a source, without loading the source.

        Args:
            nlp: The untrained pipeline.

        Raises:
            DistillError: If one is missing.
        """
        if self.source:
            self._find_encoders(nlp)
            read_source_config(self.source)

    def __call__(self, nlp: Language) -> Language:
        """Let the student of a pipeline learn the vectors.

        Args:
            nlp: The pipeline.
        """
        if not self.source:
            return nlp
        encoders = self._find_encoders(nlp)
        vectors = EncoderVectors(load_encoder(self.source))
        for encoder in encoders:
            teacher = VectorTeacher(
                vectors,
                weight=self.weight,
                width=encoder.get_dim("nO"),
                learn_rate=self.learn_rate,
            )
            set_vector_teacher(encoder, teacher)
        return nlp

    def _find_encoders(self, nlp: Language) -> List[Model]:
        if self.component not in nlp.pipe_names:
            raise DistillError(
                f"Expected a component {self.component!r}, got"
                f" {', '.join(nlp.pipe_names)}: change [initialize.after_init]."
            )
        model: Any = getattr(nlp.get_pipe(self.component), "model", None)
        encoders = get_encoders(model) if isinstance(model, Model) else []
        if not encoders:
            raise DistillError(
                f"Expected a student encoder in {self.component!r}, such as"
                " spacy_distill.CharCNNQRNN.v1, got none: set source = null in"
                " [initialize.after_init]."
            )
        return encoders
