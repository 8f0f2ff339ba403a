"""Checks of the names of a token classifier's outputs, with what to do about faults.

Where new names help, a message ends with a map of them to paste. Each such map is one
that `label_schemes.read_scheme` accepts, but for the names that only the user knows.
"""

from typing import Dict, List, Optional, Sequence

from ...corpora.tag_spellings import (
    DASH,
    OUTSIDE,
    Tag,
    TagSet,
    is_outside,
    similar_labels,
)
from ...errors import DistillError
from .output_names import Output, is_default, list_names, renaming_advice

# Names that may be meant for words outside of entities.
_MAYBE_OUTSIDE = {"", "0", "_", "-", "none", "null", "nil", "na", "n/a", "other", "no"}


def check_named(outputs: Sequence[Output], *, source: str) -> None:
    """Check that the outputs have names.

    Args:
        outputs: The outputs.
        source: Name of the model, for error messages.

    Raises:
        DistillError: If all but O have the default names.
    """
    unnamed = [output for output in outputs if is_default(output.new)]
    named = [output for output in outputs if not output.is_special]
    if unnamed and all(is_outside(output.new) for output in named):
        raise DistillError(
            f"Expected entity labels in id2label of {source}, got the default"
            f" {list_names(output.name for output in unnamed)}: write the labels that"
            " it was trained with to its config.json, in their order, or as the values"
            " of this map"
            f" {renaming_advice({output.name: output.new for output in unnamed})}"
        )


def check_outside(outputs: Sequence[Output], found: TagSet, *, source: str) -> None:
    """Check that an output is for words outside of entities, and others are not.

    Args:
        outputs: The outputs.
        found: Their tags.
        source: Name of the model, for error messages.

    Raises:
        DistillError: If there is no `O`, or nothing else.
    """
    names = [output.name for output in outputs]
    if OUTSIDE not in found.tags.values():
        maybe: Dict[str, Optional[str]] = {
            output.name: None
            for output in outputs
            if output.is_special or output.new.strip().lower() in _MAYBE_OUTSIDE
        }
        raise DistillError(
            f"Expected a label 'O', for words outside of entities, in id2label of"
            f" {source}, got {list_names(names)}: use an NER model, or say which output"
            f" it is {renaming_advice(maybe or {name: name for name in names})}"
        )
    if not found.labels and not found.strays:
        special = {output.name: output.name for output in outputs if output.is_special}
        renaming = f", or say what is a label {renaming_advice(special)}"
        raise DistillError(
            f"Expected entity labels in id2label of {source}, got only"
            f" {list_names(names)}: use a trained model{renaming if special else '.'}"
        )


def check_spelling(outputs: Sequence[Output], found: TagSet, *, source: str) -> None:
    """Check that all labels are of one spelling and one scheme.

    Args:
        outputs: The outputs.
        found: Their tags.
        source: Name of the model, for error messages.

    Raises:
        DistillError: If some have no prefix, or one of another spelling or scheme, or
            if it is uncertain whether they have any.
    """
    named = [output for output in outputs if not output.is_special]
    strays = [output.name for output in named if output.new in found.strays]
    if strays:
        spelling = found.spelling or DASH
        has_ends = any(tag.prefix == "L" for tag in found.tags.values())
        new = {
            output.name: None if has_ends else spelling.write("I", output.new)
            for output in named
            if output.new in found.strays
        }
        begins, continues = (spelling.write(prefix, "") for prefix in "BI")
        raise _mixed(
            f"{list_names(strays)} beside labels with {begins} and {continues}",
            f"say what they are {renaming_advice(new)}",
            source,
        )
    tags = {output.name: found.tags[output.new] for output in named}
    labels = [name for name, tag in tags.items() if tag.label]
    # Outputs named O keep their name.
    biluo = {
        output.name: found.tags[output.new].biluo if tags[output.name].label else None
        for output in named
        if not is_outside(output.new)
    }
    if not found.certain:
        raise DistillError(
            f"Expected labels with a prefix or without one in id2label of {source}, got"
            f" {list_names(labels)}, which may be either: say what they are, such as"
            f" 'I-{labels[0]}' for a label {labels[0]!r}, {renaming_advice(biluo)}"
        )
    if not found.one_family:
        letters = dict.fromkeys(tag.letter for tag in tags.values() if tag.label)
        raise _mixed(
            f"{list_names(labels)}, with prefixes {', '.join(letters)}",
            f"say what they are in BILUO {renaming_advice(biluo)}",
            source,
        )
    incomplete = [name for name in labels if not _is_complete(tags[name].label, found)]
    if incomplete:
        raise _mixed(
            f"{list_names(incomplete)} beside labels of BILUO",
            "train it on one scheme, or leave them out"
            f" {renaming_advice(dict.fromkeys(incomplete))}",
            source,
        )


def check_labels(
    outputs: Sequence[Output], tags: Sequence[Tag], found: TagSet, *, source: str
) -> None:
    """Check that different outputs have different labels or prefixes.

    Args:
        outputs: The outputs.
        tags: Tag of each output.
        found: The tags of the names.
        source: Name of the model, for error messages.

    Raises:
        DistillError: If outputs have the same tag without having been renamed, or if
            labels differ in case or separators only.
    """
    by_tag: Dict[str, List[str]] = {}
    for output, tag in zip(outputs, tags):
        if tag.label and output.new == output.name:
            by_tag.setdefault(tag.biluo, []).append(output.name)
    for same in by_tag.values():
        if len(set(same)) < len(same):
            raise DistillError(
                f"Expected unique labels in id2label of {source}, got"
                f" {list_names(sorted(set(same)))} more than once: correct its"
                " config.json."
            )
        if len(same) > 1:
            raise DistillError(
                f"Expected labels that differ in id2label of {source}, got"
                f" {list_names(same)}: say that they are one"
                f" {renaming_advice(dict.fromkeys(same[1:], same[0]))}"
            )
    for similar in similar_labels(found.labels):
        new = {
            output.name: similar[0]
            if found.spelling is None
            else found.spelling.write(tag.letter, similar[0])
            for output, tag in zip(outputs, tags)
            if tag.label in similar[1:]
        }
        raise DistillError(
            "Expected labels that differ in more than case and separators in id2label"
            f" of {source}, got {list_names(similar)}: say that they are one"
            f" {renaming_advice(new)}"
        )


def _is_complete(label: str, found: TagSet) -> bool:
    """Whether a label has an end for its beginning, if the scheme marks ends."""
    if not any(tag.prefix == "L" for tag in found.tags.values()):
        return True
    prefixes = {tag.prefix for tag in found.tags.values() if tag.label == label}
    # An entity that begins with B ends with L, and I is between the two.
    return ("L" in prefixes) == ("B" in prefixes) and not (
        "I" in prefixes and "L" not in prefixes
    )


def _mixed(found: str, advice: str, source: str) -> DistillError:
    return DistillError(
        "Expected labels of one scheme (BIO, IOB1, BIOS, BILUO or plain) in id2label"
        f" of {source}, got {found}: {advice}"
    )
