"""Teachers that predict with Hugging Face token classifiers."""

import json
from functools import partial
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry

from ...docs import blank_pipeline
from ...errors import DistillError
from ...hub import hash_model, locate, shown_name
from ...tasks.ner.task import NERTask
from ..base import DroppedSpan, Prediction, Teacher
from ..model_teacher import ModelTeacher
from ..probabilities import favor, log_probabilities
from .alignment import Offsets, align, model_words
from .classifier import model_name
from .label_schemes import LabelScheme, read_scheme
from .pieces import Pieces
from .scheme_conversion import convert, entities, spread
from .token_classifier import TokenClassifier

POOLINGS = ("first", "mean", "max")


@registry.misc("spacy_distill.HuggingFaceTeacher.v1")
def hugging_face_teacher_v1(
    name: str,
    lang: str = "en",
    pooling: str = "first",
    window: Optional[int] = None,
    overlap: Optional[int] = None,
    labels: Optional[Dict[str, Optional[str]]] = None,
) -> Teacher:
    """Create a teacher from a Hugging Face token classifier.

    Labels may be in BIO, IOB1, BILUO, BIOES or plain (`PER`), in any spelling that
    `tag_spellings` knows. They are converted to BILUO; see `scheme_conversion`.
    Decoding the logits returns the entities of the model's best labels, as far as they
    align to tokens; the others are dropped.

    Args:
        name: Folder of an `AutoModelForTokenClassification` with a fast tokenizer, or
            its name on the Hugging Face hub.
        lang: Language of the tokenizer.
        pooling: Distribution of a word with several pieces: that of its "first" piece,
            the "mean", or that of the piece with the highest probability ("max").
            Most models are trained with "first".
        window: Most word pieces of an input; by default the model's maximum.
        overlap: Word pieces that adjacent windows share; by default an eighth of the
            window.
        labels: New names of the model's outputs, in place of those in its config, such
            as {"LABEL_1": "B-PER"}; None (null) for outputs that are no entity. Others
            keep their names. Probabilities of outputs with the same name are summed.

    Returns:
        The teacher.

    Raises:
        DistillError: If there is no such model or language, if the labels are of no or
            of several schemes, or if an option is out of range.
    """
    if pooling not in POOLINGS:
        raise DistillError(
            f"Expected pooling to be one of {', '.join(POOLINGS)}, got {pooling!r}:"
            " change it."
        )
    nlp = blank_pipeline(lang)
    located = locate(name)
    classifier = TokenClassifier.load(
        located, source=name, window=window, overlap=overlap
    )
    return HuggingFaceTeacher(
        classifier,
        read_scheme(classifier.labels, source=name, renamed=labels),
        partial(hash_model, located.folder),
        nlp=nlp,
        pooling=pooling,
        name=shown_name(name),
        renamed=labels,
    )


def teacher_of_token_pipeline(
    pipeline: Any,
    *,
    lang: str = "en",
    labels: Optional[Mapping[str, Optional[str]]] = None,
) -> Teacher:
    """Create a teacher from a loaded `transformers` pipeline.

    Args:
        pipeline: A token classification pipeline.
        lang: Language of the tokenizer.
        labels: New names of the model's outputs; see `hugging_face_teacher_v1`.

    Returns:
        The teacher, which pools the first piece of each word.

    Raises:
        DistillError: If the pipeline has no fast tokenizer, if there is no such
            language, or if the labels are of no or of several schemes.
    """
    name = model_name(pipeline)
    classifier = TokenClassifier(pipeline.model, pipeline.tokenizer, source=name)
    return HuggingFaceTeacher(
        classifier,
        read_scheme(classifier.labels, source=name, renamed=labels),
        classifier.hash_contents,
        nlp=blank_pipeline(lang),
        pooling="first",
        name=shown_name(name),
        renamed=labels,
    )


class HuggingFaceTeacher(ModelTeacher[TokenClassifier]):
    """A teacher that predicts with a token classifier; see `hugging_face_teacher_v1`.

    Args:
        classifier: The model.
        scheme: Meaning of the model's labels.
        model_hash: Returns the hash of the model.
        nlp: A blank pipeline.
        pooling: "first", "mean" or "max".
        name: Name for display.
        renamed: New names of the model's outputs that the scheme was read with.
    """

    def __init__(
        self,
        classifier: TokenClassifier,
        scheme: LabelScheme,
        model_hash: Callable[[], str],
        *,
        nlp: Language,
        pooling: str,
        name: str,
        renamed: Optional[Mapping[str, Optional[str]]] = None,
    ) -> None:
        super().__init__(classifier, model_hash, nlp=nlp, name=name)
        self._scheme = scheme
        self._pooling = pooling
        self._renamed = dict(renamed or {})
        self._task = NERTask(scheme.labels)

    @property
    def task(self) -> NERTask:
        """NER with the model's labels."""
        return self._task

    @property
    def options(self) -> str:
        """Pooling, windows and new names."""
        options = f"{self._pooling} {super().options}"
        if self._renamed:
            options += f" {json.dumps(self._renamed, sort_keys=True)}"
        return options

    def predict(self, docs: List[Doc]) -> List[Prediction]:
        """Predict a batch of Docs.

        Args:
            docs: Docs to predict. They are not modified.

        Returns:
            Log-probabilities, float32 [n_tokens, n_tags]. Tokens without word pieces,
            except whitespace, are unaligned. Entities that do not begin and end with
            tokens are dropped.
        """
        pieces = self._model.tokenize([doc.text for doc in docs])
        found = self._model.probabilities(pieces)
        return [self._predict_doc(*args) for args in zip(docs, pieces, found)]

    def _predict_doc(
        self, doc: Doc, pieces: Pieces, probabilities: np.ndarray
    ) -> Prediction:
        probabilities = self._scheme.merge(probabilities)
        words = model_words(doc.text, pieces.offsets, pieces.word_ids)
        offsets = [None if t.is_space else (t.idx, t.idx + len(t)) for t in doc]
        units = align(offsets, words)
        of_units = self._pool(probabilities, [unit.pieces for unit in units])
        converted = spread(convert(self._scheme, of_units), units, len(doc))
        of_words = self._pool(probabilities, [word.pieces for word in words])
        unaligned = np.array([place is not None for place in offsets], dtype=bool)
        for unit in units:
            unaligned[list(unit.tokens)] = False
        predicted = [
            (words[start].start, words[end - 1].end, label)
            for start, end, label in entities(
                convert(self._scheme, of_words).path, self._scheme.labels
            )
        ]
        kept = [
            (doc[start].idx, doc[start:end].end_char, label)
            for start, end, label in entities(converted.path, self._scheme.labels)
        ]
        return Prediction(
            logits=log_probabilities(favor(*converted)),
            unaligned=unaligned if unaligned.any() else None,
            dropped=_find_dropped(doc.text, predicted, offsets, kept),
        )

    def _pool(
        self, probabilities: np.ndarray, groups: Sequence[Sequence[int]]
    ) -> np.ndarray:
        """Return one distribution for each group of pieces: [n_groups, n_labels]."""
        if self._pooling == "first":
            chosen = [group[0] for group in groups]
        elif self._pooling == "max":
            highest = probabilities.max(axis=1)
            chosen = [max(group, key=lambda piece: highest[piece]) for group in groups]
        else:
            means = [probabilities[list(group)].mean(axis=0) for group in groups]
            return np.array(means).reshape(len(groups), probabilities.shape[1])
        return probabilities[np.array(chosen, dtype=np.int64)]


def _find_dropped(
    text: str,
    predicted: Sequence[Tuple[int, int, str]],
    tokens: Sequence[Optional[Offsets]],
    kept: Sequence[Tuple[int, int, str]],
) -> Tuple[DroppedSpan, ...]:
    """Return the entities that the tokens do not express exactly.

    `predicted` and `kept` are the entities of the model's words and those of the
    tokens, in characters. `tokens` are the tokens' offsets; None for whitespace.
    """
    filled = [(token, place) for token, place in enumerate(tokens) if place is not None]
    starts = {place[0] for _, place in filled}
    ends = {place[1] for _, place in filled}
    exact = set(kept)
    dropped = []
    for start, end, label in predicted:
        if (start, end, label) in exact:
            continue
        faults = ["begins"] * (start not in starts) + ["ends"] * (end not in ends)
        reasons = [f"{' and '.join(faults)} inside a token"] if faults else []
        reasons.append(_describe_rest((start, end, label), kept, text))
        first = next(token for token, place in filled if place[1] > start)
        dropped.append(DroppedSpan(first, text[start:end], label, ", ".join(reasons)))
    return tuple(dropped)


def _describe_rest(
    entity: Tuple[int, int, str], kept: Sequence[Tuple[int, int, str]], text: str
) -> str:
    """Describe what the tokens express of an entity."""
    start, end, label = entity
    for first, last, other in kept:
        if other == label and first < end and start < last:
            whole = first <= start and end <= last
            rest = repr(text[first:last])
            return f"is now {rest}" if whole else f"only {rest} is left"
    return "is gone"
