"""A teacher without a network: cheap, repeatable, and no two words alike."""

import hashlib
from typing import Any, Callable, List, Optional, Tuple

import numpy as np
import spacy
from spacy.tokens import Doc

from spacy_distill.tasks.ner.tags import biluo_tags
from spacy_distill.teachers.base import LostEntity, Teacher
from spacy_distill.words import WordPieces


class HashTeacher(Teacher):
    """Logits drawn from a hash of the word; the last column tells the context.

    The last column holds each token's distance to the nearer edge of what the
    teacher was given, so that a test can see which window a row came from.

    labels: entity labels. seed: another seed is another teacher. blind: words for
    which it claims to have no word piece. lose: words that it claims to have lost an
    entity at. whole: whether it asks for whole documents. change: called with each
    batch's texts and logits, to spoil them. on_batch: called before each batch.
    """

    name = "hash_teacher"
    # Set on each instance; here, since the base class has them abstract.
    nlp: Any = None
    tags: Any = ()
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
        self.tags = biluo_tags(labels)
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

    def logits(self, docs: List[Doc]) -> List[np.ndarray]:
        self.on_batch()
        self.batches.append([len(doc) for doc in docs])
        none = np.zeros((0, len(self.tags)), dtype=np.float32)
        rows = [
            np.stack([self.row(t.text) for t in d]) if len(d) else none for d in docs
        ]
        for row in rows:
            places = np.arange(len(row))
            row[:, -1] = np.minimum(places, places[::-1])
        self.change([doc.text for doc in docs], rows)
        return rows

    def row(self, word: str) -> np.ndarray:
        if word not in self._rows:
            digest = hashlib.sha256(f"{self.seed} {word}".encode()).digest()
            rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))
            self._rows[word] = rng.normal(size=len(self.tags)).astype(np.float32)
        return self._rows[word].copy()

    def without_pieces(self, docs: List[Doc]) -> List[np.ndarray]:
        return [np.array([t.text in self.blind for t in d], dtype=bool) for d in docs]

    def lost_entities(self, docs: List[Doc]) -> List[List[LostEntity]]:
        # In no order, and with a label that tells what was asked of it.
        return [
            [
                LostEntity(t.i, t.text, f"OF{len(doc)}", "made up")
                for t in reversed(doc)
                if t.text in self.lose
            ]
            for doc in docs
        ]

    def word_pieces(self) -> Optional[WordPieces]:
        return self.pieces


def make_pieces() -> WordPieces:
    return WordPieces(
        surfaces=["an", "na", "na"],
        initial=np.array([True, True, False]),
        vectors=np.arange(6, dtype=np.float16).reshape(3, 2),
        lowercase=True,
        strip_accents=False,
    )
