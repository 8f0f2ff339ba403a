"""The fast student: word table, character CNN, quasi-recurrent layer."""

from typing import List

from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d

from .encoder import student_encoder
from .layers.quasi_recurrent import QuasiRecurrent


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
