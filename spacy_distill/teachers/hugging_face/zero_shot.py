"""Models of natural language inference as text classifiers, without training.

A text is the premise and each category a hypothesis, such as "This text is about
sport." (Yin et al. 2019, arXiv 1909.00161). Probabilities are those of the pipeline
"zero-shot-classification" of `transformers`.
"""

from functools import partial
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Union

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry

from ...docs import blank_pipeline
from ...errors import DistillError
from ...hub import hash_model, locate, shown_name
from ...tasks.textcat.task import TextCatTask
from ..base import Prediction, Teacher
from ..candidates import Candidates, check_candidates, with_categories
from ..model_teacher import TextModelTeacher
from .classifier import model_name
from .output_names import find_entailment, list_names
from .sequence_classifier import SequenceClassifier

HYPOTHESIS = "This text is about {}."


@registry.misc("spacy_distill.ZeroShotTextTeacher.v1")
def zero_shot_text_teacher_v1(
    name: str,
    # Not Candidates: confection would take a dict for a sequence.
    labels: Union[Dict[str, str], List[str]],
    hypothesis: str = HYPOTHESIS,
    exclusive: bool = True,
    lang: str = "en",
    window: Optional[int] = None,
    overlap: Optional[int] = None,
) -> Teacher:
    """Create a text classifier from a model of natural language inference.

    Args:
        name: Folder of an `AutoModelForSequenceClassification` with an output for
            entailment, or its name on the Hugging Face hub.
        labels: The categories, as they are written in the hypothesis; or a category
            for each of these.
        hypothesis: What is said of a text of a category, with {} for the category.
        exclusive: Whether each text has exactly one category: probabilities are a
            softmax of entailment over the categories. Otherwise each is that of
            entailment against contradiction.
        lang: Language of the tokenizer.
        window: Most word pieces of an input, hypothesis included; by default the
            model's maximum.
        overlap: Word pieces that adjacent windows share; by default an eighth of the
            window.

    Returns:
        The teacher.

    Raises:
        DistillError: If there is no such model, if it has no output for entailment, if
            there are too few categories, or if an option is out of range.
    """
    nlp = blank_pipeline(lang)
    located = locate(name)
    classifier = SequenceClassifier.load(
        located, source=name, window=window, overlap=overlap
    )
    return _make_teacher(
        classifier,
        partial(hash_model, located.folder),
        labels,
        nlp=nlp,
        source=name,
        hypothesis=hypothesis,
        exclusive=exclusive,
    )


def teacher_of_zero_shot_pipeline(
    pipeline: Any, labels: Candidates, *, lang: str = "en"
) -> Teacher:
    """Create a teacher from a pipeline "zero-shot-classification".

    Args:
        pipeline: The pipeline.
        labels: The categories; see `zero_shot_text_teacher_v1`.
        lang: Language of the tokenizer.

    Returns:
        The teacher, with exclusive categories and the default hypothesis.

    Raises:
        DistillError: As `zero_shot_text_teacher_v1`.
    """
    source = model_name(pipeline)
    classifier = SequenceClassifier(pipeline.model, pipeline.tokenizer, source=source)
    return _make_teacher(
        classifier,
        classifier.hash_contents,
        labels,
        nlp=blank_pipeline(lang),
        source=source,
        hypothesis=HYPOTHESIS,
        exclusive=True,
    )


class Outputs(NamedTuple):
    """Columns of a model of natural language inference."""

    entailment: int
    contradiction: int


class ZeroShotTextTeacher(TextModelTeacher[SequenceClassifier]):
    """A teacher that predicts by inference; see `zero_shot_text_teacher_v1`.

    Args:
        classifier: The model.
        task: The task, with the candidates as columns.
        outputs: The model's columns.
        model_hash: Returns the hash of the model.
        hypothesis: What is said of a text of a category.
        nlp: A blank pipeline.
        name: Name for display.
    """

    def __init__(
        self,
        classifier: SequenceClassifier,
        task: TextCatTask,
        outputs: Outputs,
        model_hash: Callable[[], str],
        *,
        hypothesis: str,
        nlp: Language,
        name: str,
    ) -> None:
        super().__init__(classifier, task, model_hash, nlp=nlp, name=name)
        self._outputs = outputs
        self._hypotheses = [hypothesis.replace("{}", label) for label in task.labels]
        sizes = [
            text.size
            for text in classifier.tokenize([""] * len(task.labels), self._hypotheses)
        ]
        # Pieces of the hypothesis; the windows of a text are the same for all.
        self._taken = max(sizes)
        if self._taken + classifier.overlap >= classifier.window:
            raise DistillError(
                f"Expected hypotheses that leave room for a text in {name}, which reads"
                f" {classifier.window} word pieces, got {self._taken} pieces for"
                f" {self._hypotheses[sizes.index(self._taken)]!r}: shorten it, or"
                " reduce the overlap."
            )

    @property
    def options(self) -> str:
        """Task, windows and hypotheses."""
        return "\n".join([super().options, *self._hypotheses])

    def predict(self, docs: List[Doc]) -> List[Prediction]:
        """Predict a batch of Docs.

        Args:
            docs: Docs to predict. They are not modified.

        Returns:
            Logits, float32 [1, n_categories]. Of a text that is longer than the model's
            maximum, the mean of its windows' probabilities.
        """
        pairs = [
            self._model.tokenize([doc.text] * len(self._hypotheses), self._hypotheses)
            for doc in docs
        ]
        all_windows = [
            self._model.split(len(of_doc[0].ids), taken=self._taken) or [(0, 0)]
            for of_doc in pairs
        ]
        inputs = [
            pair.window(start, end)
            for of_doc, windows in zip(pairs, all_windows)
            for start, end in windows
            for pair in of_doc
        ]
        found = iter(self._model.predict(inputs))
        out = []
        for windows in all_windows:
            rows = [
                self._logits(np.concatenate([next(found) for _ in self._hypotheses]))
                for _ in windows
            ]
            out.append(Prediction(self._task.merge(windows, rows)))
        return out

    def _logits(self, scores: np.ndarray) -> np.ndarray:
        """Convert the model's logits for all hypotheses, float32 [1, n_categories]."""
        entailed = scores[:, self._outputs.entailment]
        if self._task.exclusive:
            return entailed[None]
        return (entailed - scores[:, self._outputs.contradiction])[None]


def _make_teacher(
    classifier: SequenceClassifier,
    model_hash: Callable[[], str],
    labels: Candidates,
    *,
    nlp: Language,
    source: str,
    hypothesis: str,
    exclusive: bool,
) -> Teacher:
    names = check_candidates(labels, exclusive=exclusive)
    if "{}" not in hypothesis:
        raise DistillError(
            "Expected a hypothesis with {} in place of the category, got"
            f" {hypothesis!r}: change it, e.g. to {HYPOTHESIS!r}."
        )
    teacher = ZeroShotTextTeacher(
        classifier,
        TextCatTask(names, exclusive=exclusive),
        _find_outputs(classifier.labels, source),
        model_hash,
        hypothesis=hypothesis,
        nlp=nlp,
        name=shown_name(source),
    )
    return with_categories(teacher, labels)


def _find_outputs(names: Sequence[str], source: str) -> Outputs:
    entailment = find_entailment(names)
    if entailment is None or len(names) < 2:
        raise DistillError(
            f"Expected a model of natural language inference as {source}, with an"
            f" output named 'entailment', got {list_names(names)}: use such a model, or"
            " correct id2label in its config.json."
        )
    against = [i for i, name in enumerate(names) if name.lower().startswith("contra")]
    # As in transformers.
    other = len(names) - 1 if entailment == 0 else 0
    return Outputs(entailment, against[0] if against else other)
