"""The layer that adds the words of a lexicon to the hidden states of an encoder."""

from functools import cache
from typing import Any, Dict, Optional, Tuple

import numpy as np

from ...errors import DistillError

# Name of the layer in the encoder, and of its input.
LEXICON = "lexicon"
WORD_IDS = "word_ids"
# Standard deviation of the first attention weights, as in BERT.
_ATTENTION_STD = 0.02
# First gain of the layer norm. Entries of hidden states have standard deviations of 0.4
# to 0.6 in multilingual-e5-small and MiniLM, so words change them by about a fifth
# before training. With a gain of 0, weights below it would have no gradient at first.
_GAIN = 0.1
# Dropout rate. A student's is set with that of its other layers.
_DROPOUT = 0.1


def insert_interaction(
    encoder: Any,
    n_words: int,
    width: int,
    *,
    vectors: Optional[np.ndarray] = None,
) -> None:
    """Insert the words of a lexicon after the first layer of an encoder, in place.

    The encoder then has another input, `word_ids`: the words of each word piece, int64
    [n_seqs, n_pieces, max_words], numbers from 1, and 0 for padding. The layer is its
    submodule `lexicon`; the names of its other weights do not change.

    Args:
        encoder: A Hugging Face encoder whose layers are `encoder.layer`, as BERT's.
        n_words: Number of words.
        width: Width of their vectors.
        vectors: First vectors, float32 [n_words, width]; zeros if None.

    Raises:
        DistillError: If the encoder has no such layers, or a lexicon already.
    """
    import torch

    layers = getattr(getattr(encoder, "encoder", None), "layer", None)
    if not layers:
        raise DistillError(
            "Expected an encoder with layers as BERT has for a lexicon, got"
            f" {type(encoder).__name__}: use a BERT, RoBERTa, XLM-R or ELECTRA."
        )
    if has_interaction(encoder):
        raise DistillError(
            "Expected an encoder without a lexicon to give one to, got one with: start"
            " from the encoder that it was made of."
        )
    layer = _interaction_class()(n_words, width, encoder.config.hidden_size)
    if vectors is not None:
        with torch.no_grad():
            layer.vectors.weight[1:] = torch.from_numpy(vectors)
    layer.to(next(encoder.parameters()).device)
    encoder.add_module(LEXICON, layer)
    # Bound methods, so that a copy of the encoder calls its own copy of the layer.
    encoder.register_forward_pre_hook(layer.take_words, with_kwargs=True)
    layers[0].register_forward_hook(layer.add_words)


def has_interaction(encoder: Any) -> bool:
    """Return whether an encoder has a lexicon.

    Args:
        encoder: A torch module.
    """
    return hasattr(encoder, LEXICON)


def check_reads_alone(encoder: Any) -> None:
    """Check that an encoder can read word pieces without words of a lexicon.

    Args:
        encoder: A torch module.

    Raises:
        DistillError: If it cannot.
    """
    if has_interaction(encoder):
        raise DistillError(
            "Expected a transformer that reads word pieces alone, got one with a"
            " lexicon: name one without. (Any student can learn from its soft labels.)"
        )


@cache
def _interaction_class() -> Any:
    """Return the class of the layer, which needs torch."""
    import torch
    from torch import nn

    class LexiconInteraction(nn.Module):
        """Adds to each hidden state the words that cover its word piece.

        The character-to-word bilinear attention of Liu et al. 2021 ("Lexicon Enhanced
        Chinese Sequence Labelling Using BERT Adapter", section 3.2): of the words x_ij
        of piece i

            v_ij = W2 tanh(W1 x_ij + b1) + b2
            a_i = softmax_j(h_i W_attn v_ij)
            z_i = sum_j a_ij v_ij
            h~_i = h_i + dropout(norm(z_i))

        They normalize h_i + z_i. Here it is z_i: a piece without words keeps its
        hidden state exactly, and with a small gain the encoder begins close to what it
        computed without a lexicon. (The sum is normalized by the next layer.)

        W2 is applied to the piece, not to its words: since the a_ij add up to 1,
        z_i = W2 sum_j a_ij tanh(...) + b2, and h_i W_attn b2 changes all scores of
        piece i alike.

        Args:
            n_words: Number of words.
            width: Width of their vectors.
            hidden_width: Width of the hidden states.
        """

        def __init__(self, n_words: int, width: int, hidden_width: int) -> None:
            super().__init__()
            self._sizes = (n_words, width, hidden_width)
            # The first row is that of the padding, and stays 0.
            self.vectors = nn.Embedding(n_words + 1, width, padding_idx=0)
            self.inner = nn.Linear(width, hidden_width)
            self.outer = nn.Linear(hidden_width, hidden_width)
            self.attention = nn.Linear(hidden_width, hidden_width, bias=False)
            self.norm = nn.LayerNorm(hidden_width)
            self.dropout = nn.Dropout(_DROPOUT)
            self._words: Any = None
            nn.init.zeros_(self.vectors.weight)
            for linear in (self.inner, self.outer):
                nn.init.xavier_uniform_(linear.weight)
                nn.init.zeros_(linear.bias)
            nn.init.normal_(self.attention.weight, std=_ATTENTION_STD)
            nn.init.constant_(self.norm.weight, _GAIN)

        def __reduce__(self) -> Tuple[Any, ...]:
            """Pickle by the function that makes the class, which has no module."""
            return _make_interaction, self._sizes, self.__dict__

        def forward(self, hidden: Any, words: Any) -> Any:
            """Add words to hidden states.

            Args:
                hidden: float [n_seqs, n_pieces, hidden_width].
                words: int64 [n_seqs, n_pieces, max_words]; 0 is padding.

            Returns:
                float [n_seqs, n_pieces, hidden_width].
            """
            is_word = words > 0
            inner = torch.tanh(self.inner(self.vectors(words)))
            query = self.attention(hidden) @ self.outer.weight
            scores = (inner * query.unsqueeze(2)).sum(3)
            least = torch.finfo(scores.dtype).min
            weights = torch.softmax(scores.masked_fill(~is_word, least), 2)
            found = self.outer((inner * weights.unsqueeze(3)).sum(2))
            added = self.dropout(self.norm(found))
            return hidden + added * is_word.any(2, keepdim=True)

        def take_words(self, encoder: Any, args: Any, kwargs: Dict[str, Any]) -> Any:
            """Take the words out of the encoder's arguments: a hook before it runs."""
            self._words = kwargs.pop(WORD_IDS, None)
            if self._words is None:
                raise DistillError(
                    "Expected the words of each word piece for an encoder with a"
                    " lexicon, got word pieces alone: use the pipeline that it is from."
                )
            return args, kwargs

        def add_words(self, layer: Any, args: Any, output: Any) -> Any:
            """Add the words to the first layer's output: a hook after it has run."""
            words, self._words = self._words, None
            # A tuple or a tensor, by the version of transformers.
            if isinstance(output, tuple):
                return (self(output[0], words), *output[1:])
            return self(output, words)

    return LexiconInteraction


def _make_interaction(n_words: int, width: int, hidden_width: int) -> Any:
    return _interaction_class()(n_words, width, hidden_width)
