"""Tell what a teacher is given as: what a name is the name of, what an object is."""

from pathlib import Path
from typing import Any, Mapping, Union

from spacy.language import Language

from ..corpora.file_kinds import is_column_file
from ..corpora.formats.read import is_annotated
from ..hub import is_model_folder, read_config
from .base import Teacher

# Names of annotation files. Those with other names are recognized by their content.
_ANNOTATIONS = (
    *(".jsonl", ".jsonl.gz", ".json", ".json.gz", ".csv", ".csv.gz"),
    ".ann",
)
# The type of all GLiNER2 models in their configs.
_GLINER2 = "extractor"


def is_pipeline(source: Union[str, Path]) -> bool:
    """Return whether `source` is treated as the name or folder of a spaCy pipeline."""
    name, path = str(source), Path(source)
    is_file = name.endswith(".cfg") or is_annotation_file(path)
    return not (is_file or _is_hugging_face(path) or _is_hub_name(name))


def is_annotation_file(path: Path) -> bool:
    """Return whether `path` is treated as annotations in a file or folder."""
    # By the name alone, a missing or broken file is told as such.
    if path.name.endswith(_ANNOTATIONS) or is_annotated(path):
        return True
    return path.suffix != ".cfg" and is_column_file(path)


def is_name(source: Any) -> bool:
    """Return whether `source` is a name or path, and no object."""
    return isinstance(source, (str, Path))


def is_transformers_pipeline(source: Any) -> bool:
    """Return whether an object is a `transformers` pipeline."""
    return hasattr(source, "model") and hasattr(source, "tokenizer")


def is_gliner2(source: Any) -> bool:
    """Return whether `source` is a GLiNER2 model, or the folder or hub name of one.

    Raises:
        DistillError: If there is no such folder or hub name.
    """
    if is_name(source):
        return (
            _is_model_name(source)
            and read_config(str(source)).get("model_type") == _GLINER2
        )
    config = getattr(source, "config", None)
    return getattr(config, "model_type", None) == _GLINER2


def uses_labels(labels: Any, source: Any) -> bool:
    """Return whether labels are for a source: a list, or a map of labels."""
    if is_name(source):
        if not _is_model_name(source):
            return False
        return isinstance(labels, Mapping) or is_gliner2(source)
    if isinstance(source, (Language, Teacher)):
        return False
    if not is_transformers_pipeline(source):
        return True
    is_zero_shot = getattr(source, "task", None) == "zero-shot-classification"
    return is_zero_shot or isinstance(labels, Mapping)


def has_tasks(source: Any) -> bool:
    """Return whether a source may be of any task, so that the user chooses."""
    if is_name(source):
        if str(source).endswith(".cfg"):
            return False
        return is_annotation_file(Path(source)) or is_gliner2(source)
    return not (
        isinstance(source, (Language, Teacher)) or is_transformers_pipeline(source)
    )


def describe(source: Any) -> str:
    """Return the name of a source, or its type, for error messages."""
    return repr(str(source)) if is_name(source) else f"a {type(source).__name__}"


def _is_model_name(source: Union[str, Path]) -> bool:
    """Return whether a name is that of a Hugging Face model."""
    is_config = str(source).endswith(".cfg")
    return not (is_config or is_annotation_file(Path(source)) or is_pipeline(source))


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
