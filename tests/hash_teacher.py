"""A deterministic teacher without a model, with different logits for every word."""

import hashlib
from typing import Any, Callable, List, Optional, Tuple

import numpy as np
import spacy
from spacy.tokens import Doc

from spacy_distill.tasks.ner.task import NERTask
from spacy_distill.teachers.base import DroppedSpan, Prediction, Teacher
from spacy_distill.words import WordPieces


class HashTeacher(Teacher):
    """A teacher whose logits are random, seeded with a hash of the word.

    The last column contains each token's distance to the nearest end of its Doc, so
    that tests can determine the window of a row.

    Args:
        labels: Entity labels.
        seed: Seed of the logits, part of the hash.
        lang: Language of the pipeline.
        blind: Words that are unaligned.
        lose: Words at which an entity is dropped.
        whole: Whether the teacher needs full documents.
        pieces: The teacher's word pieces.
        change: Called with the texts and logits of each batch, to modify the logits.
        on_batch: Called before each batch.

    Attributes:
        batches: Lengths of the Docs of each batch so far.
    """

    name = "hash_teacher"
    # Set on each instance. They are class attributes because the base class has
    # abstract properties with these names.
    nlp: Any = None
    task: Any = None
    hash = ""
    whole_documents = False

    def __init__(
        self,
        *,
        labels: Tuple[str, ...] = ("PER", "LOC"),
        seed: int = 0,
        lang: str = "en",
        blind: Tuple[str, ...] = (),
        lose: Tuple[str, ...] = (),
        whole: bool = False,
        pieces: Optional[WordPieces] = None,
        change: Callable[[List[str], List[np.ndarray]], None] = lambda texts, rows: (
            None
        ),
        on_batch: Callable[[], None] = lambda: None,
    ) -> None:
        self.nlp = spacy.blank(lang)
        self.task = NERTask(labels)
        self.hash = f"hash-teacher-{seed}"
        self.seed = seed
        self.blind = blind
        self.lose = lose
        self.whole_documents = whole
        self.pieces = pieces
        self.change = change
        self.on_batch = on_batch
        self.batches: List[List[int]] = []
        self._rows: dict = {}

    def predict(self, docs: List[Doc]) -> List[Prediction]:
        self.on_batch()
        self.batches.append([len(doc) for doc in docs])
        logits = [self._logits(doc) for doc in docs]
        self.change([doc.text for doc in docs], logits)
        return [
            Prediction(rows, self._unaligned(doc), self._dropped(doc))
            for doc, rows in zip(docs, logits)
        ]

    def row(self, word: str) -> np.ndarray:
        """Return the logits of a word."""
        if word not in self._rows:
            digest = hashlib.sha256(f"{self.seed} {word}".encode()).digest()
            rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))
            logits = rng.normal(size=len(self.task.columns))
            self._rows[word] = logits.astype(np.float32)
        return self._rows[word].copy()

    def word_pieces(self) -> Optional[WordPieces]:
        return self.pieces

    def _logits(self, doc: Doc) -> np.ndarray:
        rows = np.zeros((len(doc), len(self.task.columns)), dtype=np.float32)
        for token in doc:
            rows[token.i] = self.row(token.text)
        positions = np.arange(len(doc))
        rows[:, -1] = np.minimum(positions, positions[::-1])
        return rows

    def _unaligned(self, doc: Doc) -> Optional[np.ndarray]:
        unaligned = np.array([token.text in self.blind for token in doc], dtype=bool)
        return unaligned if unaligned.any() else None

    def _dropped(self, doc: Doc) -> Tuple[DroppedSpan, ...]:
        # Unsorted, and with a label that contains the length of the Doc or window.
        return tuple(
            DroppedSpan(token.i, token.text, f"OF{len(doc)}", "made up")
            for token in reversed(doc)
            if token.text in self.lose
        )


def make_pieces() -> WordPieces:
    return WordPieces(
        surfaces=["an", "na", "na"],
        initial=np.array([True, True, False]),
        vectors=np.arange(6, dtype=np.float16).reshape(3, 2),
        lowercase=True,
        strip_accents=False,
    )
