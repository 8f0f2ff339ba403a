from typing import Iterable, List, Optional, Sequence, Tuple

import numpy as np
from spacy.tokens import Doc, SpanGroup

CHECKSUM: int
HAS_FAST_LSTM: bool

class TypeMap:
    def __init__(self) -> None: ...
    def add(self, key: int, entry: int) -> None: ...
    def find(self, docs: Sequence[Doc]) -> Optional[np.ndarray]: ...

def tanh(x: np.ndarray) -> np.ndarray: ...
def exp(x: np.ndarray) -> np.ndarray: ...
def quasi_recurrent(
    table: np.ndarray, entries: np.ndarray, lengths: Sequence[int], width: int
) -> np.ndarray: ...
def lstm(
    table: np.ndarray,
    entries: np.ndarray,
    rows: np.ndarray,
    sizes: Sequence[int],
    weights: np.ndarray,
    out: np.ndarray,
    direction: int,
) -> None: ...
def is_finite(x: np.ndarray) -> bool: ...
def decode(
    logits: np.ndarray,
    lengths: Sequence[int],
    grammar: Tuple[np.ndarray, np.ndarray, np.ndarray],
    transitions: Tuple[np.ndarray, np.ndarray, np.ndarray],
    needed: Optional[np.ndarray],
    allowed: Optional[np.ndarray],
) -> np.ndarray: ...
def crf_span_scores(
    logits: np.ndarray,
    lengths: Sequence[int],
    transitions: Tuple[np.ndarray, np.ndarray, np.ndarray],
    tags: np.ndarray,
    sequences: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    allowed: Optional[np.ndarray],
    least: float,
) -> Optional[np.ndarray]: ...
def find_entities(
    tags: np.ndarray, lengths: Sequence[int], opens: np.ndarray, closes: np.ndarray
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]: ...
def span_scores(
    logits: np.ndarray,
    tags: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    allowed: Optional[np.ndarray],
) -> np.ndarray: ...
def beta_calibrated(
    probabilities: np.ndarray, a: float, b: float, c: float, epsilon: float
) -> np.ndarray: ...
def has_spaces_or_entities(docs: Iterable[Doc]) -> List[bool]: ...
def has_entities(doc: Doc) -> bool: ...
def is_aligned(group: SpanGroup, doc: Doc) -> bool: ...
def set_entities(
    doc: Doc,
    found: Iterable[Tuple[int, int, str, float]],
    group: Optional[SpanGroup],
) -> None: ...
