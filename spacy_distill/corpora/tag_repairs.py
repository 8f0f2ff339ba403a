"""Repair tags that a scheme does not allow where they are.

An entity goes on as long as its tags do: a tag that continues nothing begins an entity,
and one that is not continued ends it.

    IOB2     O I-PER I-PER     becomes     O B-PER I-PER
    BILUO    B-PER I-PER O     becomes     B-PER L-PER O
"""

from typing import List, NamedTuple, Sequence

from .tagged_tokens import TaggedToken


class Repaired(NamedTuple):
    """The tags of a sentence after their repair.

    Attributes:
        tokens: The tokens, whose tags the scheme allows.
        faults: Those that had another tag, as in the file.
    """

    tokens: List[TaggedToken]
    faults: List[TaggedToken]


def repair_tags(tokens: Sequence[TaggedToken], scheme: str) -> Repaired:
    """Repair the tags of a sentence.

    Args:
        tokens: Tokens of the sentence, with tags in BILUO, see `read_tags`.
        scheme: IOB1, IOB2 or BILUO. In IOB1 all tags are allowed anywhere.

    Returns:
        The tokens. Prefixes that the scheme does not have are left as they are.
    """
    if scheme not in ("IOB2", "BILUO"):
        return Repaired(list(tokens), [])
    closes = scheme == "BILUO"
    tags: List[str] = []
    opened = ""
    for token in tokens:
        prefix, _, label = token.tag.partition("-")
        continues = prefix in ("I", "L") and label == opened
        if closes and opened and not continues:
            tags[-1] = _closed(tags[-1])
        if prefix in ("I", "L") and not continues:
            prefix = "B" if prefix == "I" else "U"
        tags.append(f"{prefix}-{label}" if label else token.tag)
        opened = label if prefix in ("B", "I") else ""
    if closes and opened:
        tags[-1] = _closed(tags[-1])
    repaired = [token._replace(tag=tag) for token, tag in zip(tokens, tags)]
    faults = [old for old, new in zip(tokens, repaired) if old.tag != new.tag]
    return Repaired(repaired, faults)


def _closed(tag: str) -> str:
    """Return the tag of the last token of an entity."""
    return ("U" if tag.startswith("B") else "L") + tag[1:]
