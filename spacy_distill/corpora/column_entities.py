"""Entities of a column file, from its tags."""

from typing import List, NamedTuple, Optional, Sequence

from .column_layout import Layout
from .column_words import SurfaceWords
from .tag_repairs import repair_tags
from .tag_schemes import Bounds, detect_scheme, entity_bounds, scheme_name
from .tag_spellings import read_tag_set
from .tagged_tokens import TaggedToken, read_tags

# Names of schemes that differ from BILUO in their letters.
_WRITTEN = {"BIES": "BIOES", "BMES": "BMES", "BIEW": "BIEWO", "BMEW": "BMEWO"}


class ColumnEntities(NamedTuple):
    """The entities of a file.

    Attributes:
        bounds: First word, end word (exclusive) and label of each entity, by sentences.
        scheme: Tag scheme of the file, and how it is written if otherwise.
        notes: What was repaired, trimmed, dropped or left out, a line each.
    """

    bounds: List[List[Bounds]]
    scheme: str
    notes: List[str]


def read_column_entities(
    sentences: Sequence[SurfaceWords],
    layout: Layout,
    *,
    scheme: Optional[str],
    source: str,
    strict: bool,
) -> ColumnEntities:
    """Read the entities of a file.

    Entities are in whole words of the text: parts of words at their ends are left out.

    Args:
        sentences: Words of each sentence, with the rows of their tags.
        layout: Columns of the file.
        scheme: Tag scheme. None detects it.
        source: Name of the file, for error messages.
        strict: Whether a tag that the scheme does not allow in its place is an error.
            Otherwise it is repaired.

    Returns:
        The entities.

    Raises:
        DistillError: With `source:line`, for malformed tags, and if strict for tags in
            the wrong place.
    """
    tagged = read_tags([_tagged(s, layout) for s in sentences], source=source)
    if scheme is None:
        scheme = detect_scheme(tagged, source=source, strict=strict)
    scheme = scheme_name(scheme)
    notes: List[str] = []
    if not strict:
        repaired = [repair_tags(tokens, scheme) for tokens in tagged]
        tagged = [sentence.tokens for sentence in repaired]
        faults = [token for sentence in repaired for token in sentence.faults]
        notes += _note_on_faults(faults, scheme)
    found: List[List[Bounds]] = []
    trimmed: List[str] = []
    dropped: List[str] = []
    for sentence, tokens in zip(sentences, tagged):
        found.append([])
        for start, end, label in entity_bounds(tokens, scheme, source=source):
            first, last, was_cut = sentence.whole_words(start, end)
            if last:
                found[-1].append((first, last, label))
            if was_cut:
                words = " ".join(token.word for token in tokens[start:end])
                cut = trimmed if last else dropped
                cut.append(f"'{words}' in line {tokens[start].line}")
    notes += _note_on_parts(trimmed, "trimmed to whole words")
    notes += _note_on_parts(dropped, "dropped")
    if layout.inner is not None:
        notes.append(_note_on_inner(sentences, layout.inner))
    return ColumnEntities(found, _described(scheme, tagged), notes)


def _tagged(sentence: SurfaceWords, layout: Layout) -> List[TaggedToken]:
    return [
        TaggedToken(row.fields[layout.word], layout.tag_of(row.fields), row.line)
        for row in sentence.tokens
    ]


def _described(scheme: str, sentences: Sequence[Sequence[TaggedToken]]) -> str:
    """Name a scheme, and the one with other letters that it is written as, as BMES."""
    if scheme != "BILUO":
        return scheme
    names = {token.shown for tokens in sentences for token in tokens}
    tags = read_tag_set(names, plain=False).tags.values()
    letters = {tag.letter for tag in tags if tag.label}
    # E and S alone are of several schemes.
    if letters <= set(scheme) or not letters & set("IM"):
        return scheme
    found = (name for family, name in _WRITTEN.items() if letters <= set(family))
    return ", written as ".join([scheme, *[*found][:1]])


def _note_on_faults(faults: Sequence[TaggedToken], scheme: str) -> List[str]:
    if not faults:
        return []
    first = faults[0]
    return [
        f"repaired {len(faults)} tags that {scheme} does not allow in their place,"
        f" first '{first.shown}' of '{first.word}' in line {first.line}"
    ]


def _note_on_parts(places: Sequence[str], what: str) -> List[str]:
    if not places:
        return []
    return [
        f"{len(places)} entities that begin or end within a word {what}, first"
        f" {places[0]}"
    ]


def _note_on_inner(sentences: Sequence[SurfaceWords], column: int) -> str:
    tags = (row.fields[column] for s in sentences for row in s.tokens)
    number = sum(tag[:1].upper() in ("B", "S", "U") for tag in tags)
    return f"{number} nested entities of column {column + 1} left out"
