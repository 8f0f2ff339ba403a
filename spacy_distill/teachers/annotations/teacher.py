"""Teacher that reads annotations from a file."""

import json
import math
import unicodedata
from functools import cached_property
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Tuple, Union

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import logger, registry

from ...corpora.formats.alignment import AlignedSpans
from ...corpora.formats.offsets import WINDOW
from ...corpora.formats.read import source_files
from ...corpora.formats.spans import InvalidSpan, name_some, name_spans
from ...docs import blank_pipeline
from ...errors import DistillError
from ...files import sha256_bytes, sha256_file
from ...tasks.ner.task import NERTask
from ..base import Prediction, Teacher
from ..probabilities import log_probabilities
from .files import Vote, read_annotations
from .votes import TokenVote, align_vote, dropped_span, vote_probabilities

_STRICT, _SKIP = "strict", "skip"

# More smoothing lowers the recall of students. They learn uncertainty from annotators
# and texts that contradict each other. docs/teachers.md has the measurements.
CERTAINTY = 0.99


@registry.misc("spacy_distill.AnnotationsTeacher.v1")
def annotations_teacher_v1(
    path: Path,
    lang: str = "en",
    on_invalid: str = _STRICT,
    labels: Optional[List[str]] = None,
    certainty: float = CERTAINTY,
    annotator_weights: Optional[Dict[str, float]] = None,
    tag_names: Optional[List[str]] = None,
) -> Teacher:
    """Create a teacher from a file of annotations, e.g. of an LLM or from Prodigy.

    Args:
        path: A file in JSON or of brat, or a folder; see `files.read_annotations`.
            Annotations of the same text are votes of different annotators.
        lang: Language of the tokenizer.
        on_invalid: "strict" to reject files with invalid spans, or with spans whose own
            text is elsewhere. "skip" to leave invalid spans out and report them as
            dropped; the annotator then abstains on the tokens of the span. Spans whose
            own text occurs once nearby are moved to it.
        labels: Labels that spans may have, in this order. By default all labels that
            occur.
        certainty: Weight of a single vote against a uniform prior, in (0, 1]; see
            `votes.vote_probabilities`.
        annotator_weights: Weight of each annotator by name; 1 by default.
        tag_names: Names of tags that are numbers ("ner_tags"), in the order of the
            numbers. By default they are read from a file beside the rows.

    Returns:
        The teacher.

    Raises:
        DistillError: If the file cannot be read or is invalid, or if an option is
            invalid.
    """
    return AnnotationsTeacher(
        path,
        lang=lang,
        on_invalid=on_invalid,
        labels=labels,
        certainty=certainty,
        annotator_weights=annotator_weights,
        tag_names=tag_names,
    )


class AnnotationsTeacher(Teacher):
    """A teacher whose predictions are read from a file.

    Args:
        path: A file or folder.
        lang: Language of the tokenizer.
        on_invalid: "strict" or "skip".
        labels: Labels that spans may have; all that occur by default.
        certainty: Weight of a single vote against a uniform prior, in (0, 1].
        annotator_weights: Weight of each annotator by name; 1 by default.
        tag_names: Names of tags that are numbers. See `annotations_teacher_v1` for
            details.

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
        certainty: float = CERTAINTY,
        annotator_weights: Optional[Dict[str, float]] = None,
        tag_names: Optional[List[str]] = None,
    ) -> None:
        _check_options(on_invalid, labels, certainty)
        self._path = Path(path)
        self._nlp = blank_pipeline(lang)
        self._is_strict = on_invalid == _STRICT
        self._file = read_annotations(self._path, labels=labels, tag_names=tag_names)
        self._certainty = float(certainty)
        self._weights = _check_weights(
            annotator_weights or {}, self._file.annotators, self._path
        )
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
    def name(self) -> str:
        """Name of the file."""
        return self._path.name

    @property
    def task(self) -> NERTask:
        """NER with the given labels, or else those of the file in order."""
        return self._task

    @property
    def nlp(self) -> Language:
        """A blank pipeline of the language."""
        return self._nlp

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the file and of the options that change the predictions."""
        # Without on_invalid: a strict teacher predicts the same or raises an error.
        options = {
            "file": _sha256(self._path),
            "lang": self._nlp.lang,
            "tags": self._task.columns,
            "certainty": self._certainty,
            "weights": self._weights,
        }
        if self._file.repaired:
            # Earlier versions took these spans as they are.
            options["repaired"] = len(self._file.repaired)
        return sha256_bytes(json.dumps(options, sort_keys=True).encode("utf-8"))

    @property
    def whole_documents(self) -> bool:
        """True, since documents are looked up by their full text."""
        return True

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
            votes = self._find_votes(doc)
            if votes is None:
                missing.append(doc.text)
            elif self._is_strict:
                invalid.extend(s for v in votes for s in align_vote(doc, v).invalid)
        self._reject_missing(missing)
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
        found = [self._find_votes(doc) for doc in docs]
        missing = [doc.text for doc, votes in zip(docs, found) if votes is None]
        self._reject_missing(missing)
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
            TokenVote(self._weight(vote), aligned.spans, aligned.unknown)
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

    def _find_votes(self, doc: Doc) -> Optional[List[Vote]]:
        """Return the votes on a Doc; None if it has words and is not in the file."""
        # Docs made from words may have a trailing space.
        text = doc.text.rstrip()
        return self._file.votes.get(text, None if text else [])

    def _weight(self, vote: Vote) -> float:
        return 1.0 if vote.annotator is None else self._weights.get(vote.annotator, 1.0)

    def _reject_invalid(self, invalid: List[InvalidSpan]) -> None:
        if self._is_strict and invalid:
            n_spans = f"{len(invalid)} that {'is' if len(invalid) == 1 else 'are'} not"
            raise DistillError(
                f"Expected valid spans in {self._path}, got {n_spans}:"
                f" {name_spans(invalid)}. Correct them, or leave them out with --skip"
                ' (in a config, on_invalid = "skip"); it moves spans to their own text'
                f" if that occurs once within {WINDOW} characters."
            )

    def _reject_missing(self, missing: List[str]) -> None:
        if not missing:
            return
        places = {
            _normalize(text): votes[0].place for text, votes in self._file.votes.items()
        }
        names = []
        for text in dict.fromkeys(missing):
            place = places.get(_normalize(text))
            hint = f" ({place} has other whitespace or characters)" if place else ""
            names.append(f"{text[:60]!r}{hint}")
        raise DistillError(
            f"Expected annotations of every document in {self._path}, got none of"
            f" {len(names)}: {name_some(names)}. Annotate them or remove them from the"
            " texts. Documents are looked up by their exact text."
        )

    def _warn_of_left_out(self) -> None:
        if self._file.left_out:
            counts = ", ".join(f"{n} {a}" for a, n in self._file.left_out.items())
            logger.warning(
                "%s: left out the texts that do not count (%s)", self._path, counts
            )
        if self._file.invalid:
            logger.warning(
                "%s: left out %d invalid spans: %s",
                self._path,
                len(self._file.invalid),
                name_spans(self._file.invalid),
            )


def _sha256(path: Path) -> str:
    """SHA-256 of a file, or of all files that the annotation is read from."""
    files = source_files(path)
    if files == [path]:
        return sha256_file(path)
    parts = [f"{file.name} {sha256_file(file)}\n" for file in files]
    return sha256_bytes("".join(parts).encode("utf-8", "surrogateescape"))


def _normalize(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _check_options(
    on_invalid: str, labels: Optional[List[str]], certainty: float
) -> None:
    if on_invalid not in (_STRICT, _SKIP):
        raise DistillError(
            f'Expected on_invalid to be "{_STRICT}" or "{_SKIP}", got {on_invalid!r}:'
            " use one of them."
        )
    if not 0.0 < certainty <= 1.0:
        raise DistillError(
            f"Expected a certainty of more than 0 and at most 1, got {certainty}:"
            " change it."
        )
    if labels is not None and (
        len(set(labels)) < max(len(labels), 1)
        or any(not label or label != label.strip() for label in labels)
    ):
        raise DistillError(
            "Expected unique labels without surrounding whitespace, got"
            f" {labels}: correct them, or remove the option to use all that occur."
        )


def _check_weights(
    weights: Dict[str, float], annotators: Tuple[str, ...], path: Path
) -> Dict[str, float]:
    for name, weight in weights.items():
        if name not in annotators:
            raise DistillError(
                f"Expected weights for annotators of {path} ("
                f"{name_some(annotators) or 'none has a name'}), got one for {name!r}:"
                " correct the name."
            )
        if not (weight > 0 and math.isfinite(weight)):
            raise DistillError(
                f"Expected weights of more than 0 for annotators, got {weight} for"
                f" {name!r}: remove its lines to leave an annotator out."
            )
    return {name: float(weight) for name, weight in weights.items()}
