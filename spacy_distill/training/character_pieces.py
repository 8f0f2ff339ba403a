"""Transformer layer that gives each character word pieces of its own."""

from typing import Any, Callable, Dict, List, Optional

from spacy.tokens import Doc, Span
from spacy.util import registry
from thinc.api import Model

from ..errors import DistillError
from ..tokenizer_files import check_fast

# Any character, line breaks too.
_CHARACTER = r"[\s\S]"


@registry.architectures("spacy_distill.CharacterTransformer.v1")
def character_transformer_v1(
    name: str,
    get_spans: Callable[[List[Doc]], List[List[Span]]],
    tokenizer_config: Dict[str, Any],
    transformer_config: Dict[str, Any],
    mixed_precision: bool = False,
    grad_scaler_config: Optional[Dict[str, Any]] = None,
) -> Model:
    """`spacy-transformers.TransformerModel.v3` with word pieces of one character.

    For languages whose tokens are characters, as Chinese in spaCy. A word piece of
    several characters gives all of them the same vector, so that no entity can begin or
    end between them. SentencePiece vocabularies have such pieces of Chinese words, and
    WordPiece has them of digits and Latin letters. The transformer was pretrained with
    them, however, and needs more training without.

    The tokenizer that is saved with the pipeline splits this way, too.

    The model raises a DistillError during initialization if the tokenizer is not a fast
    one, or one of bytes, whose pieces are no characters.

    Args:
        name: As in `TransformerModel.v3`, like the other arguments: name of the model
            on the Hugging Face Hub, or a path.
        get_spans: Function that splits Docs into spans.
        tokenizer_config: Settings of the Hugging Face tokenizer.
        transformer_config: Settings of the Hugging Face transformer.
        mixed_precision: Whether to use mixed precision on GPUs.
        grad_scaler_config: Settings of the gradient scaler for mixed precision.

    Returns:
        The model.
    """
    # Imported here, since spacy-transformers and torch are optional.
    from spacy_transformers.layers import TransformerModel

    model = TransformerModel(
        name,
        get_spans,
        tokenizer_config,
        transformer_config,
        mixed_precision,
        # Copied, since spacy-transformers modifies it.
        dict(grad_scaler_config or {}),
    )
    model.attrs["set_transformer"] = _set_transformer
    return model


def split_characters(tokenizer: Any, *, source: str) -> None:
    """Make a tokenizer split texts into pieces of at most one character, in place.

    Args:
        tokenizer: A fast tokenizer of `transformers`.
        source: Name of its model, for error messages.

    Raises:
        DistillError: If it is a slow one, or one of bytes.
    """
    from tokenizers import Regex, pre_tokenizers

    check_fast(tokenizer, source=source)
    backend = tokenizer.backend_tokenizer
    usual = backend.pre_tokenizer
    if "ByteLevel" in repr(usual):
        raise DistillError(
            "Expected a tokenizer whose pieces are characters for"
            f" spacy_distill.CharacterTransformer.v1, got one of bytes in {source!r}:"
            " use another transformer, or spacy-transformers.TransformerModel.v3."
        )
    # After the usual one, which marks the beginnings of words.
    single = pre_tokenizers.Split(Regex(_CHARACTER), behavior="isolated")
    parts = [single] if usual is None else [usual, single]
    backend.pre_tokenizer = pre_tokenizers.Sequence(parts)


def _set_transformer(model: Model, hf_model: Any) -> None:
    """Set the transformer, and split the texts of its tokenizer into characters."""
    from spacy_transformers.layers.transformer_model import set_pytorch_transformer

    split_characters(hf_model.tokenizer, source=model.attrs["name"])
    set_pytorch_transformer(model, hf_model)
