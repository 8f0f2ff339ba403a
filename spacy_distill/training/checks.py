"""Checks of a config before any time is spent: names, values and libraries.

spaCy ignores settings that it does not know, and finds other mistakes only when it
builds the pipeline, which is after the teacher has annotated the texts.
"""

from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, Iterable

from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.util import get_lang_class, load_model_from_config, registry
from thinc.api import Config

from ..docs import blank_pipeline
from ..errors import DistillError
from ..students.init_words import INIT_WORDS
from ..students.lexicon.init_features import INIT_LEXICON_FEATURES
from ..students.transformer.initialization import INIT_TRANSFORMER
from .callbacks import RUN_CALLBACKS
from .config import config_errors
from .init_lexicon import INIT_LEXICON
from .layer_teacher import LAYER_TEACHER
from .settings import SECTIONS, walk_sections
from .vector_teacher import VECTOR_TEACHER

# Sections whose keys are checked in the config too, not in overrides alone.
_CLOSED = ("nlp", "training", "initialize", "schedule")

# Least values of whole numbers.
_LEAST = {
    "training.max_steps": 0,
    "training.eval_frequency": 1,
    "training.accumulate_gradient": 1,
    "training.patience": 0,
    "training.max_epochs": -1,
    "training.seed": 0,
    "training.batcher.size": 1,
    "training.batcher.buffer": 1,
    "training.optimizer.learn_rate.warmup_steps": 0,
    "nlp.batch_size": 1,
}
# Sizes of this package's encoders.
_SIZES = (
    "word_width",
    "hidden_width",
    "char_width",
    "char_filters",
    "depth",
    "max_cached_types",
)
_OURS = "spacy_distill."

# Encoders that are trained by torch.
_TORCH_ENCODERS = ("spacy_distill.CharCNN", "spacy_distill.DilatedCNN", "Transformer")
_TRANSFORMER_STUDENT = "spacy_distill.TransformerStudent"
_CHECKED_CALLBACKS = (
    INIT_LEXICON,
    INIT_LEXICON_FEATURES,
    INIT_TRANSFORMER,
    INIT_WORDS,
    LAYER_TEACHER,
    RUN_CALLBACKS,
    VECTOR_TEACHER,
)
_FOR_TRANSFORMER_STUDENTS = ("transformers", "tokenizers", "onnx", "onnxruntime")


def check_config(config: Config, path: Path) -> None:
    """Check names, values and libraries, and build the pipeline untrained.

    Args:
        config: The config with overrides, variables not filled in.
        path: Where it is from, for error messages.

    Raises:
        DistillError: If training with it would fail, or never end.
    """
    with config_errors(path):
        filled = config.interpolate()
    _check_closed_sections(filled, path)
    _check_values(filled)
    _check_libraries(filled)
    _check_functions(filled)
    block = filled.get("nlp", {})
    with config_errors(path):
        blank_pipeline(block.get("lang"), tokenizer=block.get("tokenizer"))
    _check_factories(filled)
    with config_errors(path):
        nlp = load_model_from_config(config, auto_fill=True)
        registry.resolve(
            nlp.config.interpolate()["training"],
            schema=ConfigSchemaTraining,
        )
        _check_start(nlp)


def _check_start(nlp: Language) -> None:
    """Check what callbacks of this package load when the student is initialized."""
    initialize = nlp.config.interpolate()["initialize"]
    for name in ("before_init", "after_init"):
        block = initialize.get(name)
        if block is not None and block.get("@callbacks") in _CHECKED_CALLBACKS:
            registry.resolve({name: block})[name].check(nlp)


def _check_closed_sections(config: Config, path: Path) -> None:
    for section in _CLOSED:
        known = SECTIONS[section]
        for key in config.get(section, {}):
            if key not in known:
                close = get_close_matches(key, known, n=1)
                raise DistillError(
                    f"Expected settings that exist in [{section}] of {path}, got"
                    f" {key!r}:"
                    f" {f'did you mean {close[0]}?' if close else 'remove it.'}"
                )


def _check_values(config: Config) -> None:
    blocks = dict(walk_sections(config))
    least: Dict[str, int] = dict(_LEAST)
    for section, block in blocks.items():
        if str(block.get("@architectures", "")).startswith(_OURS):
            least.update({".".join([*section, name]): 1 for name in _SIZES})
    for name, lowest in least.items():
        *section_, option = name.split(".")
        value = blocks.get(tuple(section_), {}).get(option)
        # None is the default of some; a dict is a schedule.
        if value is None or isinstance(value, dict):
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
            raise DistillError(
                f"Expected a whole number of {lowest} or more as {name}, got {value!r}:"
                " change it."
            )
    passes = config.get("schedule", {}).get("passes")
    if passes is not None and (
        not isinstance(passes, (int, float)) or isinstance(passes, bool) or passes <= 0
    ):
        raise DistillError(
            f"Expected a number above 0, or null, as schedule.passes, got {passes!r}:"
            " change it."
        )
    training = config["training"]
    ends = ("max_steps", "patience")
    if training.get("max_epochs", 0) < 1 and not any(training.get(n) for n in ends):
        raise DistillError(
            "Expected training that ends, got training.max_steps = 0 without"
            " training.max_epochs: give a number of steps."
        )


def _check_libraries(config: Config) -> None:
    text = config.to_str()
    pipes = config.get("components", {}).values()
    needs = {
        # The default encoder too, which a component has without a model.
        "torch": any(name in text for name in _TORCH_ENCODERS)
        or any("model" not in pipe for pipe in pipes),
        "spacy_transformers": "spacy-transformers." in text
        or any(pipe.get("factory") == "transformer" for pipe in pipes),
        **{name: _TRANSFORMER_STUDENT in text for name in _FOR_TRANSFORMER_STUDENTS},
    }
    missing = [name for name, needed in needs.items() if needed and not find_spec(name)]
    if missing:
        raise DistillError(
            f"Expected {' and '.join(missing)}, which this training needs, got none"
            ' installed: run pip install "spacy-distill[train]".'
        )


def _check_functions(config: Config) -> None:
    for section, block in walk_sections(config):
        where = f"[{'.'.join(section)}]"
        for key, name in block.items():
            if key.startswith("@"):
                _check_function(where, key, name)


def _check_factories(config: Config) -> None:
    lang_class = get_lang_class(config["nlp"]["lang"])
    for name, block in config.get("components", {}).items():
        factory = block.get("factory")
        if factory is not None and not lang_class.has_factory(factory):
            known = [n.rpartition(".")[2] for n in registry.factories.get_all()]
            _raise_unknown(f"[components.{name}]", "factory", factory, known)


def _check_function(where: str, key: str, name: Any) -> None:
    kind = key[1:]
    kinds = registry.get_registry_names()
    if kind not in kinds:
        _raise_unknown(where, "a registry", key, [f"@{other}" for other in kinds])
    if not registry.has(kind, name):
        _raise_unknown(where, key, name, getattr(registry, kind).get_all())


def _raise_unknown(where: str, what: str, name: str, known: Iterable[str]) -> None:
    close = get_close_matches(str(name), list(known), n=1)
    advice = f"did you mean {close[0]!r}?" if close else "check the name."
    raise DistillError(
        f"Expected {what} in {where} to name what is registered, got {name!r}:"
        f" {advice} For functions of your own, add --code FILE."
    )
