"""What can be asked of a transformer component that has run before a teacher."""

from typing import Any, List, Optional, Sequence, Tuple

import numpy as np
from spacy.tokens import Doc

from ...tokenizer_pieces import tokenizer_pieces
from ...words import WordPieces


def find_model(pipes: Sequence[Tuple[str, Any]]) -> Any:
    """Return the model of the last `spacy-transformers` component among the pipes.

    pipes: (name, component), as in `nlp.pipeline`. Returns None if there is none.
    """
    for _, pipe in reversed(pipes):
        model = getattr(pipe, "model", None)
        if getattr(model, "tokenizer", None) and hasattr(model, "transformer"):
            return model
    return None


def count_pieces(model: Any, docs: Sequence[Doc]) -> List[int]:
    """Return the number of word pieces of each Doc.

    model: what `find_model` found.
    """
    if not docs:
        return []
    # Not verbose: that a Doc is longer than the model's input is no cause to warn, as
    # the transformer component cuts it into spans.
    encoded = model.tokenizer(
        [doc.text for doc in docs],
        return_attention_mask=False,
        return_token_type_ids=False,
        verbose=False,
    )
    return [len(ids) for ids in encoded["input_ids"]]


def word_pieces(model: Any) -> Optional[WordPieces]:
    """Return the word pieces with their input embeddings, if the scheme is known.

    model: what `find_model` found.
    """
    weight = model.transformer.get_input_embeddings().weight
    return tokenizer_pieces(model.tokenizer, weight.detach().float().cpu().numpy())


def tokens_without_pieces(doc: Doc) -> np.ndarray:
    """Mark the tokens, white space aside, that no word piece was aligned with.

    Returns bool [n_tokens]. Nothing is marked if no transformer has read the Doc.
    """
    data = doc._.trf_data if Doc.has_extension("trf_data") else None
    marked = np.zeros(len(doc), dtype=bool)
    if data is None or not len(doc):
        return marked
    lengths = _pieces_per_token(data)
    # A Doc of white space alone may have no alignment at all.
    if len(lengths) == len(doc):
        marked = lengths == 0
        for i in np.flatnonzero(marked):
            marked[i] = not doc[int(i)].is_space
    return marked


def _pieces_per_token(data: Any) -> np.ndarray:
    """Read them from what `spacy-transformers` or `spacy-curated-transformers` left."""
    if hasattr(data, "align"):
        return np.asarray(data.align.lengths)
    layer = getattr(data, "last_hidden_layer_state", None)
    # They lie where the layer does, which may be on a GPU.
    lengths: Any = () if layer is None else layer.lengths
    return np.asarray(lengths.get() if hasattr(lengths, "get") else lengths)
