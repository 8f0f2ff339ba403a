"""A teacher that is described by a config, as ensembles and label maps are."""

from pathlib import Path

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
        config = load_config(path)
        if "teacher" not in config:
            raise DistillError(
                f"Expected a section [teacher] in {path}, got"
                f" {', '.join(config) or 'no section'}."
            )
        teacher = registry.resolve({"teacher": config["teacher"]})["teacher"]
    except DistillError:
        raise
    except (ConfigValidationError, ValueError) as error:
        text = getattr(error, "text", None) or str(error)
        reason = " ".join(text.split())
        raise DistillError(
            f"Could not build the teacher of {path}: {reason}"
        ) from error
    if not isinstance(teacher, Teacher):
        raise DistillError(
            f"Expected [teacher] of {path} to name a teacher, got a"
            f" {type(teacher).__name__}: see docs/teachers.md for their names."
        )
    return teacher
