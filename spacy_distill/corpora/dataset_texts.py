"""Unlabelled texts of a Ray Data set."""

from itertools import islice
from typing import TYPE_CHECKING, Iterator, Optional, Sequence

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import DistillError
from .text_entries import TextEntry, entry_doc
from .texts import hash_texts

if TYPE_CHECKING:
    from ray.data import Dataset


class DatasetTexts:
    """The texts of a `ray.data.Dataset`, in its order.

    The data set is computed once, into Ray's object store, and read in this process as
    it is needed.

    Args:
        dataset: The data set.
        column: Its column of texts.

    Attributes:
        own_tokens: False.
        notes: Empty.
        hash: SHA-256 over the texts; that of the same texts in memory.

    Raises:
        DistillError: If there is no such column, if there are no rows, or if one has
            something else than a string.
    """

    own_tokens = False
    notes: Sequence[str] = ()

    def __init__(self, dataset: "Dataset", *, column: str = "text") -> None:
        columns = dataset.columns() or []
        if column not in columns:
            raise DistillError(
                f"Expected a data set with the column {column!r}, got"
                f" {', '.join(columns) or 'nothing'}: name the column of its texts."
            )
        texts = dataset.select_columns([column])
        # Otherwise blocks come in the order in which they are ready.
        texts.context.execution_options.preserve_order = True
        # Workers of an executor may have all CPUs later.
        self._texts = texts.materialize()
        self._column = column
        self.hash = hash_texts(self._rows())

    def __len__(self) -> int:
        return int(self._texts.count())

    def read(
        self, nlp: Language, start: int = 0, stop: Optional[int] = None
    ) -> Iterator[Doc]:
        """Read documents; see `Texts.read`."""
        for entry in islice(self.entries(nlp), start, stop):
            yield entry_doc(entry, nlp)

    def entries(self, nlp: Language) -> Iterator[TextEntry]:
        """Return the documents; see `Texts.entries`."""
        for number, text in enumerate(self._rows()):
            yield TextEntry(f"row {number + 1}", text, number)

    def _rows(self) -> Iterator[str]:
        for number, row in enumerate(self._texts.iter_rows(), 1):
            text = row[self._column]
            if not isinstance(text, str):
                raise DistillError(
                    f"Expected strings in the column {self._column!r}, got {text!r} in"
                    f" row {number}: filter such rows."
                )
            yield text
