"""From what a user names to a teacher."""

from pathlib import Path
from typing import Optional, Union

from ..errors import DistillError
from .base import Teacher


def load_teacher(
    source: Union[str, Path], *, component: Optional[str] = None
) -> Teacher:
    """Load whatever `source` names as teacher.

    source: a config (`.cfg`) with a [teacher] section; a file of annotations
        (`.jsonl`, `.jsonl.gz`); a folder or hub name (`owner/model`) of a Hugging Face
        token classifier; else a spaCy pipeline, an installed package or a folder.
    component: for a pipeline, the component that gives the logits; by default the
        only one that can.

    Raises DistillError if there is no such thing, or if it cannot teach.
    """
    # Each imported when it is needed: the libraries behind them take their time.
    name, path = str(source), Path(source)
    if name.endswith((".cfg", ".jsonl", ".jsonl.gz")):
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
        from .annotations import annotations_teacher_v1

        return annotations_teacher_v1(path)
    if _is_hugging_face(path) or _is_hub_name(name):
        from .hugging_face import hugging_face_teacher_v1

        return hugging_face_teacher_v1(name)
    from .pipelines import pipeline_teacher_v1

    return pipeline_teacher_v1(name, component=component)


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
