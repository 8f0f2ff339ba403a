"""The time that pipelines take for their texts, measured in turns."""

import statistics
import time
from typing import Dict, List, Mapping, Tuple

from spacy.language import Language


def seconds_in_turns(
    readers: Mapping[str, Tuple[Language, List[str]]],
    *,
    rounds: int = 5,
    batch_size: int = 128,
) -> Dict[str, float]:
    """Measure pipelines one after the other, in each round.

    Args:
        readers: Pipelines and their texts by name.
        rounds: How often each reads its texts. One more round comes first, untimed.
        batch_size: Texts in a batch.

    Returns:
        The median seconds of each.
    """
    seconds: Dict[str, List[float]] = {name: [] for name in readers}
    for number in range(rounds + 1):
        for name, (nlp, texts) in readers.items():
            start = time.perf_counter()
            for _ in nlp.pipe(texts, batch_size=batch_size):
                pass
            if number:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in seconds.items()}
