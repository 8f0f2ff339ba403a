"""A teacher that is described by a config, as ensembles and label maps are."""

from configparser import Error as ParserError
from pathlib import Path

from catalogue import RegistryError
from confection import ConfigValidationError
from spacy.util import load_config, registry

from ..errors import DistillError
from .base import Teacher


def teacher_from_config(path: Path) -> Teacher:
    """Build the teacher of a config's [teacher] section.

    path: a file in the format of spaCy's configs. Paths in it are as they would be on
        the command line, relative to the working directory.

    Raises DistillError if the file has no such section or names what does not exist.
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
        # spaCy goes on with advice and all names that there are.
        reason = " ".join(str(error).partition("If you")[0].split())
        raise DistillError(
            f"Could not build the teacher of {path}: {reason} Teachers are"
            f" {_known_teachers()}; others need their package to be installed."
        ) from error
    except (ConfigValidationError, ParserError, ValueError) as error:
        if isinstance(error, ConfigValidationError):
            # Else the message ends with the whole block.
            error = ConfigValidationError.from_error(error, show_config=False)
        raise DistillError(
            f"Could not build the teacher of {path}: {' '.join(str(error).split())}"
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
