"""Presets: students of a few sizes, each a shipped config, by one word."""

from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, Mapping, NamedTuple, Optional

from ..errors import DistillError
from ..hub import DEFAULT_TRANSFORMER
from ..tasks.textcat.task import TextCatTask
from ..teachers.base import Teacher
from ..teachers.load import TeacherSource
from .config import CONFIGS, student_config

DEFAULT, TRANSFORMER = "default", "transformer"
# Names of shipped configs, by preset.
_ENTITIES = {
    "small": "student_small",
    DEFAULT: "student",
    "accurate": "student_accurate",
    TRANSFORMER: "transformer_student",
}
_CATEGORIES = {
    "small": "textcat_ngrams",
    DEFAULT: "textcat_student",
    TRANSFORMER: "textcat_transformer",
}
PRESETS = tuple(_ENTITIES)
# The default student with word vectors.
_VECTORS = "student_vectors"
# Of transformer students, as in the configs: layers, and word pieces read at once.
_LAYERS, _MAX_LENGTH = 3, 128


def check_preset(preset: Optional[str], config: Optional[Any] = None) -> None:
    """Check the name of a preset, before it is known what the student is to learn.

    Args:
        preset: The preset, if any.
        config: A config that was given beside it.

    Raises:
        DistillError: If there is no such preset, or if there is a config too.
    """
    if preset is None:
        return
    if preset not in PRESETS:
        raise DistillError(
            f"Expected a preset of {', '.join(PRESETS[:-1])} or {PRESETS[-1]}, got"
            f" {preset!r}: choose one of them."
        )
    if config is not None:
        raise DistillError(
            f"Expected one of a preset and a config of the student, got {preset!r} and"
            f" {config}: leave one out."
        )


def preset_config(preset: str, *, categories: bool, vectors: bool = False) -> Path:
    """Return the config of a preset.

    Args:
        preset: Its name.
        categories: Whether the student classifies texts.
        vectors: Whether there are word vectors for it, in `paths.word_vectors`.

    Raises:
        DistillError: If there is no such preset for the task.
    """
    names = _CATEGORIES if categories else _ENTITIES
    if preset not in names:
        raise DistillError(
            f"Expected a preset of {', '.join(names)} for a text classifier, got"
            f" {preset!r}: choose one of them."
        )
    if preset == DEFAULT and not (vectors and not categories):
        return student_config(categories=categories)
    return CONFIGS / f"{_VECTORS if preset == DEFAULT else names[preset]}.cfg"


def preset_settings(
    preset: str,
    teacher: Teacher,
    source: TeacherSource,
    settings: Mapping[str, Any],
) -> Dict[str, Any]:
    """Return the settings of a preset that depend on the teacher.

    A transformer student starts from the teacher's own transformer where it can, or
    else, in English, from the default one. It has the width of what it starts from.

    Args:
        preset: Its name.
        teacher: The teacher.
        source: The teacher as it was given.
        settings: Overrides by dotted name.

    Returns:
        Further overrides.

    Raises:
        DistillError: If there is no transformer to start from.
    """
    if preset != TRANSFORMER:
        return {}
    given = settings.get("paths.transformer")
    start: Optional[_Start]
    if given:
        start = _read_start(str(given))
    else:
        start = _teacher_start(teacher, source)
        if start is None:
            start = _read_start(_usual_transformer(settings))
    # torch and transformers are imported for this preset alone.
    from ..students.transformer.module import n_positions

    component = "textcat" if isinstance(teacher.task, TextCatTask) else "ner"
    encoder = f"components.{component}.model.tok2vec"
    found = start.config
    sizes = {
        "layers": min(_LAYERS, found.num_hidden_layers),
        "width": found.hidden_size,
        "feed_forward_width": found.intermediate_size,
        "heads": found.num_attention_heads,
        "max_length": min(_MAX_LENGTH, n_positions(found)),
    }
    return {
        "paths.transformer": start.name,
        **{f"{encoder}.{name}": size for name, size in sizes.items()},
    }


class _Start(NamedTuple):
    """Where a transformer student starts.

    Attributes:
        name: A Hugging Face model or a pipeline.
        config: The `transformers` config of its encoder.
    """

    name: str
    config: Any


def _teacher_start(teacher: Teacher, source: TeacherSource) -> Optional[_Start]:
    """Return the transformer of a teacher, if a student can take layers of it."""
    from ..students.transformer.module import BERT_TYPES
    from ..students.transformer.source import find_encoder, read_source_config

    start = None
    if teacher.nlp.path is not None:
        encoder = find_encoder(teacher.nlp)
        if encoder is not None:
            start = _Start(str(teacher.nlp.path), encoder.model.config)
    elif isinstance(source, (str, Path)) and not Path(source).is_file():
        with suppress(DistillError):
            start = _Start(str(source), read_source_config(source))
    kind = getattr(start.config, "model_type", "") if start is not None else ""
    return start if kind in BERT_TYPES else None


def _read_start(name: str) -> _Start:
    from ..students.transformer.source import load_encoder, read_source_config

    # The config of a pipeline's encoder is known once it is loaded.
    return _Start(name, read_source_config(name) or load_encoder(name).model.config)


def _usual_transformer(settings: Mapping[str, Any]) -> str:
    lang = settings.get("nlp.lang", "en")
    if lang != "en":
        raise DistillError(
            "Expected a transformer that the student starts from, since the teacher has"
            f" none that it could take, got none for the language {lang!r}: give it,"
            " as in --paths.transformer FOLDER."
        )
    return DEFAULT_TRANSFORMER
