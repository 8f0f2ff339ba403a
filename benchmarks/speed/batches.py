"""Texts in batches, in the two orders that are measured."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

# By length, which spares a transformer most of its padding, or as they stand.
ORDERS = ("sorted", "reading")


@dataclass(frozen=True)
class Texts:
    """texts: of whole documents. words: how many spaCy tokens each has. One count for
    all systems, so that one that cuts finer does not look faster."""

    texts: Tuple[str, ...]
    words: Tuple[int, ...]

    def make_batches(self, *, batch: int, order: str) -> List[List[int]]:
        """Indices into the texts, `batch` at a time; the last one may have fewer.

        order: one of ORDERS; sorted means the shortest first.
        """
        indices = list(range(len(self.texts)))
        if order == "sorted":
            indices.sort(key=lambda i: self.words[i])
        return [indices[at : at + batch] for at in range(0, len(indices), batch)]

    def choose(self, *, batch: int, order: str, batches: int) -> List[int]:
        """Indices of the texts in so many batches, one batch behind the other.

        All batches there are, or full ones spread evenly over them: the first alone
        would be the shortest texts, where they are sorted.
        """
        made = self.make_batches(batch=batch, order=order)
        if batches < len(made):
            full = [indices for indices in made if len(indices) == batch]
            made = [full[i] for i in spread(len(full), batches)]
        return [i for indices in made for i in indices]

    def save(self, path: Path) -> None:
        """Write them as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Texts":
        """Read what `save` wrote."""
        msg: Dict[str, Sequence] = json.loads(path.read_bytes())
        return cls(tuple(msg["texts"]), tuple(msg["words"]))


def spread(n: int, k: int) -> List[int]:
    """At most k of n places, evenly spread, none at the very edges if k is small."""
    k = min(n, k)
    return [(2 * i + 1) * n // (2 * k) for i in range(k)]
