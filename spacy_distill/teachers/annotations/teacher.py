"""A file of annotations as teacher."""

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

from ...docs import blank_pipeline
from ...errors import DistillError
from ...files import sha256_bytes, sha256_file
from ...tasks.ner.tags import biluo_tags
from ..base import LostEntity, Teacher
from ..probabilities import log_probabilities
from .files import InvalidSpan, Vote, name_some, name_spans, read_annotations
from .votes import TokenVote, lost_entity, place, vote_probabilities

_STRICT, _SKIP = "strict", "skip"

# Students learn doubt from annotators who contradict each other, and from texts that
# do; what is added on top cost recall. See docs/teachers.md for the figures.
CERTAINTY = 0.99


@registry.misc("spacy_distill.AnnotationsTeacher.v1")
def annotations_teacher_v1(
    path: Path,
    lang: str = "en",
    on_invalid: str = _STRICT,
    labels: Optional[List[str]] = None,
    certainty: float = CERTAINTY,
    annotator_weights: Optional[Dict[str, float]] = None,
) -> Teacher:
    """Annotations in a `.jsonl` file (also `.gz`) as teacher: an LLM's, or Prodigy's.

    path: see `annotation_files.read_annotations`. Lines with the same text are votes
        of as many annotators.
    lang: the language whose tokenizer cuts texts into tokens.
    on_invalid: "strict" takes no file with invalid spans; "skip" leaves them out and
        names them as lost. Of the tokens they touch their annotator then says nothing.
    labels: the labels that spans may have, in this order; by default all that occur.
    certainty: how far a single annotator is trusted, more than 0 and at most 1; see
        `votes.vote_probabilities`.
    annotator_weights: by name, for how many annotators one counts; 1 by default.

    Raises DistillError if the file cannot be read or is invalid, and for options that
        do not fit.
    """
    return AnnotationsTeacher(
        path,
        lang=lang,
        on_invalid=on_invalid,
        labels=labels,
        certainty=certainty,
        annotator_weights=annotator_weights,
    )


class AnnotationsTeacher(Teacher):
    """What a file says of its texts; see `annotations_teacher_v1`."""

    def __init__(
        self,
        path: Union[str, Path],
        *,
        lang: str = "en",
        on_invalid: str = _STRICT,
        labels: Optional[List[str]] = None,
        certainty: float = CERTAINTY,
        annotator_weights: Optional[Dict[str, float]] = None,
    ) -> None:
        _check_options(on_invalid, labels, certainty)
        self._path = Path(path)
        self._nlp = blank_pipeline(lang)
        self._is_strict = on_invalid == _STRICT
        self._file = read_annotations(self._path, labels=labels)
        self._certainty = float(certainty)
        self._weights = _checked_weights(
            annotator_weights or {}, self._file.annotators, self._path
        )
        self._tags = biluo_tags(self._file.labels)
        self._lost: List[List[LostEntity]] = []
        self._refuse(self._file.invalid)
        self._tell_what_is_left_out()

    @property
    def name(self) -> str:
        """The file's name."""
        return self._path.name

    @property
    def tags(self) -> Tuple[str, ...]:
        """BILUO tags of the labels, in order of first appearance in the file."""
        return self._tags

    @property
    def nlp(self) -> Language:
        """A blank pipeline of the language."""
        return self._nlp

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the file and of the options that change what is made of it."""
        # Not of on_invalid: what is strict either says the same or nothing.
        options = {
            "file": sha256_file(self._path),
            "lang": self._nlp.lang,
            "tags": self._tags,
            "certainty": self._certainty,
            "weights": self._weights,
        }
        return sha256_bytes(json.dumps(options, sort_keys=True).encode("utf-8"))

    @property
    def whole_documents(self) -> bool:
        """True: a document is found by all of its text."""
        return True

    def check_texts(self, read: Callable[[], Iterator[Doc]]) -> None:
        """Raise DistillError, naming all, if documents are not in the file, or, when
        strict, if spans in them are not of whole tokens."""
        missing: List[str] = []
        invalid: List[InvalidSpan] = []
        for doc in read():
            votes = self._votes(doc)
            if votes is None:
                missing.append(doc.text)
            elif self._is_strict:
                invalid.extend(s for vote in votes for s in place(doc, vote).invalid)
        self._refuse_missing(missing)
        self._refuse(invalid)

    def logits(self, docs: List[Doc]) -> List[np.ndarray]:
        """Return log-probabilities from the votes, float32 [n_tokens, n_tags] each.

        Raises DistillError, naming all of them, for Docs whose text is not in the file,
        and, when strict, for spans that are not of whole tokens.
        """
        found = [self._votes(doc) for doc in docs]
        self._refuse_missing([d.text for d, votes in zip(docs, found) if votes is None])
        placed = [
            [place(doc, vote) for vote in votes or []]
            for doc, votes in zip(docs, found)
        ]
        self._refuse([span for votes in placed for v in votes for span in v.invalid])
        self._lost = [
            [lost_entity(doc, span) for vote in votes for span in vote.invalid]
            for doc, votes in zip(docs, placed)
        ]
        return [
            log_probabilities(
                vote_probabilities(
                    [
                        TokenVote(self._weight(vote), spans, silent)
                        for vote, (spans, _, silent) in zip(votes or [], mine)
                    ]
                    # Of a document without a word all annotators say the same.
                    or [TokenVote(1.0, [], np.zeros(len(doc), dtype=bool))],
                    self._tags,
                    certainty=self._certainty,
                )
            )
            for doc, votes, mine in zip(docs, found, placed)
        ]

    def lost_entities(self, docs: List[Doc]) -> List[List[LostEntity]]:
        """Name the spans that were left out as invalid, with their lines."""
        return self._lost

    def _votes(self, doc: Doc) -> Optional[List[Vote]]:
        """The votes on a Doc; None if it has words and is not in the file."""
        # Docs made of words alone end in a space.
        text = doc.text.rstrip()
        return self._file.votes.get(text, None if text else [])

    def _weight(self, vote: Vote) -> float:
        return 1.0 if vote.annotator is None else self._weights.get(vote.annotator, 1.0)

    def _refuse(self, invalid: List[InvalidSpan]) -> None:
        if self._is_strict and invalid:
            n_spans = f"{len(invalid)} that {'is' if len(invalid) == 1 else 'are'} not"
            raise DistillError(
                f"Expected valid spans in {self._path}, got {n_spans}:"
                f" {name_spans(invalid)}. Correct them, or leave them out with --skip"
                ' (in a config, on_invalid = "skip").'
            )

    def _tell_what_is_left_out(self) -> None:
        if self._file.left_out:
            counts = ", ".join(f"{n} {a}" for a, n in self._file.left_out.items())
            logger.warning(
                "%s: left out the lines that are not accepted (%s)", self._path, counts
            )
        if self._file.invalid:
            logger.warning(
                "%s: left out %d invalid spans: %s",
                self._path,
                len(self._file.invalid),
                name_spans(self._file.invalid),
            )

    def _refuse_missing(self, missing: List[str]) -> None:
        if not missing:
            return
        lines = {_normal(text): vs[0].line for text, vs in self._file.votes.items()}
        names = []
        for text in dict.fromkeys(missing):
            line = lines.get(_normal(text))
            hint = f" (line {line} has other white space or characters)" if line else ""
            names.append(f"{text[:60]!r}{hint}")
        raise DistillError(
            f"Expected annotations of every document in {self._path}, got none of"
            f" {len(names)}: {name_some(names)}. Annotate them or take them out of the"
            " texts; they are found by their text, which must be the same to the"
            " last word."
        )


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _check_options(
    on_invalid: str, labels: Optional[List[str]], certainty: float
) -> None:
    if on_invalid not in (_STRICT, _SKIP):
        raise DistillError(
            f'Expected on_invalid to be "{_STRICT}" or "{_SKIP}", got {on_invalid!r}.'
        )
    if not 0.0 < certainty <= 1.0:
        raise DistillError(
            f"Expected a certainty of more than 0 and at most 1, got {certainty}."
        )
    if labels is not None and (
        len(set(labels)) < max(len(labels), 1)
        or any(not label or label != label.strip() for label in labels)
    ):
        raise DistillError(
            "Expected labels that differ, with no white space around them, got"
            f" {labels}: leave them out to take all that occur."
        )


def _checked_weights(
    weights: Dict[str, float], annotators: Tuple[str, ...], path: Path
) -> Dict[str, float]:
    for name, weight in weights.items():
        if name not in annotators:
            raise DistillError(
                f"Expected weights for annotators of {path} ("
                f"{name_some(annotators) or 'none has a name'}), got one for {name!r}."
            )
        if not (weight > 0 and math.isfinite(weight)):
            raise DistillError(
                f"Expected weights of more than 0 for annotators, got {weight} for"
                f" {name!r}: remove its lines to leave an annotator out."
            )
    return {name: float(weight) for name, weight in weights.items()}
