"""Create a teacher from a config."""

from configparser import Error as ParserError
from pathlib import Path

from catalogue import RegistryError
from confection import ConfigValidationError
from spacy.util import load_config, registry

from ..errors import DistillError, one_line
from .base import Teacher


def teacher_from_config(path: Path) -> Teacher:
    """Create the teacher of a config's section [teacher].

    Args:
        path: File in the format of spaCy's configs. Paths in it are relative to the
            working directory.

    Raises:
        DistillError: If the file has no such section, or names what does not exist.
    """
    try:
        config = load_config(path, interpolate=True)
        if "teacher" not in config:
            raise DistillError(
                f"Expected a section [teacher] in {path}, got"
                f" {', '.join(config) or 'no section'}."
            )
        teacher = registry.resolve({"teacher": config["teacher"]})["teacher"]
    except DistillError:
        raise
    except RegistryError as error:
        # spaCy adds advice and all names that exist.
        reason = " ".join(str(error).partition("If you")[0].split())
        raise DistillError(
            f"Could not build the teacher of {path}: {reason} Teachers are"
            f" {_known_teachers()}; others need their package to be installed."
        ) from error
    except (ConfigValidationError, ParserError, ValueError) as error:
        raise DistillError(
            f"Could not build the teacher of {path}: {one_line(error)}"
        ) from error
    if not isinstance(teacher, Teacher):
        raise DistillError(
            f'Expected @misc = "..." in [teacher] of {path} to name a teacher, got a'
            f" {type(teacher).__name__}: it may be one of {_known_teachers()}."
        )
    return teacher


def _known_teachers() -> str:
    return ", ".join(sorted(name for name in registry.misc.get_all() if _is_ours(name)))


def _is_ours(name: str) -> bool:
    return name.startswith("spacy_distill.") and name.endswith("Teacher.v1")
