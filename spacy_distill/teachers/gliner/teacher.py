"""GLiNER teachers, which need only the names of the labels."""

from functools import cached_property
from typing import Dict, List, Optional, Tuple, Union

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import registry

from ...docs import blank_pipeline
from ...errors import DistillError
from ...files import sha256_bytes
from ...hub import Located, hash_model, locate, shown_name
from ...tasks.ner.decoding import ScoredSpan
from ...tasks.ner.task import NERTask
from ...tokenizer_pieces import tokenizer_pieces
from ...words import WordPieces
from ..base import DroppedSpan, Prediction, Teacher
from ..probabilities import (
    favor,
    keep_spans,
    log_probabilities,
    span_columns,
    tag_probabilities,
)
from .model import CONFIG, FoundSpans, GLiNERModel


@registry.misc("spacy_distill.GLiNERTeacher.v1")
def gliner_teacher_v1(
    name: str,
    labels: Union[Dict[str, str], List[str]],
    threshold: float = 0.5,
    maybe: float = 0.1,
    lang: str = "en",
) -> Teacher:
    """Create a teacher from a GLiNER model (Zaratiana et al. 2024).

    GLiNER reads the pipeline's tokens as its words, so all its spans align to tokens.
    Scores are mapped to probabilities, linearly from [0, threshold] to [0, 0.5] and
    from [threshold, 1] to [0.5, 1]. Decoding the logits returns GLiNER's own entities.

    Args:
        name: Folder of the model, or its name on the Hugging Face hub.
        labels: Label of each prompt, such as `person = "PER"`, or a list of prompts
            that are labels too. Prompts may share a label.
        threshold: Lowest score of an entity, exclusive, as in GLiNER.
        maybe: Lowest score of a soft label, exclusive: spans with scores between
            `maybe` and `threshold` have a probability below 0.5.
        lang: Language of the tokenizer.

    Returns:
        The teacher.

    Raises:
        DistillError: If GLiNER is not installed, if the model cannot be loaded, or if
            labels or thresholds are invalid.
    """
    prompts = labels if isinstance(labels, dict) else {label: label for label in labels}
    if not prompts or not all(key.strip() and value for key, value in prompts.items()):
        raise DistillError(
            "Expected labels for GLiNER, such as ['person'] or {'person': 'PER'}, got"
            f" {labels!r}: none of them may be empty."
        )
    # Below 0.01, almost every span is a candidate.
    if not 0.01 <= maybe <= threshold < 1.0:
        raise DistillError(
            f"Expected 0.01 <= maybe <= threshold < 1, got maybe={maybe} and"
            f" threshold={threshold}: change them."
        )
    nlp = blank_pipeline(lang)
    located = locate(name, config=CONFIG)
    return GLiNERTeacher(
        GLiNERModel(located, source=name, prompts=list(prompts)),
        located,
        labels=prompts,
        threshold=threshold,
        maybe=maybe,
        nlp=nlp,
        name=shown_name(name),
    )


class GLiNERTeacher(Teacher):
    """A teacher that predicts with a GLiNER model; see `gliner_teacher_v1`.

    Args:
        model: The model with its prompts.
        located: The model's files.
        labels: Label of each prompt.
        threshold: Lowest score of an entity, exclusive.
        maybe: Lowest score of a soft label, exclusive.
        nlp: A blank pipeline.
        name: Name for display.
    """

    def __init__(
        self,
        model: GLiNERModel,
        located: Located,
        *,
        labels: Dict[str, str],
        threshold: float,
        maybe: float,
        nlp: Language,
        name: str,
    ) -> None:
        self._model = model
        self._located = located
        self._labels = labels
        self._threshold = threshold
        self._maybe = maybe
        self._nlp = nlp
        self._name = name
        self._task = NERTask(list(dict.fromkeys(labels.values())))

    @property
    def name(self) -> str:
        """Name of the folder or on the hub."""
        return self._name

    @property
    def task(self) -> NERTask:
        """NER with the labels in the given order."""
        return self._task

    @property
    def nlp(self) -> Language:
        """A blank pipeline."""
        return self._nlp

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the model's files, the labels and the thresholds."""
        files = hash_model(self._located.folder, config=CONFIG)
        # Not sorted, since predictions depend on the order of the prompts.
        options = f"{list(self._labels.items())} {self._threshold!r} {self._maybe!r}"
        return sha256_bytes(f"{files} {options}".encode())

    def predict(self, docs: List[Doc]) -> List[Prediction]:
        """Predict a batch of Docs.

        Args:
            docs: Docs to predict. They are not modified.

        Returns:
            Log-probabilities, float32 [n_tokens, n_tags]. Tokens without word pieces,
            except whitespace, are unaligned. Entities of a long Doc are dropped if they
            overlap an entity from another window.
        """
        words = [[t.i for t in doc if not t.is_space] for doc in docs]
        all_counts = self._model.count_pieces(
            [[doc[i].text for i in tokens] for doc, tokens in zip(docs, words)]
        )
        # A word without pieces would shift GLiNER's indices of all words after it.
        tokens_of = [
            [token for token, n in zip(tokens, counts) if n > 0]
            for tokens, counts in zip(words, all_counts)
        ]
        found = self._model.find(
            [[doc[i].text for i in tokens] for doc, tokens in zip(docs, tokens_of)],
            [counts[counts > 0] for counts in all_counts],
            threshold=self._threshold,
            maybe=self._maybe,
        )
        predictions = []
        for doc, tokens, counts, seen, spans in zip(
            docs, words, all_counts, tokens_of, found
        ):
            unaligned = np.zeros(len(doc), dtype=bool)
            unaligned[[token for token, n in zip(tokens, counts) if n == 0]] = True
            logits, dropped = self._convert(doc, seen, spans)
            predictions.append(
                Prediction(
                    logits=logits,
                    unaligned=unaligned if unaligned.any() else None,
                    dropped=tuple(dropped),
                )
            )
        return predictions

    def sizes(self, docs: List[Doc]) -> List[int]:
        """Return the number of word pieces of each Doc, including the prompts.

        Args:
            docs: Docs to measure.

        Returns:
            The size of each Doc.
        """
        counts = self._model.count_pieces([[t.text for t in doc] for doc in docs])
        return [int(pieces.sum()) + self._model.n_prompt_pieces for pieces in counts]

    def word_pieces(self) -> Optional[WordPieces]:
        """Return the word pieces of the encoder and their input embeddings."""
        return tokenizer_pieces(self._model.tokenizer, self._model.embeddings)

    def _convert(
        self, doc: Doc, tokens: List[int], found: FoundSpans
    ) -> Tuple[np.ndarray, List[DroppedSpan]]:
        """Convert GLiNER's spans to logits; `tokens` are the tokens of its words."""
        entities = [
            Span(doc, tokens[s], tokens[e - 1] + 1, label=self._labels[prompt])
            for s, e, prompt, _ in found.entities
        ]
        scores = [span.score for span in found.entities]
        kept, dropped = keep_spans(entities, scores, self._task.labels)
        # Scores of prompts that share a label are not summed: "city" and "town" match
        # the same entity.
        best: Dict[Tuple[int, int, str], float] = {}
        for start, end, prompt, score in found.candidates:
            place = (tokens[start], tokens[end - 1] + 1, self._labels[prompt])
            best[place] = max(score, best.get(place, 0.0))
        soft = [ScoredSpan(*p, self._to_probability(s)) for p, s in best.items()]
        probabilities = tag_probabilities(len(doc), soft, self._task.columns)
        columns = span_columns(len(doc), kept, self._task.columns)
        return log_probabilities(favor(probabilities, columns)), dropped

    def _to_probability(self, score: float) -> float:
        if score <= self._threshold:
            return 0.5 * score / self._threshold
        return 0.5 + 0.5 * (score - self._threshold) / (1.0 - self._threshold)
