"""Prediction speed of pipelines."""

import math
import time
from statistics import median
from typing import Dict, List, Mapping, Sequence

from spacy.language import Language

# Minimum duration of a turn: shorter ones are dominated by noise.
_SECONDS_A_PASS = 0.5


def words_per_second(
    pipelines: Mapping[str, Language],
    texts: Sequence[str],
    *,
    words: int,
    rounds: int = 5,
) -> Dict[str, float]:
    """Measure words per second from text to Doc, tokenizer included.

    Uses `nlp.pipe` with its default batch size. Every pipeline first reads the texts
    once to warm up. Then the pipelines take turns, so that other load on the machine
    affects all of them alike. Fast pipelines read the texts several times per turn.

    Args:
        pipelines: Pipelines by name.
        texts: Texts to process.
        words: Number of words in the texts. The same number is used for all pipelines,
            so that a finer tokenizer does not look faster.
        rounds: Number of turns. The result is their median.

    Returns:
        Words per second by name.
    """
    repeats: Dict[str, int] = {}
    for name, nlp in pipelines.items():
        once = max(_seconds(nlp, texts), 1e-6)
        repeats[name] = max(1, math.ceil(_SECONDS_A_PASS / once))
    speeds: Dict[str, List[float]] = {name: [] for name in pipelines}
    for _ in range(rounds):
        for name, nlp in pipelines.items():
            seconds = _seconds(nlp, list(texts) * repeats[name])
            speeds[name].append(words * repeats[name] / seconds)
    return {name: median(values) for name, values in speeds.items()}


def _seconds(nlp: Language, texts: Sequence[str]) -> float:
    start = time.perf_counter()
    for _ in nlp.pipe(texts):
        pass
    return time.perf_counter() - start
