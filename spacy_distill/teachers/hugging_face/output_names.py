"""Names of a classifier's outputs: new names, and those that are no label."""

import json
import re
from typing import Iterable, List, Mapping, NamedTuple, Optional, Sequence

from ...errors import DistillError

# Outputs for special tokens and for pieces that do not begin a word.
_SPECIAL = re.compile(
    r"[<\[]/?(pad|cls|sep|unk|mask|s|bos|eos|sos|start|stop|end|x|ignore|special)[\]>]"
    r"|x|pad|cls|sep|bos|eos|-100",
    re.IGNORECASE,
)
# Names that transformers gives to outputs without a name.
_DEFAULT = re.compile(r"LABEL_\d+")


class Output(NamedTuple):
    """An output of a model.

    Attributes:
        name: Name in the model's config.
        new: Name after renaming; the same without a new one.
        is_special: Whether it is for special tokens, or has no name.
    """

    name: str
    new: str
    is_special: bool


def rename(
    names: Sequence[str], new: Mapping[str, Optional[str]], *, source: str
) -> List[Output]:
    """Rename outputs.

    Args:
        names: Names of the outputs.
        new: New names of some of them; None for no entity. A label may be named `X` by
            this, which would be special otherwise.
        source: Name of the model, for error messages.

    Returns:
        The outputs. Those that are no entity are renamed to `O`.

    Raises:
        DistillError: If the model has no such output, or if a new name is empty.
    """
    unknown = [name for name in new if name not in names]
    if unknown:
        raise DistillError(
            f"Expected new names of outputs of {source}, which are"
            f" {list_names(names, most=len(names))}, got some of {list_names(unknown)}"
            f" in labels: remove {'it' if len(unknown) == 1 else 'them'}."
        )
    for name, value in new.items():
        if value is not None and not (isinstance(value, str) and value.strip()):
            raise DistillError(
                f"Expected a new name of {name!r} in labels, or null for no entity, got"
                f" {value!r}: change it."
            )
    outputs = []
    for name in names:
        meant = new.get(name, name)
        meant = "O" if meant is None else meant
        special = is_default(meant) or (name not in new and is_special(name))
        outputs.append(Output(name, meant, special))
    return outputs


def is_special(name: str) -> bool:
    """Return whether a name is that of an output for special tokens, as `[CLS]`.

    Args:
        name: Name of an output.
    """
    return _SPECIAL.fullmatch(name.strip()) is not None


def is_default(name: str) -> bool:
    """Return whether a name is one that transformers gives, as `LABEL_0`.

    Args:
        name: Name of an output.
    """
    return _DEFAULT.fullmatch(name.strip()) is not None


def find_entailment(names: Sequence[str]) -> Optional[int]:
    """Return the output for entailment of a model of natural language inference.

    Args:
        names: Names of the model's outputs.

    Returns:
        Its column; None if there is none.
    """
    found = (i for i, name in enumerate(names) if name.lower().startswith("entail"))
    return next(found, None)


def renaming_advice(
    new: Mapping[str, Optional[str]],
    *,
    teacher: str = "HuggingFaceTeacher",
    null: str = "no entity",
) -> str:
    """Return how to rename outputs, as the end of an error message.

    Args:
        new: The map to paste: new names of outputs, None for no entity.
        teacher: Name of the registered teacher.
        null: What null is for.
    """
    # On one line, since that can be pasted into a section.
    return (
        f"in the config of a spacy_distill.{teacher}.v1 (see docs/teachers.md), with"
        f" null for {null}: labels = {json.dumps(new, ensure_ascii=False)}"
    )


def list_names(names: Iterable[str], *, most: int = 6) -> str:
    """Return names for a message.

    Args:
        names: The names.
        most: Number of names to list; "..." stands for the others.
    """
    found: List[str] = list(names)
    return ", ".join(map(repr, found[:most])) + (", ..." if len(found) > most else "")
