"""The bar shown while a teacher annotates."""

from types import TracebackType
from typing import Optional, Type

from tqdm import tqdm


class Progress:
    """Documents done, their rate, the time left, and words a second.

    total: documents in all. done: those an earlier run has done. show: False for none.
    """

    def __init__(self, total: int, *, done: int, show: bool) -> None:
        self._words = 0
        self._bar = tqdm(
            total=total,
            initial=done,
            desc="Annotating",
            unit="doc",
            dynamic_ncols=True,
            disable=not show,
        )

    def update(self, docs: int, words: int) -> None:
        """Count so many documents and words more."""
        self._words += words
        if not self._bar.disable:
            seconds = max(self._bar.format_dict["elapsed"], 1e-6)
            self._bar.set_postfix_str(
                f"{self._words / seconds:,.0f} words/s", refresh=False
            )
        self._bar.update(docs)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._bar.close()
