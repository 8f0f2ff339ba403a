"""From what a user names to a teacher."""

from pathlib import Path
from typing import Optional, Union

from ..errors import DistillError
from .base import Teacher

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
            from .from_config import teacher_from_config

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
