"""The words of a lexicon in what the transformer of spacy-transformers reads."""

from typing import Any, Callable, List, Optional

import numpy as np
from spacy.tokens import Doc, Span

from ..students.lexicon.interaction import LEXICON
from ..students.lexicon.matching import Lexicon


class SpanWords:
    """Finds the words of a lexicon in the spans that a transformer reads.

    spacy-transformers splits Docs into spans, gives their texts to the tokenizer, and
    its output to the transformer. Words are those of the spans, and the transformer
    needs those of the tokenizer's pieces, so this takes part in all three.

    Args:
        get_spans: Function that splits Docs into spans.
    """

    def __init__(self, get_spans: Callable[[List[Doc]], List[List[Span]]]) -> None:
        self._get_spans = get_spans
        self._spans: List[Span] = []
        self._ids: Optional[np.ndarray] = None
        self.lexicon: Optional[Lexicon] = None
        self.max_words = 0
        # Until the transformer has them.
        self.vectors: Optional[np.ndarray] = None

    def set(self, lexicon: Lexicon, vectors: np.ndarray, *, max_words: int) -> None:
        """Set the lexicon of a transformer that is not there yet.

        Args:
            lexicon: The lexicon.
            vectors: First vectors of its words, float32 [n_words, width].
            max_words: Words of a word piece at most.
        """
        self.lexicon, self.vectors, self.max_words = lexicon, vectors, max_words

    def restore(self, config: Any) -> None:
        """Set the lexicon of a transformer that was loaded.

        Args:
            config: Config of the transformer.
        """
        settings = getattr(config, LEXICON)
        self.lexicon, self.vectors = Lexicon(settings["words"]), None
        self.max_words = settings["max_words"]

    @property
    def is_waiting(self) -> bool:
        """Whether there are spans whose pieces are not known yet."""
        return bool(self._spans)

    def get_spans(self, docs: List[Doc]) -> List[List[Span]]:
        """Split Docs into spans, and remember them.

        Args:
            docs: The Docs.
        """
        nested = self._get_spans(docs)
        self._spans = [span for spans in nested for span in spans]
        return nested

    def find(self, places: np.ndarray) -> None:
        """Find the words of the pieces of the spans.

        Args:
            places: First character of each piece and character after its last, int64
                [n_spans, n_pieces, 2]. Special tokens and padding are empty.
        """
        assert self.lexicon is not None
        spans, self._spans = self._spans, []
        self._ids = np.zeros((*places.shape[:2], self.max_words), dtype=np.int64)
        for ids, span, row in zip(self._ids, spans, places):
            filled = row[:, 1] > row[:, 0]
            ids[filled] = self.lexicon.words_of_pieces(
                span, row[filled], max_words=self.max_words
            )

    def take(self, n_spans: int, n_pieces: int) -> np.ndarray:
        """Return the words that were found.

        Args:
            n_spans: Number of spans.
            n_pieces: Pieces of each span; others were cut off at the end.

        Returns:
            int64 [n_spans, n_pieces, max_words]; zeros if the texts were none of spans.
        """
        ids, self._ids = self._ids, None
        if ids is None:
            return np.zeros((n_spans, n_pieces, self.max_words), dtype=np.int64)
        return ids[:, :n_pieces]
