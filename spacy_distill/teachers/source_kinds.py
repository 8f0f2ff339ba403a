"""Tell what the name of a teacher is the name of."""

from pathlib import Path
from typing import Any, Union

from ..corpora.formats.read import is_annotated
from ..hub import is_model_folder

# Names of annotation files. Those with other names are recognized by their content.
_ANNOTATIONS = (
    *(".jsonl", ".jsonl.gz", ".json", ".json.gz", ".csv", ".csv.gz"),
    ".ann",
)


def is_pipeline(source: Union[str, Path]) -> bool:
    """Return whether `source` is treated as the name or folder of a spaCy pipeline."""
    name, path = str(source), Path(source)
    is_file = name.endswith(".cfg") or is_annotation_file(path)
    return not (is_file or _is_hugging_face(path) or _is_hub_name(name))


def is_annotation_file(path: Path) -> bool:
    """Return whether `path` is treated as annotations in a file or folder."""
    # By the name alone, a missing or broken file is told as such.
    return path.name.endswith(_ANNOTATIONS) or is_annotated(path)


def is_name(source: Any) -> bool:
    """Return whether `source` is a name or path, and no object."""
    return isinstance(source, (str, Path))


def _is_hugging_face(path: Path) -> bool:
    # A spaCy pipeline has a config of another name.
    return is_model_folder(path) and not (path / "config.cfg").is_file()


def _is_hub_name(name: str) -> bool:
    return (
        name.count("/") == 1
        and not name.startswith((".", "/", "~"))
        and not name.endswith("/")
        and not Path(name).exists()
        and not Path(name).parent.exists()
    )
