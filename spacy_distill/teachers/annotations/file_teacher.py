"""What teachers that read annotations from a file have in common."""

import math
import unicodedata
from abc import abstractmethod
from pathlib import Path
from typing import Any, Dict, Generic, List, Mapping, Optional, Protocol, Tuple, TypeVar

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import logger

from ...corpora.formats.read import source_files
from ...corpora.formats.spans import name_some
from ...docs import blank_pipeline
from ...errors import DistillError
from ...files import sha256_bytes, sha256_file
from ..base import Teacher


class AnyVote(Protocol):
    """An annotator's annotation of a text."""

    @property
    def place(self) -> Any: ...

    @property
    def annotator(self) -> Optional[str]: ...


VoteT = TypeVar("VoteT", bound=AnyVote)


class FileTeacher(Teacher, Generic[VoteT]):
    """A teacher whose predictions are read from a file.

    A subclass implements `task`, `hash`, `predict`, `check_texts` and `votes`.

    Args:
        path: A file or folder.
        lang: Language of the tokenizer.
        annotators: Names of the annotators of the file.
        annotator_weights: Weight of each annotator by name; 1 by default.

    Raises:
        DistillError: If a weight is invalid.
    """

    def __init__(
        self,
        path: Path,
        *,
        lang: str,
        annotators: Tuple[str, ...],
        annotator_weights: Optional[Dict[str, float]] = None,
    ) -> None:
        self._path = path
        self._nlp = blank_pipeline(lang)
        self._weights = _check_weights(annotator_weights or {}, annotators, path)

    @property
    def name(self) -> str:
        """Name of the file."""
        return self._path.name

    @property
    def nlp(self) -> Language:
        """A blank pipeline of the language."""
        return self._nlp

    @property
    def whole_documents(self) -> bool:
        """True, since documents are looked up by their full text."""
        return True

    @property
    @abstractmethod
    def votes(self) -> Mapping[str, List[VoteT]]:
        """Votes on each text, without whitespace at its end."""

    def find_votes(self, doc: Doc) -> Optional[List[VoteT]]:
        """Return the votes on a Doc; None if it has words and is not in the file."""
        # Docs made from words may have a trailing space.
        text = doc.text.rstrip()
        return self.votes.get(text, None if text else [])

    def weight(self, vote: VoteT) -> float:
        """Return the weight of a vote's annotator."""
        return 1.0 if vote.annotator is None else self._weights.get(vote.annotator, 1.0)

    def reject_missing(self, missing: List[str]) -> None:
        """Raise an error that names texts which are not in the file, if any."""
        if not missing:
            return
        places = {
            _normalize(text): getattr(votes[0].place, "short", votes[0].place)
            for text, votes in self.votes.items()
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

    def warn_of_left_out(self, left_out: Mapping[str, int]) -> None:
        """Log the number of texts that do not count, by reason."""
        if left_out:
            counts = ", ".join(f"{n} {why}" for why, n in left_out.items())
            logger.warning(
                "%s: left out the texts that do not count (%s)", self._path, counts
            )


def hash_files(path: Path) -> str:
    """Return the SHA-256 of a file, or of all files that it is read with.

    Args:
        path: A file or folder.
    """
    files = source_files(path)
    if files == [path]:
        return sha256_file(path)
    parts = [f"{file.name} {sha256_file(file)}\n" for file in files]
    return sha256_bytes("".join(parts).encode("utf-8", "surrogateescape"))


def _normalize(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


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


def check_options(labels: Optional[List[str]], certainty: float) -> None:
    """Check options of a teacher from a file.

    Args:
        labels: Labels that may occur; None for any.
        certainty: Weight of a single vote.

    Raises:
        DistillError: If one is invalid.
    """
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
