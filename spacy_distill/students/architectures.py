"""Registered student encoders."""

from typing import List

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
) -> Model[List[Doc], List[Floats2d]]:
    """Vectors [n_tokens, 2 * hidden_width] for each Doc.

    word_width: of the word table. char_width, char_filters: of the character CNN.
    hidden_width: of the LSTM, in each direction. depth: LSTM layers.
    lowercase: whether the word table ignores case (characters and shape never do).
    dropout: before, between and after the LSTM layers, in training.
    word_dropout: share of the word types of a training batch that are taken for
        unknown, so that the student learns to read unknown words.
    RAISES: DistillError if word_dropout is not in [0, 1).
    """
    return student_encoder(
        BiLSTM(width=hidden_width, depth=depth),
        word_width=word_width,
        char_width=char_width,
        char_filters=char_filters,
        dropout=dropout,
        word_dropout=word_dropout,
        lowercase=lowercase,
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
) -> Model[List[Doc], List[Floats2d]]:
    """Vectors [n_tokens, 2 * hidden_width] for each Doc.

    word_width: of the word table. char_width, char_filters: of the character CNN.
    hidden_width: of the quasi-recurrent layer, in each direction.
    lowercase: whether the word table ignores case (characters and shape never do).
    dropout: before and after the quasi-recurrent layer, in training.
    word_dropout: share of the word types of a training batch that are taken for
        unknown, so that the student learns to read unknown words.
    RAISES: DistillError if word_dropout is not in [0, 1).
    """
    return student_encoder(
        QuasiRecurrent(width=hidden_width),
        word_width=word_width,
        char_width=char_width,
        char_filters=char_filters,
        dropout=dropout,
        word_dropout=word_dropout,
        lowercase=lowercase,
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
) -> Model[List[Doc], List[Floats2d]]:
    """Vectors [n_tokens, hidden_width] for each Doc.

    word_width: of the word table. char_width, char_filters: of the character CNN.
    hidden_width: of the convolutions. dilations: distance in tokens to each
        layer's neighbours; [1, 2, 4] sees 7 tokens to either side.
    lowercase: whether the word table ignores case (characters and shape never do).
    dropout: before, in and after the convolutions, in training.
    word_dropout: share of the word types of a training batch that are taken for
        unknown, so that the student learns to read unknown words.
    RAISES: DistillError on dilations that are empty or not positive, or if
        word_dropout is not in [0, 1).
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
        lowercase=lowercase,
    )
