"""Teachers that predict with Hugging Face sequence classifiers."""

from functools import partial
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry

from ...docs import blank_pipeline
from ...errors import DistillError
from ...hub import hash_model, locate, shown_name
from ...tasks.textcat.task import TextCatTask
from ..base import Prediction, Teacher
from ..mapped import MappedTeacher
from ..model_teacher import TextModelTeacher
from .classifier import model_name
from .output_names import find_entailment, is_default, list_names, renaming_advice
from .sequence_classifier import SequenceClassifier

_MULTILABEL, _REGRESSION = "multi_label_classification", "regression"


@registry.misc("spacy_distill.HuggingFaceTextTeacher.v1")
def hugging_face_text_teacher_v1(
    name: str,
    lang: str = "en",
    exclusive: Optional[bool] = None,
    window: Optional[int] = None,
    overlap: Optional[int] = None,
    labels: Optional[Dict[str, Optional[str]]] = None,
) -> Teacher:
    """Create a teacher from a Hugging Face sequence classifier.

    Args:
        name: Folder of an `AutoModelForSequenceClassification` with a fast tokenizer,
            or its name on the Hugging Face hub.
        lang: Language of the tokenizer.
        exclusive: Whether each text has exactly one category. By default, as in
            `transformers`: not if the config's `problem_type` is
            "multi_label_classification".
        window: Most word pieces of an input; by default the model's maximum.
        overlap: Word pieces that adjacent windows share; by default an eighth of the
            window.
        labels: New names of the model's outputs, such as {"LABEL_1": "spam"}; None
            (null) for outputs to leave out. Others keep their names. Of outputs with
            the same name, the sum of the probabilities counts if categories are
            exclusive, and the highest probability if not.

    Returns:
        The teacher.

    Raises:
        DistillError: If there is no such model or language, if its outputs have no
            names or are no categories, or if an option is out of range.
    """
    nlp = blank_pipeline(lang)
    located = locate(name)
    classifier = SequenceClassifier.load(
        located, source=name, window=window, overlap=overlap
    )
    return _make_teacher(
        classifier,
        partial(hash_model, located.folder),
        nlp=nlp,
        source=name,
        exclusive=exclusive,
        labels=labels,
    )


def teacher_of_text_pipeline(
    pipeline: Any,
    *,
    lang: str = "en",
    labels: Optional[Mapping[str, Optional[str]]] = None,
) -> Teacher:
    """Create a teacher from a loaded `transformers` pipeline.

    Args:
        pipeline: A text classification pipeline.
        lang: Language of the tokenizer.
        labels: New names of outputs; see `hugging_face_text_teacher_v1`.

    Returns:
        The teacher. Categories are exclusive unless the model's config or the
        pipeline's `function_to_apply` says otherwise.

    Raises:
        DistillError: If the pipeline has no fast tokenizer, if there is no such
            language, or if the outputs have no names or are no categories.
    """
    source = model_name(pipeline)
    classifier = SequenceClassifier(pipeline.model, pipeline.tokenizer, source=source)
    # An option of `pipeline`, which stores the string or an enumeration.
    function = getattr(pipeline, "_postprocess_params", {}).get("function_to_apply")
    chosen = str(getattr(function, "value", function)).lower()
    return _make_teacher(
        classifier,
        classifier.hash_contents,
        nlp=blank_pipeline(lang),
        source=source,
        exclusive={"sigmoid": False, "softmax": True}.get(chosen),
        labels=labels,
    )


class HuggingFaceTextTeacher(TextModelTeacher[SequenceClassifier]):
    """A teacher that predicts with a sequence classifier.

    See `hugging_face_text_teacher_v1`. The columns of its task are the model's outputs.
    """

    def predict(self, docs: List[Doc]) -> List[Prediction]:
        """Predict a batch of Docs.

        Args:
            docs: Docs to predict. They are not modified.

        Returns:
            Logits, float32 [1, n_categories]. Of a text that is longer than the model's
            maximum, the mean of its windows' probabilities.
        """
        pieces = self._model.tokenize([doc.text for doc in docs])
        return [
            Prediction(self._task.merge(found.windows, found.logits))
            for found in self._model.logits(pieces)
        ]


def _make_teacher(
    classifier: SequenceClassifier,
    model_hash: Callable[[], str],
    *,
    nlp: Language,
    source: str,
    exclusive: Optional[bool],
    labels: Optional[Mapping[str, Optional[str]]],
) -> Teacher:
    names = classifier.labels
    if find_entailment(names) is not None:
        raise DistillError(
            f"Expected a classifier of single texts in {source}, got one of natural"
            f" language inference ({list_names(names)}): use it as a"
            " spacy_distill.ZeroShotTextTeacher.v1 with labels (docs/teachers.md)."
        )
    exclusive = _check_outputs(classifier, source, exclusive)
    _check_names(names, labels or {}, source)
    teacher = HuggingFaceTextTeacher(
        classifier,
        TextCatTask(names, exclusive=exclusive),
        model_hash,
        nlp=nlp,
        name=shown_name(source),
    )
    if not labels:
        return teacher
    return MappedTeacher(teacher, {**dict(zip(names, names)), **labels})


def _check_outputs(
    classifier: SequenceClassifier, source: str, exclusive: Optional[bool]
) -> bool:
    """Return whether the outputs are exclusive categories."""
    problem = getattr(classifier.config, "problem_type", None)
    if exclusive is None:
        exclusive = problem != _MULTILABEL
    if problem == _REGRESSION or (exclusive and len(classifier.labels) == 1):
        found = "a regression" if problem == _REGRESSION else "a single output"
        raise DistillError(
            f"Expected a classifier with two or more categories in {source}, got"
            f" {found}: use another model. If its output is the log-odds of one"
            f' category, set "problem_type": "{_MULTILABEL}" in its config.json.'
        )
    return exclusive


def _check_names(
    names: Sequence[str], new: Mapping[str, Optional[str]], source: str
) -> None:
    unnamed = [name for name in names if is_default(name) and name not in new]
    if unnamed:
        advice = renaming_advice(
            {**dict(zip(unnamed, unnamed)), **new},
            teacher="HuggingFaceTextTeacher",
            null="those to leave out",
        )
        raise DistillError(
            f"Expected names of categories in id2label of {source}, got the default"
            f" {list_names(unnamed)}: write the names that it was trained with to its"
            f" config.json, in their order, or as the values of this map {advice}"
        )
    if len(set(names)) < len(names):
        repeated = sorted({name for name in names if list(names).count(name) > 1})
        raise DistillError(
            f"Expected unique names of categories in id2label of {source}, got"
            f" {list_names(repeated)} more than once: correct its config.json."
        )
