"""How fast pipelines are, measured side by side."""

import math
import time
from statistics import median
from typing import Dict, List, Mapping, Sequence

from spacy.language import Language

# A shorter pass would measure the clock and the moment more than the pipeline.
_SECONDS_A_PASS = 0.5


def words_per_second(
    pipelines: Mapping[str, Language],
    texts: Sequence[str],
    *,
    words: int,
    rounds: int = 5,
) -> Dict[str, float]:
    """Words a second from text to entities: `nlp.pipe` with its own batch size,
    tokenizer included.

    words: how many there are in the texts. One number for all pipelines, so that a
        tokenizer that cuts finer does not look faster.
    rounds: in each, every pipeline has a turn; the median counts. What else the
        machine does then slows all of them alike. Before, each reads the texts once
        to warm up; a quick one reads them several times a turn.
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
