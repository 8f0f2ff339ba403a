"""Load an encoder from where there is one: a model, a teacher, a student."""

from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Optional, Union

from spacy.language import Language

from ...docs import load_pipeline
from ...errors import DistillError
from ...hub import locate
from ...tokenizer_files import (
    check_fast,
    from_pretrained_args,
    load_tokenizer,
    reason,
)
from .module import BERT_TYPES
from .reading import load_json
from .shim import TransformerShim

# In the config of a saved encoder that has word shapes as `token_type_ids`.
_CASE_AWARE = "is_case_aware"
# Types of models that take `add_pooling_layer`.
_POOLED = (*BERT_TYPES, "mpnet")
_CASE_AWARE_ARCHITECTURE = "spacy_distill.CaseAwareTransformer.v1"


class Encoder(NamedTuple):
    """A transformer with its tokenizer.

    Attributes:
        model: The encoder alone, a `transformers` model, on the CPU unless it is that
            of a pipeline on a GPU.
        tokenizer: A `tokenizers.Tokenizer`, without truncation and padding.
        is_case_aware: Whether `token_type_ids` are word shapes (`words.word_shape`).
    """

    model: Any
    tokenizer: Any
    is_case_aware: bool

    @property
    def pad_id(self) -> int:
        """Id of the padding."""
        return self.model.config.pad_token_id or 0


def load_encoder(source: Union[str, Path]) -> Encoder:
    """Load an encoder.

    Args:
        source: A Hugging Face model (a folder, an installed package that contains one,
            a hub name), or a spaCy pipeline (a folder or an installed package) with a
            `transformer` component or a transformer student.

    Returns:
        The encoder.

    Raises:
        DistillError: If there is none, or if it has no fast tokenizer.
    """
    name = str(source)
    if is_pipeline(name):
        return _from_pipeline(name)
    from transformers import AutoModel

    located = locate(name)
    tokenizer = load_tokenizer(located, source=name)
    config: Any = read_source_config(name)
    # Broken files raise errors of many types.
    try:
        args = from_pretrained_args(located)
        if config.model_type in _POOLED:
            # Its weights would be random in a model without one, and it is not used.
            args["add_pooling_layer"] = False
        with _without_warnings():
            model = AutoModel.from_pretrained(**args)
    except Exception as error:
        raise DistillError(
            f"Expected a transformer that can be loaded as {name}, got an error:"
            f" {reason(error)}"
        ) from error
    return _encoder(model, tokenizer, bool(getattr(model.config, _CASE_AWARE, False)))


def read_source_config(source: Union[str, Path]) -> Optional[Any]:
    """Return the config of a source, without loading its weights.

    Args:
        source: As for `load_encoder`.

    Returns:
        A `transformers` config; None for a pipeline, which has to be loaded.

    Raises:
        DistillError: If there is no such model.
    """
    name = str(source)
    if is_pipeline(name):
        return None
    from transformers import AutoConfig

    located = locate(name)
    try:
        return AutoConfig.from_pretrained(**from_pretrained_args(located))
    except Exception as error:
        raise DistillError(
            f"Expected a config of a model that transformers knows in {name}, got an"
            f" error: {reason(error)}"
        ) from error


def save_encoder(encoder: Encoder, folder: Union[str, Path]) -> None:
    """Save an encoder as a Hugging Face model, which `load_encoder` loads.

    Args:
        encoder: The encoder.
        folder: The folder to write to.
    """
    from transformers import PreTrainedTokenizerFast

    encoder.model.config.is_case_aware = encoder.is_case_aware
    encoder.model.save_pretrained(folder)
    tokenizer: Any = PreTrainedTokenizerFast(
        tokenizer_object=encoder.tokenizer,
        pad_token=encoder.tokenizer.id_to_token(encoder.pad_id),
        model_max_length=encoder.model.config.max_position_embeddings,
    )
    tokenizer.save_pretrained(folder)


def is_pipeline(name: str) -> bool:
    """Return whether a source is a spaCy pipeline.

    Args:
        name: Path of a folder, or name of a package.
    """
    if Path(name).is_dir():
        return (Path(name) / "meta.json").is_file()
    module = name.replace("-", "_")
    if not module.isidentifier() or find_spec(module) is None:
        return False
    package = import_module(module)
    return hasattr(package, "load") and not hasattr(package, "get_model_path")


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Keep `transformers` from warning of a pooler or a head that is not used."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def find_encoder(nlp: Language) -> Optional[Encoder]:
    """Return the encoder of a pipeline.

    Args:
        nlp: The pipeline.

    Returns:
        That of its `transformer` component or transformer student; None without one.

    Raises:
        DistillError: If it has no fast tokenizer.
    """
    for component, pipe in nlp.pipeline:
        model: Any = getattr(pipe, "model", None)
        for node in model.walk() if hasattr(model, "walk") else ():
            for shim in node.shims:
                if isinstance(shim, TransformerShim):
                    return Encoder(
                        shim.module,
                        load_json(shim.tokenizer_json),
                        bool(shim.cfg[_CASE_AWARE]),
                    )
        if getattr(model, "tokenizer", None) and hasattr(model, "transformer"):
            architecture = nlp.get_pipe_config(component)["model"]["@architectures"]
            check_fast(model.tokenizer, source=str(nlp.path or "the pipeline"))
            is_case_aware = architecture == _CASE_AWARE_ARCHITECTURE
            return _encoder(model.transformer, model.tokenizer, is_case_aware)
    return None


def _from_pipeline(name: str) -> Encoder:
    nlp = load_pipeline(name)
    encoder = find_encoder(nlp)
    if encoder is not None:
        return encoder
    raise DistillError(
        f"Expected a pipeline with a transformer as source, got {name} with"
        f" {', '.join(nlp.pipe_names) or 'nothing'}: name another."
    )


def _encoder(model: Any, tokenizer: Any, is_case_aware: bool) -> Encoder:
    return Encoder(
        model.eval(), load_json(tokenizer.backend_tokenizer.to_str()), is_case_aware
    )


def lowercases(tokenizer: Any) -> bool:
    """Return whether a tokenizer lowercases texts.

    Args:
        tokenizer: A `tokenizers.Tokenizer`.
    """
    normalizer = tokenizer.normalizer
    return normalizer is not None and normalizer.normalize_str("A") == "a"
