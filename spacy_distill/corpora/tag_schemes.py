"""Entity tag schemes of column files: IOB1, IOB2 (BIO), BILUO (BIOES, BMES) and BIOS.

They differ in how the first and last token of an entity are tagged. Two adjacent names:

    scheme  Ada   Lowe  Ben   met  Porto
    IOB1    I-PER I-PER B-PER O    I-LOC    B only after an entity of the same label
    IOB2    B-PER I-PER B-PER O    B-LOC    B on the first token of every entity
    BILUO   B-PER L-PER U-PER O    U-LOC    L on the last token, U on a single token
    BIOS    B-PER I-PER U-PER O    U-LOC    IOB2, but U on a single token

An unnecessary B in IOB1 is accepted as the first token of an entity: CoNLL-2003 has
two. The others are checked strictly, but for a single B in BIOS.

Tags may be spelled in any way that `tag_spellings` knows.
"""

from typing import Dict, Iterable, List, Optional, Sequence, Set, Tuple

from ..errors import DistillError
from .tagged_tokens import TaggedToken, read_tags

SCHEMES = ("IOB1", "IOB2", "BILUO", "BIOS")
# Other names of the schemes.
_ALIASES = {
    "BIO": "IOB2",
    **dict.fromkeys(("BILOU", "BIOES", "IOBES", "BMES", "BMEWO"), "BILUO"),
}

# First token, end token (exclusive) and label of an entity.
Bounds = Tuple[int, int, str]


def read_entities(
    sentences: Sequence[Sequence[TaggedToken]],
    *,
    source: str,
    scheme: Optional[str] = None,
) -> List[List[Bounds]]:
    """Return the entities of a file.

    Args:
        sentences: All sentences of the file, with tags in any spelling.
        source: Name of the file, for error messages.
        scheme: One of `SCHEMES`, or another name of one; None detects it.

    Returns:
        First token, end token (exclusive) and label of each entity, by sentences.

    Raises:
        DistillError: See `read_tags`, `detect_scheme` and `entity_bounds`.
    """
    read = read_tags(sentences, source=source)
    if scheme is None:
        scheme = detect_scheme(read, source=source)
    return [entity_bounds(tokens, scheme, source=source) for tokens in read]


def scheme_name(scheme: str) -> str:
    """Return the name of a scheme out of `SCHEMES`.

    Args:
        scheme: The name, or another name of the scheme such as BIO.

    Returns:
        The name.

    Raises:
        DistillError: If there is no such scheme.
    """
    name = _ALIASES.get(scheme, scheme)
    if name not in SCHEMES:
        raise DistillError(
            f"Expected a tag scheme out of {', '.join((*SCHEMES, *_ALIASES))}, got"
            f" '{scheme}'."
        )
    return name


def detect_scheme(
    sentences: Iterable[Sequence[TaggedToken]], *, source: str, strict: bool = True
) -> str:
    """Detect the tag scheme of a file.

    An L tag means BILUO, and so does U, or BIOS if there are B or I too. IOB1 and IOB2
    differ in the first tag of entities that do not follow an entity of the same label:
    I in IOB1, B in IOB2. The majority decides. A few B in an IOB1 file are harmless,
    since both schemes read them alike. A few I in an IOB2 file are errors.

    Args:
        sentences: Tokens of each sentence.
        source: Name of the file, for error messages.
        strict: Whether to refuse such a few I.

    Returns:
        One of `SCHEMES`.

    Raises:
        DistillError: With `source:line`, if a tag is malformed, or, if strict, if an
            entity begins with I in a file where most entities begin with B.
    """
    beginnings: Dict[str, List[TaggedToken]] = {"B": [], "I": []}
    prefixes: Set[str] = set()
    for tokens in sentences:
        label_before = ""
        for token in tokens:
            prefix, label = _split_tag(token, source)
            prefixes.add(prefix)
            if prefix in ("B", "I") and label != label_before:
                beginnings[prefix].append(token)
            label_before = label
    if prefixes & {"L", "U"}:
        return "BIOS" if "L" not in prefixes and prefixes & {"B", "I"} else "BILUO"
    with_b, with_i = beginnings["B"], beginnings["I"]
    if len(with_i) > len(with_b):
        return "IOB1"
    if with_i and strict:
        odd = with_i[0]
        raise DistillError(
            f"{source}:{odd.line}: expected 'B-{odd.tag[2:]}' for '{odd.word}', since"
            f" most entities of the file begin with B ({len(with_b)} against"
            f" {len(with_i)}), got '{odd.shown}'; correct it, or give the scheme IOB1"
            " to read such tags as beginnings."
        )
    return "IOB2"


def entity_bounds(
    tokens: Sequence[TaggedToken], scheme: str, *, source: str
) -> List[Bounds]:
    """Return the entities of a sentence.

    Args:
        tokens: Tokens of the sentence, with tags in BILUO.
        scheme: One of `SCHEMES`, or another name of one.
        source: Name of the file, for error messages.

    Returns:
        First token, end token (exclusive) and label of each entity, in order.

    Raises:
        DistillError: If the scheme is unknown. With `source:line`, if the scheme does
            not have a tag or does not allow it in its position.
    """
    scheme = scheme_name(scheme)
    found: List[Bounds] = []
    start = 0
    opened = ""  # label of the entity that the next token may continue, if any
    for i, token in enumerate(tokens):
        prefix, label = _split_tag(token, source)
        if not _is_allowed(prefix, label, opened, scheme):
            raise _tag_error(token, opened, scheme, source)
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
                f" the end of an entity, got '{tokens[-1].shown}' at the end of the"
                " sentence; correct the tag."
            )
        found.append((start, len(tokens), opened))
    return found


def _is_allowed(prefix: str, label: str, opened: str, scheme: str) -> bool:
    """Whether a scheme allows a tag after an open entity `opened`, or none."""
    if scheme == "BILUO":
        return label == opened if prefix in "IL" else not opened
    if prefix == "L" or (prefix == "U" and scheme != "BIOS"):
        return False
    return label == opened if prefix == "I" and scheme != "IOB1" else True


def _tag_error(
    token: TaggedToken, opened: str, scheme: str, source: str
) -> DistillError:
    state = f"inside an entity {opened}" if opened else "outside of entities"
    return DistillError(
        f"{source}:{token.line}: expected a tag that {scheme} allows {state}, got"
        f" '{token.shown}' for '{token.word}'; correct the tag or give another scheme."
    )


def _split_tag(token: TaggedToken, source: str) -> Tuple[str, str]:
    """Split a tag into prefix and label. The label of `O` is empty."""
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
