"""Callback that lets a transformer student learn from its teacher's layers, too."""

from typing import Callable, Iterator, Optional, Union

from spacy.language import Language
from spacy.util import registry

from ..errors import DistillError
from ..losses.layer_states import LayerLoss
from ..students.transformer.architecture import find_students, get_shim
from ..students.transformer.layer_teacher import LayerTeacher
from ..students.transformer.reading import load_json
from ..students.transformer.shim import TransformerShim
from ..students.transformer.source import load_encoder, read_source_config

LAYER_TEACHER = "spacy_distill.layer_teacher.v1"


@registry.callbacks(LAYER_TEACHER)
def layer_teacher_v1(
    source: Optional[str],
    loss: LayerLoss,
    theta: Union[float, Iterator[float]] = 1.0,
    bfloat16: bool = False,
) -> Callable[[Language], Language]:
    """Create a callback for [initialize.after_init]: layer losses in `spacy train`.

    The second stage of Ye & Hernandez 2023 (task distillation), eq. 15: the loss of the
    component plus theta times the layer losses. With `adaptive_alpha.v1` as the alpha
    of `DistillationLoss.v1` and `adaptive_theta.v1` here, theta moves all weight from
    the teacher to the labels. The teacher reads each batch beside the student, since
    hidden states are too large to store. It is not saved with the pipeline.

    Args:
        source: The teacher: a spaCy pipeline with a transformer, or a Hugging Face
            model.
        loss: The layer losses; see `LayerLosses.v1`.
        theta: Their weight in [0, 1], or an endless schedule of weights.
        bfloat16: Whether the teacher multiplies matrices in bfloat16; see
            `fine_tuning.v1`.

    Returns:
        The callback. It raises a DistillError if the pipeline does not have one
        transformer student, or if the teacher is missing or does not fit.
    """
    return SetLayerTeacher(source, loss, theta, bfloat16=bfloat16)


class SetLayerTeacher:
    """The callback of `layer_teacher_v1`, which can check its settings early.

    Args:
        source: The teacher.
        loss: The layer losses.
        theta: Their weight.
        bfloat16: Whether the teacher multiplies matrices in bfloat16.
    """

    def __init__(
        self,
        source: Optional[str],
        loss: LayerLoss,
        theta: Union[float, Iterator[float]],
        *,
        bfloat16: bool,
    ) -> None:
        self.source = source
        self.loss = loss
        self.theta = theta
        self.bfloat16 = bfloat16

    def check(self, nlp: Language) -> str:
        """Check that there is a student and a teacher, without loading the teacher.

        Args:
            nlp: The untrained pipeline.

        Returns:
            The source.

        Raises:
            DistillError: If one is missing.
        """
        _find_student(nlp)
        if not self.source:
            raise DistillError(
                "Expected a teacher whose layers are imitated, got none: add"
                " --paths.teacher PIPELINE, or set source in [initialize.after_init]."
            )
        read_source_config(self.source)
        return self.source

    def __call__(self, nlp: Language) -> Language:
        """Give the student of a pipeline its teacher.

        Args:
            nlp: The pipeline.
        """
        source = self.check(nlp)
        shim = _find_student(nlp)
        shim.layer_teacher = LayerTeacher(
            load_encoder(source),
            shim.module,
            tokenizer=load_json(shim.tokenizer_json),
            is_case_aware=shim.cfg["is_case_aware"],
            loss=self.loss,
            theta=self.theta,
            bfloat16=self.bfloat16,
        )
        return nlp


def _find_student(nlp: Language) -> TransformerShim:
    found = find_students(nlp)
    if len(found) != 1:
        raise DistillError(
            "Expected one transformer student in the pipeline, got"
            f" {', '.join(name for name, _ in found) or 'none'}: use"
            " spacy_distill.TransformerStudent.v1 once, or remove"
            " spacy_distill.layer_teacher.v1 from [initialize.after_init]."
        )
    return get_shim(found[0][1])
