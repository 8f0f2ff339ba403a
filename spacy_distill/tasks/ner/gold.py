"""Gold entities without whitespace at their ends, as decoding predicts them."""

from typing import List, Optional, Sequence, Tuple

from spacy.attrs import IS_SPACE
from spacy.tokens import Doc
from spacy.training import Example

from ...docs import Trimmed, bare_doc, trim_entities

_MISSING = "-"


def trimmed_gold(doc: Doc) -> Tuple[Doc, Trimmed]:
    """Trim whitespace from the ends of a Doc's entities; see `trim_entities`.

    Args:
        doc: The Doc, which is not changed.

    Returns:
        The Doc itself if there is nothing to trim, else a copy, and the number of
        entities that were trimmed and dropped.
    """
    if not doc.has_annotation(IS_SPACE):  # Most Docs, and this is fast.
        return doc, Trimmed()
    if not any(ent[0].is_space or ent[-1].is_space for ent in doc.ents):
        return doc, Trimmed()
    copy = doc.copy()
    return copy, trim_entities(copy)


def trimmed_examples(examples: Sequence[Example]) -> Tuple[List[Example], Trimmed]:
    """Trim the entities of references; see `trimmed_gold`.

    Args:
        examples: The Examples, which are not changed.

    Returns:
        The Examples, those with something to trim replaced, and the number of entities
        that were trimmed and dropped.
    """
    out = []
    trimmed = dropped = 0
    for eg in examples:
        reference, found = trimmed_gold(eg.reference)
        if found.total:
            eg = Example(eg.predicted, reference)
        out.append(eg)
        trimmed, dropped = trimmed + found.trimmed, dropped + found.dropped
    return out, Trimmed(trimmed, dropped)


def gold_tags(eg: Example) -> List[Optional[str]]:
    """Return the BILUO tags of the predicted tokens.

    Whitespace at the ends of entities is outside of them, whether the reference has it
    as tokens or not.

    Args:
        eg: The Example, which is not changed.

    Returns:
        One tag for each token; None without annotation.
    """
    tags = _aligned_tags(eg)
    predicted = eg.predicted
    if not predicted.has_annotation(IS_SPACE):
        return tags
    if not any(
        token.is_space and tag is not None and tag[0] in "BLU"
        for token, tag in zip(predicted, tags)
    ):
        return tags
    given = [_MISSING if tag is None else tag for tag in tags]
    aligned = Example.from_dict(bare_doc(predicted), {"entities": given})
    trim_entities(aligned.reference)
    return _aligned_tags(aligned)


def _aligned_tags(eg: Example) -> List[Optional[str]]:
    return [None if tag == _MISSING else tag for tag in eg.get_aligned_ner()]
