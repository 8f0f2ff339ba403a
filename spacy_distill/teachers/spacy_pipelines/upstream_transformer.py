"""Access to the transformer component that runs before a teacher's component."""

from typing import Any, List, Optional, Sequence, Tuple

import numpy as np
from spacy.tokens import Doc

from ...tokenizer_pieces import tokenizer_pieces
from ...words import WordPieces


def find_model(pipes: Sequence[Tuple[str, Any]]) -> Any:
    """Return the model of the last `spacy-transformers` component.

    Args:
        pipes: Names and components, as in `nlp.pipeline`.

    Returns:
        The model, or None if there is no such component.
    """
    for _, pipe in reversed(pipes):
        model = getattr(pipe, "model", None)
        if getattr(model, "tokenizer", None) and hasattr(model, "transformer"):
            return model
    return None


def count_pieces(model: Any, docs: Sequence[Doc]) -> List[int]:
    """Count the word pieces of Docs.

    Args:
        model: A model returned by `find_model`.
        docs: The Docs.

    Returns:
        Number of word pieces of each Doc, including special tokens.
    """
    if not docs:
        return []
    # Not verbose, since the transformer component splits Docs that are longer than the
    # model's input.
    encoded = model.tokenizer(
        [doc.text for doc in docs],
        return_attention_mask=False,
        return_token_type_ids=False,
        verbose=False,
    )
    return [len(ids) for ids in encoded["input_ids"]]


def word_pieces(model: Any) -> Optional[WordPieces]:
    """Return the word pieces of a transformer and their input embeddings.

    Args:
        model: A model returned by `find_model`.

    Returns:
        The word pieces, or None if the tokenizer is of an unknown kind.
    """
    weight = model.transformer.get_input_embeddings().weight
    return tokenizer_pieces(model.tokenizer, weight.detach().float().cpu().numpy())


def find_unaligned(doc: Doc) -> np.ndarray:
    """Return the tokens, except whitespace, that have no word pieces.

    Args:
        doc: A Doc after the upstream components.

    Returns:
        Mask of the unaligned tokens, bool [n_tokens]. All are False if no transformer
        component has processed the Doc.
    """
    data = doc._.trf_data if Doc.has_extension("trf_data") else None
    unaligned = np.zeros(len(doc), dtype=bool)
    if data is None or not len(doc):
        return unaligned
    lengths = _pieces_per_token(data)
    # A Doc of whitespace may have no alignment.
    if len(lengths) == len(doc):
        unaligned = lengths == 0
        for i in np.flatnonzero(unaligned):
            unaligned[i] = not doc[int(i)].is_space
    return unaligned


def _pieces_per_token(data: Any) -> np.ndarray:
    """Count pieces in the output of spacy-transformers or its curated counterpart."""
    if hasattr(data, "align"):
        return np.asarray(data.align.lengths)
    layer = getattr(data, "last_hidden_layer_state", None)
    # The lengths may be on a GPU, like the layer.
    lengths: Any = () if layer is None else layer.lengths
    return np.asarray(lengths.get() if hasattr(lengths, "get") else lengths)
