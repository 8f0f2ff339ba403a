"""A fingerprint of how a pipeline cuts text into tokens."""

from typing import Any

from spacy.language import Language

from .files import sha256_bytes


def tokenizer_hash(nlp: Language) -> str:
    """Return a SHA-256 over the tokenizer's class, rules and exceptions.

    Two pipelines with the same hash and language make the same tokens of a text. The
    vocab is left out: what has passed through a pipeline does not change its hash.
    """
    tokenizer: Any = nlp.tokenizer
    kind = f"{type(tokenizer).__module__}.{type(tokenizer).__qualname__}\n"
    return sha256_bytes(kind.encode("utf-8") + tokenizer.to_bytes(exclude=["vocab"]))
