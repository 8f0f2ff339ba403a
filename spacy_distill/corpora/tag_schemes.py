"""Entity tags of column files: IOB1, IOB2 (BIO) and BILUO.

They differ in how an entity begins and ends. With two names side by side:

    scheme  Ada   Lowe  Ben   met  Porto
    IOB1    I-PER I-PER B-PER O    I-LOC    B needed only after the same label
    IOB2    B-PER I-PER B-PER O    B-LOC    B wherever an entity begins
    BILUO   B-PER L-PER U-PER O    U-LOC    L where it ends, U where it is one token

A B that IOB1 does not need is still read as a beginning: CoNLL-2003 has two such.
IOB2 and BILUO allow no exception.
"""

from typing import Dict, Iterable, List, NamedTuple, Sequence, Tuple

from ..errors import DistillError

SCHEMES = ("IOB1", "IOB2", "BILUO")


class TaggedToken(NamedTuple):
    """A word, its tag as written, and its line in the file."""

    word: str
    tag: str
    line: int


def detect_scheme(sentences: Iterable[Sequence[TaggedToken]], *, source: str) -> str:
    """Find the scheme of a file's tags.

    An L or U tells BILUO. IOB1 and IOB2 are told apart by how the entities begin that
    do not follow one of the same label: with I or with B. A few B in IOB1 are harmless,
    since both schemes read them alike; a few I in IOB2 are faults.

    source: the file's name, for messages.

    Raises DistillError, with `source:line`, when a tag is none, or for an I that begins
    an entity in a file where most begin with B.
    """
    beginnings: Dict[str, List[TaggedToken]] = {"B": [], "I": []}
    for tokens in sentences:
        label_before = ""
        for token in tokens:
            prefix, label = _split(token, source)
            if prefix in ("L", "U"):
                return "BILUO"
            if prefix != "O" and label != label_before:
                beginnings[prefix].append(token)
            label_before = label
    with_b, with_i = beginnings["B"], beginnings["I"]
    if len(with_i) > len(with_b):
        return "IOB1"
    if with_i:
        odd = with_i[0]
        raise DistillError(
            f"{source}:{odd.line}: expected 'B-{odd.tag[2:]}' for '{odd.word}', since"
            f" most entities of the file begin with B ({len(with_b)} against"
            f" {len(with_i)}), got '{odd.tag}'; correct it, or give the scheme IOB1 to"
            " read such tags as beginnings."
        )
    return "IOB2"


def entity_bounds(
    tokens: Sequence[TaggedToken], scheme: str, *, source: str
) -> List[Tuple[int, int, str]]:
    """Return the entities of a sentence: first token, token after the last, label.

    Raises DistillError for an unknown scheme and, with `source:line`, for a tag that
    the scheme does not have or does not allow where it stands.
    """
    if scheme not in SCHEMES:
        raise DistillError(
            f"Expected a tag scheme out of {', '.join(SCHEMES)}, got '{scheme}'."
        )
    found: List[Tuple[int, int, str]] = []
    start = 0
    opened = ""  # label of the entity that can go on, if any
    for i, token in enumerate(tokens):
        prefix, label = _split(token, source)
        if not _allowed(prefix, label, opened, scheme):
            raise _misplaced(token, opened, scheme, source)
        begins = prefix in "BU" or (prefix == "I" and label != opened)
        if opened and (begins or prefix == "O"):
            found.append((start, i, opened))
        if begins:
            start = i
        if prefix in "LU":
            found.append((start, i + 1, label))
        opened = label if prefix in "BI" else ""
    if opened:
        if scheme == "BILUO":
            raise DistillError(
                f"{source}:{tokens[-1].line}: expected 'L-{opened}' or 'U-{opened}' at"
                f" the end of an entity, got '{tokens[-1].tag}' at the end of the"
                " sentence; correct the tag."
            )
        found.append((start, len(tokens), opened))
    return found


def _allowed(prefix: str, label: str, opened: str, scheme: str) -> bool:
    if scheme == "BILUO":
        return label == opened if prefix in "IL" else not opened
    if prefix in "LU":
        return False
    return label == opened if (prefix, scheme) == ("I", "IOB2") else True


def _misplaced(
    token: TaggedToken, opened: str, scheme: str, source: str
) -> DistillError:
    state = f"inside an entity {opened}" if opened else "outside of entities"
    return DistillError(
        f"{source}:{token.line}: expected a tag that {scheme} allows {state}, got"
        f" '{token.tag}' for '{token.word}'; correct the tag or give another scheme."
    )


def _split(token: TaggedToken, source: str) -> Tuple[str, str]:
    """Cut a tag in prefix and label; `O` has the label ''."""
    if token.tag == "O":
        return "O", ""
    prefix, dash, label = token.tag.partition("-")
    if prefix not in ("B", "I", "L", "U") or not dash or not label:
        raise DistillError(
            f"{source}:{token.line}: expected a tag 'O', 'B-LABEL', 'I-LABEL',"
            f" 'L-LABEL' or 'U-LABEL' in the last column, got '{token.tag}' for"
            f" '{token.word}'; correct it."
        )
    return prefix, label
