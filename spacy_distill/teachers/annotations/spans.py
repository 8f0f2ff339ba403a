"""Teacher that reads spans from a file."""

import json
from functools import cached_property
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Tuple, Union

import numpy as np
from spacy.tokens import Doc
from spacy.util import logger

from ...corpora.formats.alignment import AlignedSpans
from ...corpora.formats.offsets import WINDOW
from ...corpora.formats.spans import InvalidSpan, name_spans
from ...errors import DistillError
from ...files import sha256_bytes
from ...tasks.ner.task import NERTask
from ..base import Prediction
from ..probabilities import log_probabilities
from .file_teacher import FileTeacher, check_options, hash_files
from .files import Vote, read_annotations
from .votes import TokenVote, align_vote, dropped_span, vote_probabilities

_STRICT, _SKIP = "strict", "skip"

# More smoothing lowers the recall of students. They learn uncertainty from annotators
# and texts that contradict each other. docs/teachers.md has the measurements.
CERTAINTY = 0.99


class AnnotationsTeacher(FileTeacher[Vote]):
    """A teacher whose predictions are read from a file.

    Args:
        path: A file or folder.
        lang: Language of the tokenizer.
        on_invalid: "strict" or "skip".
        labels: Labels that spans may have; all that occur by default.
        certainty: Weight of a single vote against a uniform prior, in (0, 1];
            `CERTAINTY` by default.
        annotator_weights: Weight of each annotator by name; 1 by default.
        tag_names: Names of tags that are numbers. See `annotations_teacher_v1`
            for details.

    Raises:
        DistillError: If the file cannot be read or is invalid, or if an option is
            invalid.
    """

    def __init__(
        self,
        path: Union[str, Path],
        *,
        lang: str = "en",
        on_invalid: str = _STRICT,
        labels: Optional[List[str]] = None,
        certainty: Optional[float] = None,
        annotator_weights: Optional[Dict[str, float]] = None,
        tag_names: Optional[List[str]] = None,
    ) -> None:
        certainty = CERTAINTY if certainty is None else certainty
        check_options(labels, certainty)
        if on_invalid not in (_STRICT, _SKIP):
            raise DistillError(
                f'Expected on_invalid to be "{_STRICT}" or "{_SKIP}", got'
                f" {on_invalid!r}: use one of them."
            )
        path = Path(path)
        self._file = read_annotations(
            path,
            labels=labels,
            tag_names=tag_names,
            lang=lang,
            strict=on_invalid == _STRICT,
        )
        super().__init__(
            path,
            lang=lang,
            annotators=self._file.annotators,
            annotator_weights=annotator_weights,
        )
        self._is_strict = on_invalid == _STRICT
        self._certainty = float(certainty)
        self._task = NERTask(self._file.labels)
        moved = [repair.as_invalid() for repair in self._file.repaired]
        self._reject_invalid([*moved, *self._file.invalid])
        self._warn_of_left_out()
        if moved:
            logger.warning(
                "%s: moved %d spans to their own text: %s",
                self._path,
                len(moved),
                name_spans(moved),
            )

    @property
    def task(self) -> NERTask:
        """NER with the given labels, or else those of the file in order."""
        return self._task

    @property
    def votes(self) -> Mapping[str, List[Vote]]:
        """Votes on each text."""
        return self._file.votes

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the file and of the options that change the predictions."""
        # Without on_invalid: a strict teacher predicts the same or raises an error.
        options = {
            "file": hash_files(self._path),
            "lang": self._nlp.lang,
            "tags": self._task.columns,
            "certainty": self._certainty,
            "weights": self._weights,
        }
        if self._file.repaired:
            # Earlier versions took these spans as they are.
            options["repaired"] = len(self._file.repaired)
        return sha256_bytes(json.dumps(options, sort_keys=True).encode("utf-8"))

    def check_texts(self, read: Callable[[], Iterator[Doc]]) -> None:
        """Check that all documents are in the file, and their spans align to tokens.

        Args:
            read: Returns an iterator over all Docs each time it is called.

        Raises:
            DistillError: If documents are not in the file, or, if strict, if spans do
                not align to tokens. The message names them.
        """
        missing: List[str] = []
        invalid: List[InvalidSpan] = []
        for doc in read():
            votes = self.find_votes(doc)
            if votes is None:
                missing.append(doc.text)
            elif self._is_strict:
                invalid.extend(s for v in votes for s in align_vote(doc, v).invalid)
        self.reject_missing(missing)
        self._reject_invalid(invalid)

    def predict(self, docs: List[Doc]) -> List[Prediction]:
        """Predict a batch of Docs.

        Args:
            docs: Docs to predict. They are not modified.

        Returns:
            Log-probabilities of the votes, float32 [n_tokens, n_tags]. Invalid spans
            are dropped; their reasons contain their place in the file.

        Raises:
            DistillError: If the texts of Docs are not in the file, or, if strict, if
                spans do not align to tokens. The message names them.
        """
        found = [self.find_votes(doc) for doc in docs]
        missing = [doc.text for doc, votes in zip(docs, found) if votes is None]
        self.reject_missing(missing)
        aligned = [
            [(vote, align_vote(doc, vote)) for vote in votes or []]
            for doc, votes in zip(docs, found)
        ]
        self._reject_invalid([s for vs in aligned for _, v in vs for s in v.invalid])
        return [self._predict_doc(doc, votes) for doc, votes in zip(docs, aligned)]

    def _predict_doc(
        self, doc: Doc, votes: List[Tuple[Vote, AlignedSpans]]
    ) -> Prediction:
        token_votes = [
            TokenVote(self.weight(vote), aligned.spans, aligned.unknown)
            for vote, aligned in votes
        ]
        # A Doc without words need not be in the file.
        no_spans = TokenVote(1.0, [], np.zeros(len(doc), dtype=bool))
        probabilities = vote_probabilities(
            token_votes or [no_spans], self._task.columns, certainty=self._certainty
        )
        return Prediction(
            logits=log_probabilities(probabilities),
            dropped=tuple(
                dropped_span(doc, span)
                for _, aligned in votes
                for span in aligned.invalid
            ),
        )

    def _reject_invalid(self, invalid: List[InvalidSpan]) -> None:
        if self._is_strict and invalid:
            n_spans = f"{len(invalid)} that {'is' if len(invalid) == 1 else 'are'} not"
            raise DistillError(
                f"Expected valid spans in {self._path}, got {n_spans}:"
                f" {name_spans(invalid)}. Correct them, or leave them out with --skip"
                ' (in a config, on_invalid = "skip"); it moves spans to their own text'
                f" if that occurs once within {WINDOW} characters."
            )

    def _warn_of_left_out(self) -> None:
        self.warn_of_left_out(self._file.left_out)
        if self._file.invalid:
            logger.warning(
                "%s: left out %d invalid spans: %s",
                self._path,
                len(self._file.invalid),
                name_spans(self._file.invalid),
            )
