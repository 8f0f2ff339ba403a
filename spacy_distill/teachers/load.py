"""Load a teacher from whatever the user gives."""

from configparser import Error as ParserError
from pathlib import Path
from typing import Any, Dict, List, Optional, Union

from catalogue import RegistryError
from confection import ConfigValidationError
from spacy.util import load_config, registry

from ..errors import DistillError
from .base import Teacher
from .ensemble import EnsembleTeacher


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


_ANNOTATIONS = (".jsonl", ".jsonl.gz")


def load_teacher(
    source: Union[str, Path],
    *,
    component: Optional[str] = None,
    strict: Optional[bool] = None,
) -> Teacher:
    """Load whatever `source` names as teacher.

    source: a config (`.cfg`) with a [teacher] section; a file of annotations
        (`.jsonl`, `.jsonl.gz`); a folder or hub name (`owner/model`) of a Hugging Face
        token classifier; else a spaCy pipeline, an installed package or a folder.
    component: for a pipeline, the component that gives the logits; by default the
        only one that can.
    strict: for a file of annotations, whether none of it is taken if some of it is
        invalid (the default), or whether that is left out.

    Raises DistillError if there is no such thing, or if it cannot teach.
    """
    # Each imported when it is needed: the libraries behind them take their time.
    name, path = str(source), Path(source)
    if strict is not None and not name.endswith(_ANNOTATIONS):
        raise DistillError(
            "Expected --strict or --skip with a file of annotations (.jsonl) only, got"
            f" {name!r}: leave it out, or in a config set on_invalid."
        )
    if name.endswith((".cfg", *_ANNOTATIONS)):
        if component is not None:
            raise DistillError(
                f"Expected --component with a spaCy pipeline only, got {name!r}: leave"
                " it out."
            )
        if not path.is_file():
            raise DistillError(f"Expected a file {name}, got nothing there.")
        if name.endswith(".cfg"):
            return teacher_from_config(path)
        from .annotations.teacher import annotations_teacher_v1

        on_invalid = "skip" if strict is False else "strict"
        return annotations_teacher_v1(path, on_invalid=on_invalid)
    if not is_pipeline(source):
        from .hugging_face.teacher import hugging_face_teacher_v1

        return hugging_face_teacher_v1(name)
    from .spacy_pipelines.pipelines import pipeline_teacher_v1

    return pipeline_teacher_v1(name, component=component)


def is_pipeline(source: Union[str, Path]) -> bool:
    """Whether `source` is taken for the name or folder of a spaCy pipeline."""
    name, path = str(source), Path(source)
    is_file = name.endswith((".cfg", *_ANNOTATIONS))
    return not (is_file or _is_hugging_face(path) or _is_hub_name(name))


def _is_hugging_face(path: Path) -> bool:
    # A pipeline has a config of another name.
    return (path / "config.json").is_file() and not (path / "config.cfg").is_file()


def _is_hub_name(name: str) -> bool:
    return (
        name.count("/") == 1
        and not name.startswith((".", "/", "~"))
        and not name.endswith("/")
        and not Path(name).exists()
        and not Path(name).parent.exists()
    )


@registry.misc("spacy_distill.EnsembleTeacher.v1")
def ensemble_teacher_v1(
    # Not Dict[str, Teacher]: confection checks the values before it builds them.
    members: Optional[Dict[str, Any]] = None,
    paths: Optional[List[str]] = None,
    weights: Optional[Dict[str, float]] = None,
) -> Teacher:
    """The weighted mean of what several teachers say.

    members: teachers by names of your choice.
    paths: further members, whatever can be named on the command line, as the seeds of
        one config can: ["work/seed0/model-best", "work/seed1/model-best"]. Their names
        are these paths.
    weights: by the members' names; equal ones by default. They are made to sum to 1.

    The first member's tokenizer and order of tags are used.

    Raises DistillError if there is no member, if their labels differ, or if the
        weights do not fit.
    """
    members = dict(members or {})
    for path in paths or []:
        if path in members:
            raise DistillError(
                f"Expected members that differ, got {path!r} twice: give it a weight."
            )
        members[path] = load_teacher(path)
    return EnsembleTeacher(members, weights=weights)
