"""Run a pipeline on the texts of a batch."""

from contextlib import ExitStack
from typing import (
    Any,
    Callable,
    Dict,
    List,
    NamedTuple,
    Optional,
    Sequence,
    TypeVar,
    Union,
)

import numpy as np
from spacy.attrs import IS_SPACE
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import logger

from ..errors import DistillError

# The first word types of the texts stay: in a memory zone the tokenizer caches nothing,
# and takes four times as long. Its cache takes 10,000 entries.
_KEPT_TYPES = 20_000
# Later ones are kept for so many words, then dropped in one go with the zone. A zone
# for each batch costs twice the time: all words are new to it.
_WORDS_OF_ZONE = 50_000

_Read = TypeVar("_Read")


class Entity(NamedTuple):
    """An entity.

    Attributes:
        label: Its label.
        text: Its text.
        start: First character (Unicode code point) of the text as it was sent.
        end: Character after the last.
        score: Its probability; None if the pipeline has none.
    """

    label: str
    text: str
    start: int
    end: int
    score: Optional[float]


class Result(NamedTuple):
    """What a pipeline predicts of a text.

    Attributes:
        entities: Entities in order.
        categories: Score of each category; empty without a text classifier.
        words: Number of tokens that are not whitespace.
    """

    entities: List[Entity]
    categories: Dict[str, float]
    words: int


class PredictionError(DistillError):
    """A pipeline that failed on a text."""


class Predictor:
    """A pipeline that predicts batches of texts, in one thread at a time.

    Args:
        nlp: The pipeline.
        batch_size: Texts that its components read at once.

    Attributes:
        nlp: The pipeline.
        has_entities: Whether a component sets entities.
        has_categories: Whether a component classifies texts.
    """

    def __init__(self, nlp: Language, *, batch_size: int = 128) -> None:
        self.nlp = nlp
        self.batch_size = batch_size
        keys = [
            getattr(pipe, "spans_key", None)
            for name, pipe in nlp.pipeline
            if nlp.get_pipe_meta(name).factory == "compact_ner"
        ]
        self._scored: Optional[str] = keys[-1] if keys else None
        assigned = {
            attribute
            for name in nlp.pipe_names
            for attribute in nlp.get_pipe_meta(name).assigns
        }
        self.has_entities = "doc.ents" in assigned
        self.has_categories = "doc.cats" in assigned
        self._most_types = len(nlp.vocab) + _KEPT_TYPES
        self._zone: Optional[ExitStack] = None
        self._words = 0

    @property
    def labels(self) -> Dict[str, List[str]]:
        """Labels of each component that has some."""
        return {name: list(found) for name, found in self.nlp.pipe_labels.items()}

    def check(self, text: str) -> None:
        """Check a text before it is read.

        Args:
            text: The text.

        Raises:
            DistillError: If it has surrogates, which are no characters, or more
                characters than the pipeline takes.
        """
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise DistillError(
                "Expected text of Unicode characters, got a lone surrogate at"
                f" character {error.start}: send valid UTF-8."
            ) from error
        if len(text) > self.nlp.max_length:
            raise DistillError(
                f"Expected texts of at most {self.nlp.max_length:,} characters, got"
                f" {len(text):,}: split it."
            )

    def predict(self, texts: Sequence[str]) -> List[Union[Result, PredictionError]]:
        """Predict texts that were checked.

        Args:
            texts: The texts.

        Returns:
            For each a result, or the error that the pipeline failed with on it.
        """
        return self.read(texts, self.result)

    def read(
        self, texts: Sequence[str], read: Callable[[Doc], _Read]
    ) -> List[Union[_Read, PredictionError]]:
        """Predict texts that were checked, and read something of each Doc.

        Args:
            texts: The texts.
            read: Called with each Doc. What it returns must not contain the Doc, or
                hashes of its words, which are dropped after some batches.

        Returns:
            For each what was read, or the error that the pipeline failed with.
        """
        results = self._read(texts, read)
        if results is not None:
            return list(results)
        # One of them is to blame, and the others are not to go with it.
        found: List[Union[_Read, PredictionError]] = []
        for text in texts:
            single = self._read([text], read)
            if single is None:
                found.append(PredictionError("The pipeline failed on this text."))
            else:
                found.extend(single)
        return found

    def close(self) -> None:
        """Drop the words of texts that were read, except those that stay."""
        if self._zone is not None:
            zone, self._zone = self._zone, None
            zone.close()

    def _read(
        self, texts: Sequence[str], read: Callable[[Doc], _Read]
    ) -> Optional[List[_Read]]:
        """Predict texts; None if the pipeline fails on one."""
        if self._zone is None and len(self.nlp.vocab) >= self._most_types:
            self._zone = ExitStack()
            self._zone.enter_context(self.nlp.memory_zone())
            self._words = 0
        # An exception that leaves a zone would corrupt the vocab (spaCy #13924), so
        # none does.
        results, words = [], 0
        try:
            for doc in self.nlp.pipe(texts, batch_size=self.batch_size):
                results.append(read(doc))
                words += len(doc)
        except Exception:
            if len(texts) == 1:
                logger.exception("The pipeline failed on a text")
            return None
        self._words += words
        if self._words >= _WORDS_OF_ZONE:
            self.close()
        return results

    def result(self, doc: Doc) -> Result:
        """Read the result of a Doc that the pipeline has predicted.

        Args:
            doc: The Doc.
        """
        # A tuple that is made anew each time.
        ents = doc.ents
        scores: Sequence[Any] = [None] * len(ents)
        if ents and self._scored is not None and self._scored in doc.spans:
            given = doc.spans[self._scored].attrs.get("scores")
            if given is not None and len(given) == len(ents):
                scores = [float(score) for score in given]
        entities = [
            Entity(ent.label_, ent.text, ent.start_char, ent.end_char, score)
            for ent, score in zip(ents, scores)
        ]
        words = len(doc) - int(np.count_nonzero(doc.to_array(IS_SPACE)))
        return Result(entities, dict(doc.cats), words)
