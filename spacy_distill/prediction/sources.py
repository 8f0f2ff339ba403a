"""What predicts the texts of a file: a pipeline in this process, or a service."""

import re
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Protocol, TypeVar, Union

from spacy.tokens import Doc, DocBin

from ..docs import load_pipeline
from ..errors import DistillError
from ..files import sha256_path
from ..students.encoder import forget_types
from .predictor import Predictor

_SURROGATES = re.compile("[\ud800-\udfff]")
_Read = TypeVar("_Read")


class PredictsTexts(Protocol):
    """Predicts texts.

    Attributes:
        fingerprint: Identifies it, so that a run goes on with the same only.
    """

    fingerprint: str

    def begin_shard(self) -> None:
        """Forget what later predictions might depend on."""
        ...

    def predict(self, texts: List[str]) -> List[Dict[str, Any]]:
        """Return `entities` and `cats` of each text, or an `error`.

        Args:
            texts: The texts of a batch.
        """
        ...


class Annotated(NamedTuple):
    """Annotated Docs of a batch.

    Attributes:
        docs: A Doc for each text; those of texts that failed have no annotation.
        failed: How many texts failed.
    """

    docs: DocBin
    failed: int


class LocalPipeline:
    """A pipeline in this process.

    Args:
        model: Installed package or folder.

    Attributes:
        nlp: The pipeline.
        fingerprint: SHA-256 of its files.

    Raises:
        DistillError: If it cannot be loaded.
    """

    def __init__(self, model: Union[str, Path]) -> None:
        nlp = load_pipeline(model)
        assert nlp.path is not None
        self.nlp = nlp
        self.fingerprint = sha256_path(nlp.path)
        self._predictor = Predictor(nlp)

    def begin_shard(self) -> None:
        """Drop the words of earlier texts, and what was computed for them."""
        self._predictor.close()
        forget_types(self.nlp)

    def predict(self, texts: List[str]) -> List[Dict[str, Any]]:
        """Predict texts; see `PredictsTexts`."""
        return [
            {"error": str(row)} if isinstance(row, DistillError) else row
            for row in self._read(texts, self._row)
        ]

    def annotate(self, texts: List[str]) -> Annotated:
        """Predict texts, and keep all annotation.

        Args:
            texts: The texts of a batch.
        """
        docs, failed = DocBin(), 0
        for text, found in zip(texts, self._read(texts, _pack)):
            if isinstance(found, DistillError):
                docs.add(self.nlp.tokenizer(whole_characters(text)))
                failed += 1
            else:
                docs.merge(found)
        return Annotated(docs, failed)

    def _read(
        self, texts: List[str], read: Callable[[Doc], _Read]
    ) -> List[Union[_Read, DistillError]]:
        """Predict texts, and read something of each Doc."""
        found: List[Any] = [None] * len(texts)
        good = []
        for number, text in enumerate(texts):
            try:
                self._predictor.check(text)
                good.append(number)
            except DistillError as error:
                found[number] = error
        results = self._predictor.read([texts[number] for number in good], read)
        for number, result in zip(good, results):
            found[number] = result
        return found

    def _row(self, doc: Doc) -> Dict[str, Any]:
        result = self._predictor.result(doc)
        row: Dict[str, Any] = {}
        if self._predictor.has_entities:
            row["entities"] = [
                {"start": e.start, "end": e.end, "label": e.label, "score": e.score}
                for e in result.entities
            ]
        if self._predictor.has_categories:
            row["cats"] = result.categories
        return row


def whole_characters(text: str) -> str:
    """Replace lone surrogates, which no file can have.

    Args:
        text: Any string.
    """
    return _SURROGATES.sub("\ufffd", text)


def _pack(doc: Doc) -> DocBin:
    return DocBin(docs=[doc])
