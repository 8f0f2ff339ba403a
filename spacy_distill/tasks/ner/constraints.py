"""What tokens may be, whatever the scores say: white space and preset entities."""

from functools import lru_cache
from typing import List, Optional, Sequence, Tuple

import numpy as np
from spacy.attrs import ENT_IOB, IS_SPACE
from spacy.tokens import Doc

from .lattice.spans import span_tags

_ATTRIBUTES = [IS_SPACE, ENT_IOB]


def allowed_tags(docs: Sequence[Doc], tags: Sequence[str]) -> Optional[np.ndarray]:
    """Which tags the tokens of all Docs, one after the other, may have, bool
    [n_tokens, n_tags]; None for all. No Doc may be empty.

    White space neither starts nor ends an entity. Preset entities keep their
    tags; one with a label that is not among the tags is O here, and so are
    blocked tokens (`doc.set_ents(blocked=...)`).
    """
    # Most Docs have neither. This tells so in a quarter of the time of `to_array`, and
    # for flags as well.
    some = [doc.has_annotation(IS_SPACE) or has_entities_set(doc) for doc in docs]
    if not any(some):
        return None
    ends = np.cumsum([len(doc) for doc in docs])
    allowed = np.ones((ends[-1], len(tags)), dtype=bool)
    for doc, end, restricted in zip(docs, ends.tolist(), some):
        if restricted:
            _restrict(allowed[end - len(doc) : end], doc, tuple(tags))
    return allowed


def _restrict(allowed: np.ndarray, doc: Doc, tags: Tuple[str, ...]) -> None:
    """Forbid what a Doc forbids, in its own rows."""
    attributes = doc.to_array(_ATTRIBUTES)
    spaces, preset = attributes[:, 0] == 1, attributes[:, 1] % 2 == 1
    allowed[spaces] = _inside(tags)
    if not preset.any():
        return
    columns = {tag: i for i, tag in enumerate(tags)}
    allowed[preset] = False
    allowed[preset, columns["O"]] = True
    for ent in doc.ents:
        path = span_tags(len(ent), ent.label_)
        if columns.keys() >= set(path):
            rows = np.arange(ent.start, ent.end)
            allowed[rows] = False
            allowed[rows, [columns[tag] for tag in path]] = True


@lru_cache(maxsize=8)
def _inside(tags: Tuple[str, ...]) -> np.ndarray:
    """Tags that neither start nor end an entity, bool [n_tags]."""
    return np.array([tag[0] not in "BLU" for tag in tags])


def has_entities_set(doc: Doc) -> bool:
    """Whether anything was said of entities in the Doc. Always so if it is empty."""
    return bool(doc.has_annotation(ENT_IOB))


def blocked_tokens(doc: Doc) -> List[int]:
    """Tokens that may not be part of an entity: begun, but with no label."""
    return [t.i for t in doc if t.ent_iob == 3 and not t.ent_type]
