r"""Markup format for gold text: `[words](LABEL)` in running text.

    # science/tide-gauges

    The gauge at [Viana do Castelo](LOC) stopped at dawn.

A document starts with a heading, `# register/topic`, followed by one sentence per line.
Blank lines are ignored. Literal brackets are escaped as `\[` and `\]`, a literal
backslash as `\\`. Unlabelled text has the same format, without entities.

`parse_markup` is strict: every error is a DistillError that starts with `file:line`.
`write_markup` is its inverse.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Collection, Dict, Iterable, List, Optional, Tuple

from ..errors import DistillError

_HEADING = re.compile(r"# ([a-z0-9-]+)/([a-z0-9]+(?:-[a-z0-9]+)*)")
_LABEL = re.compile(r"\(([^\s()\[\]\\]+)\)")
_ESCAPED = "[]\\"


@dataclass(frozen=True)
class MarkedEntity:
    """An entity of a sentence.

    Attributes:
        start: Offset of its first character in the sentence's text.
        end: Offset after its last character.
        label: Entity label.
    """

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class MarkedSentence:
    """A sentence with its markup removed.

    Attributes:
        text: Text of the sentence.
        entities: Its entities, from left to right.
        line: Line number in the file, from 1. Ignored in comparisons.
    """

    text: str
    entities: Tuple[MarkedEntity, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class MarkedDocument:
    """The sentences under one heading, `# register/topic`.

    Attributes:
        register: First part of the heading.
        topic: Second part of the heading.
        sentences: The sentences of the document.
        source: Name of the file, for error messages. Ignored in comparisons.
        line: Line number of the heading, from 1. Ignored in comparisons.
    """

    register: str
    topic: str
    sentences: Tuple[MarkedSentence, ...]
    source: str = field(default="<text>", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def name(self) -> str:
        """The heading without `#`: `register/topic`."""
        return f"{self.register}/{self.topic}"


def parse_markup(
    text: str, *, source: str = "<text>", labels: Optional[Collection[str]] = None
) -> List[MarkedDocument]:
    """Parse the documents of a text with markup.

    Args:
        text: Text with markup.
        source: Name of the file, for error messages.
        labels: Allowed entity labels. None allows any label, an empty collection allows
            no entities.

    Returns:
        The documents in order.

    Raises:
        DistillError: With `source:line`, for the first error in the markup.
    """
    headings: List[Tuple[str, str, int]] = []
    bodies: List[List[MarkedSentence]] = []
    lines_by_name: Dict[Tuple[str, str], int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        where = f"{source}:{number}"
        if not line:
            continue
        _check_whitespace(line, where)
        if line.startswith("#"):
            _check_has_sentences(headings, bodies, source)
            name = _parse_heading(line, where)
            if name in lines_by_name:
                raise _error(
                    where,
                    "a heading of its own for every document",
                    f"'{line}' again (first in line {lines_by_name[name]})",
                    "rename one or join the two documents",
                )
            lines_by_name[name] = number
            headings.append((*name, number))
            bodies.append([])
        elif not bodies:
            raise _error(
                where,
                "a heading '# register/topic' before the first sentence",
                _quote(line),
                "put one in front of it",
            )
        else:
            bodies[-1].append(_parse_sentence(line, number, where, labels))
    _check_has_sentences(headings, bodies, source)
    return [
        MarkedDocument(register, topic, tuple(body), source=source, line=number)
        for (register, topic, number), body in zip(headings, bodies)
    ]


def is_heading(line: str) -> bool:
    """Whether a line is the heading of a document.

    Args:
        line: Line without its line end.
    """
    return _HEADING.fullmatch(line) is not None


def write_markup(documents: Iterable[MarkedDocument]) -> str:
    """Format documents as markup, so that `parse_markup(write_markup(docs)) == docs`.

    Args:
        documents: Documents to format.

    Returns:
        Text with markup.

    Raises:
        DistillError: If the format cannot represent the documents: white space other
            than single spaces, empty or overlapping entities, a sentence that starts
            with `#`, ...
    """
    documents = list(documents)
    text = "\n".join(
        f"# {document.name}\n\n" + "".join(map(_sentence_line, document.sentences))
        for document in documents
    )
    # The parser implements every rule of the format, so it also validates the output.
    if parse_markup(text, source="<written>") != documents:
        raise DistillError(
            "Expected documents whose text and entities can be read back, got some that"
            " come back different; look for line breaks in a text, a sentence that"
            " starts with '#', or entities that overlap or stand out of order."
        )
    return text


def _sentence_line(sentence: MarkedSentence) -> str:
    parts: List[str] = []
    last = 0
    for entity in sentence.entities:
        parts.append(_escape(sentence.text[last : entity.start]))
        words = _escape(sentence.text[entity.start : entity.end])
        parts.append(f"[{words}]({entity.label})")
        last = entity.end
    parts.append(_escape(sentence.text[last:]))
    return "".join(parts) + "\n"


def _escape(text: str) -> str:
    return "".join("\\" + c if c in _ESCAPED else c for c in text)


def _parse_heading(line: str, where: str) -> Tuple[str, str]:
    match = _HEADING.fullmatch(line)
    if not match:
        raise _error(
            where,
            "a heading '# register/topic' of lower-case letters, digits and hyphens",
            _quote(line),
            "correct it (a sentence cannot start with '#')",
        )
    return match[1], match[2]


def _parse_sentence(
    line: str, number: int, where: str, labels: Optional[Collection[str]]
) -> MarkedSentence:
    text: List[str] = []
    entities: List[MarkedEntity] = []
    start: Optional[int] = None
    i = 0
    while i < len(line):
        char = line[i]
        i += 1
        if char == "\\":
            text.append(_escaped_char(line, i, where))
            i += 1
        elif char == "[":
            if start is not None:
                raise _error(
                    where,
                    "']' before the next '['",
                    _quote(line[i - 1 :]),
                    "close the entity, which cannot hold another, or write a bracket"
                    " of the text as '\\['",
                )
            start = len(text)
        elif char == "]":
            if start is None:
                raise _error(
                    where,
                    "'[' before ']'",
                    _quote(line[:i], tail=True),
                    "open the entity, or write a bracket of the text as '\\]'",
                )
            words = "".join(text[start:])
            _check_words(words, where)
            label = _label_after(line, i, words, where)
            _check_label(label, words, where, labels)
            entities.append(MarkedEntity(start, len(text), label))
            start = None
            i += len(label) + 2
        else:
            text.append(char)
    if start is not None:
        raise _error(
            where,
            "']' to close an entity",
            f"the end of the line after {_quote('[' + ''.join(text[start:]))}",
            "close the entity, or write a bracket of the text as '\\['",
        )
    return MarkedSentence("".join(text), tuple(entities), line=number)


def _escaped_char(line: str, i: int, where: str) -> str:
    """Return the character at offset `i`, which follows a backslash."""
    if i == len(line) or line[i] not in _ESCAPED:
        raise _error(
            where,
            "'[', ']' or '\\' after a backslash",
            _quote(line[i:]),
            "write a backslash of the text as '\\\\'",
        )
    return line[i]


def _label_after(line: str, i: int, words: str, where: str) -> str:
    """Return the label in parentheses at offset `i` of a line."""
    match = _LABEL.match(line, i)
    if not match:
        raise _error(
            where,
            f"a label as in '[{words}](LABEL)'",
            f"{_quote(line[i:])} after '[{words}]'",
            "add the label, or write brackets of the text as '\\[' and '\\]'",
        )
    return match[1]


def _check_words(words: str, where: str) -> None:
    if not words:
        raise _error(
            where,
            "words in an entity's brackets",
            "'[]'",
            "fill them in, or write brackets of the text as '\\[' and '\\]'",
        )
    if words != words.strip():
        raise _error(
            where,
            "an entity without white space at its edges",
            f"'[{words}]'",
            "move the space outside the brackets",
        )


def _check_label(
    label: str, words: str, where: str, labels: Optional[Collection[str]]
) -> None:
    if labels is None or label in labels:
        return
    if not labels:
        raise _error(
            where,
            "unlabelled text",
            f"'[{words}]({label})'",
            "remove the mark-up, or use the text as gold",
        )
    raise _error(
        where,
        f"one of the labels {', '.join(labels)}",
        f"{label!r} for '[{words}]'",
        "correct it or allow the label",
    )


def _check_whitespace(line: str, where: str) -> None:
    for char in line:
        if char != " " and (char.isspace() or unicodedata.category(char) == "Cc"):
            name = {"\t": "a tab", "\r": "a carriage return"}.get(char, repr(char))
            raise _error(
                where, "plain spaces only", name, "replace it by a space or remove it"
            )
    if line != line.strip(" ") or "  " in line:
        raise _error(
            where,
            "no space at either end of a line and no two in a row",
            _quote(line, tail=line.endswith(" ")),
            "remove the stray space",
        )


def _check_has_sentences(
    headings: List[Tuple[str, str, int]],
    bodies: List[List[MarkedSentence]],
    source: str,
) -> None:
    if bodies and not bodies[-1]:
        register, topic, number = headings[-1]
        raise _error(
            f"{source}:{number}",
            f"sentences under '# {register}/{topic}'",
            "none",
            "write some or remove the heading",
        )


def _error(where: str, expected: str, got: str, remedy: str) -> DistillError:
    return DistillError(f"{where}: expected {expected}, got {got}; {remedy}.")


def _quote(text: str, *, tail: bool = False) -> str:
    """Quote a part of a line, shortened to keep error messages readable."""
    if not text:
        return "the end of the line"
    if len(text) > 40:
        text = "..." + text[-37:] if tail else text[:37] + "..."
    return f"'{text}'"
