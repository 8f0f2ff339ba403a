"""Registered student encoders."""

from typing import List, Optional

from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import DistillError
from .encoder import student_encoder
from .layers.bilstm import BiLSTM
from .layers.dilated_convolutions import DilatedConvolutions
from .layers.quasi_recurrent import QuasiRecurrent


@registry.architectures("spacy_distill.CharCNNBiLSTM.v1")
def char_cnn_bilstm_v1(
    word_width: int = 100,
    char_width: int = 30,
    char_filters: int = 50,
    hidden_width: int = 100,
    depth: int = 1,
    lowercase: bool = True,
    dropout: float = 0.5,
    word_dropout: float = 0.3,
    max_cached_types: int = 32_768,
    token_features: Optional[Model[List[Doc], List[Floats2d]]] = None,
) -> Model[List[Doc], List[Floats2d]]:
    """Build a BiLSTM encoder over words, characters and shapes.

    Args:
        word_width: Width of word vectors.
        char_width: Width of character vectors.
        char_filters: Number of filters of the character CNN.
        hidden_width: Width of the LSTM, in each direction.
        depth: Number of LSTM layers.
        lowercase: Whether the word embedding table ignores case. Characters and shape
            never do.
        dropout: Dropout before, between and after the LSTM layers.
        word_dropout: Share of the word types of a training batch that are treated as
            unknown, so that the student learns to handle unknown words.
        max_cached_types: Word types whose features are kept between batches. Each takes
            32 bytes for every unit of `hidden_width` in memory.
        token_features: Features of tokens that depend on the sentence, concatenated to
            those of words: a lexicon's (spacy_distill.LexiconFeatures.v1), or any layer
            from Docs to one array for each. None for none.

    Returns:
        An encoder with output [n_tokens, 2 * hidden_width] for each Doc.

    Raises:
        DistillError: If `word_dropout` is not in [0, 1), or `max_cached_types` is not
            positive.
    """
    return student_encoder(
        BiLSTM(width=hidden_width, depth=depth),
        word_width=word_width,
        char_width=char_width,
        char_filters=char_filters,
        dropout=dropout,
        word_dropout=word_dropout,
        max_cached_types=max_cached_types,
        lowercase=lowercase,
        token_features=token_features,
    )


@registry.architectures("spacy_distill.CharCNNQRNN.v1")
def char_cnn_qrnn_v1(
    word_width: int = 100,
    char_width: int = 30,
    char_filters: int = 50,
    hidden_width: int = 150,
    lowercase: bool = True,
    dropout: float = 0.5,
    word_dropout: float = 0.3,
    max_cached_types: int = 32_768,
    token_features: Optional[Model[List[Doc], List[Floats2d]]] = None,
) -> Model[List[Doc], List[Floats2d]]:
    """Build a quasi-recurrent encoder over words, characters and shapes.

    Args:
        word_width: Width of word vectors.
        char_width: Width of character vectors.
        char_filters: Number of filters of the character CNN.
        hidden_width: Width of the quasi-recurrent layer, in each direction.
        lowercase: Whether the word embedding table ignores case. Characters and shape
            never do.
        dropout: Dropout before and after the quasi-recurrent layer.
        word_dropout: Share of the word types of a training batch that are treated as
            unknown, so that the student learns to handle unknown words.
        max_cached_types: Word types whose features are kept between batches. Each takes
            48 bytes for every unit of `hidden_width` in memory, 7.2 KB by default.
        token_features: Features of tokens that depend on the sentence, concatenated to
            those of words: a lexicon's (spacy_distill.LexiconFeatures.v1), or any layer
            from Docs to one array for each. None for none.

    Returns:
        An encoder with output [n_tokens, 2 * hidden_width] for each Doc.

    Raises:
        DistillError: If `word_dropout` is not in [0, 1), or `max_cached_types` is not
            positive.
    """
    return student_encoder(
        QuasiRecurrent(width=hidden_width),
        word_width=word_width,
        char_width=char_width,
        char_filters=char_filters,
        dropout=dropout,
        word_dropout=word_dropout,
        max_cached_types=max_cached_types,
        lowercase=lowercase,
        token_features=token_features,
    )


@registry.architectures("spacy_distill.DilatedCNN.v1")
def dilated_cnn_v1(
    word_width: int = 100,
    char_width: int = 30,
    char_filters: int = 50,
    hidden_width: int = 128,
    dilations: List[int] = [1, 2, 4],  # noqa: B006 (confection reads the default)
    lowercase: bool = True,
    dropout: float = 0.5,
    word_dropout: float = 0.3,
    max_cached_types: int = 32_768,
    token_features: Optional[Model[List[Doc], List[Floats2d]]] = None,
) -> Model[List[Doc], List[Floats2d]]:
    """Build a dilated CNN encoder over words, characters and shapes.

    Args:
        word_width: Width of word vectors.
        char_width: Width of character vectors.
        char_filters: Number of filters of the character CNN.
        hidden_width: Width of the convolutions.
        dilations: Distance in tokens to the neighbors of each layer. [1, 2, 4] has a
            receptive field of 7 tokens to either side.
        lowercase: Whether the word embedding table ignores case. Characters and shape
            never do.
        dropout: Dropout before, in and after the convolutions.
        word_dropout: Share of the word types of a training batch that are treated as
            unknown, so that the student learns to handle unknown words.
        max_cached_types: Word types whose features are kept between batches. Each takes
            4 bytes for every unit of `hidden_width` in memory.
        token_features: Features of tokens that depend on the sentence, concatenated to
            those of words: a lexicon's (spacy_distill.LexiconFeatures.v1), or any layer
            from Docs to one array for each. None for none.

    Returns:
        An encoder with output [n_tokens, hidden_width] for each Doc.

    Raises:
        DistillError: If `dilations` is empty, it or `max_cached_types` is not positive,
            or `word_dropout` is not in [0, 1).
    """
    if not dilations or min(dilations) < 1:
        raise DistillError(
            f"Expected dilations of 1 or more, got {dilations}: change the student's "
            "config."
        )
    return student_encoder(
        DilatedConvolutions(width=hidden_width, dilations=dilations),
        word_width=word_width,
        char_width=char_width,
        char_filters=char_filters,
        dropout=dropout,
        word_dropout=word_dropout,
        max_cached_types=max_cached_types,
        lowercase=lowercase,
        token_features=token_features,
    )
