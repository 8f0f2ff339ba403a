"""Convert probabilities of a model's labels to probabilities of BILUO tags.

In BIO, the next word determines where an entity ends. If the words' distributions are
independent, an X at word i continues with the probability that the next word is I-X,
and an I-X begins an entity with the probability that the previous word is neither B-X
nor I-X. With

    begins(i)    = P(B-X at i) + P(I-X at i) * (1 - P(B-X or I-X at i - 1))
    inside(i)    = P(I-X at i) * P(B-X or I-X at i - 1)
    continues(i) = P(I-X at i + 1)

the probabilities of the tags are

    B-X: begins * continues        U-X: begins * (1 - continues)
    I-X: inside * continues        L-X: inside * (1 - continues)

They sum to those of B-X and I-X, and the probability of O does not change. IOB1 and
plain labels are converted in the same way. A plain label is an I, and adjacent words
with the same label are one entity. In BIOS, the probability of S-X adds to U-X.

The best tag need not be that of the model's best label. An entity with a probability of
60 % may be split into 30 % for an entity that ends here and 30 % for one that
continues, both less than 40 % for O. The model's decision is therefore kept as a path,
and `probabilities.favor` makes its tags the best ones.
"""

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

from ...tasks.ner.decoding import decode_tags
from ...tasks.ner.tags import biluo_tags, tags_to_spans
from .alignment import Unit
from .label_schemes import LabelScheme


class Converted(NamedTuple):
    """A model's prediction in BILUO, for n words, units or tokens.

    Attributes:
        probabilities: Probabilities, float64 [n, n_tags]; rows sum to 1.
        path: Columns of the best tags according to the model, int64 [n]. They are
            a valid sequence.
    """

    probabilities: np.ndarray
    path: np.ndarray


def convert(scheme: LabelScheme, probabilities: np.ndarray) -> Converted:
    """Convert a sequence of distributions over a model's labels.

    The path consists of the model's best labels, read as IOB1: an I without a
    preceding entity of its label begins one. For BILUO, probabilities do not change
    and the path is the best valid sequence. Outputs with the same meaning count as one,
    with the sum of their probabilities.

    Args:
        scheme: Meaning of the model's labels.
        probabilities: Probabilities [n, n_outputs]; rows sum to 1.

    Returns:
        Probabilities of BILUO tags, and the path.
    """
    probabilities = scheme.merge(probabilities)
    outside, parts = scheme.split(probabilities)
    if scheme.ends:
        tags = _join_columns(outside, parts)
        return Converted(tags, _best_sequence(tags, scheme.labels))
    one_hot = np.zeros(probabilities.shape)
    one_hot[np.arange(len(one_hot)), probabilities.argmax(axis=1)] = 1.0
    best_outside, best_parts = scheme.split(one_hot)
    path = _join_columns(best_outside, _to_bilu(best_parts)).argmax(axis=1)
    return Converted(_join_columns(outside, _to_bilu(parts)), path)


def spread(units: Converted, over: Sequence[Unit], n_tokens: int) -> Converted:
    """Convert the prediction of units to a prediction of tokens.

    The tokens of a unit are in the same entity. If the unit begins an entity, its first
    token does, and if it ends an entity, its last token does. A token in no unit
    (whitespace, or unaligned) is inside an entity with the probability that the entity
    of the previous token continues, and O otherwise. Before the first unit and after
    the last, tokens are O.

    Args:
        units: Prediction of the units.
        over: The units.
        n_tokens: Number of tokens of the Doc.

    Returns:
        Prediction of the tokens.
    """
    one_hot = np.zeros(units.probabilities.shape)
    one_hot[np.arange(len(one_hot)), units.path] = 1.0
    return Converted(
        _spread(units.probabilities, over, n_tokens),
        _spread(one_hot, over, n_tokens).argmax(axis=1),
    )


def entities(path: np.ndarray, labels: Sequence[str]) -> List[Tuple[int, int, str]]:
    """Return the entities of a path.

    Args:
        path: Columns of tags, a valid sequence.
        labels: Entity labels in the order of the tags.

    Returns:
        Entities as (start, end, label), end exclusive.
    """
    names = biluo_tags(labels)
    return tags_to_spans([names[tag] for tag in path])


def _to_bilu(parts: np.ndarray) -> np.ndarray:
    """Split B and I into B, I, L and U by the adjacent words; U stays U.

    Returns [n, n_labels, 4].
    """
    begin, inside = parts[:, :, 0], parts[:, :, 1]
    before = np.zeros_like(begin)
    before[1:] = (begin + inside)[:-1]
    continues = np.zeros_like(begin)
    continues[:-1] = inside[1:]
    begins = begin + inside * (1 - before)
    within = inside * before
    tags = (
        begins * continues,
        within * continues,
        within * (1 - continues),
        begins * (1 - continues) + parts[:, :, 3],
    )
    return np.stack(tags, axis=2)


def _join_columns(outside: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Return columns in the order of `biluo_tags`: [n, n_tags]."""
    n_words, n_labels, _ = parts.shape
    return np.hstack([outside[:, None], parts.reshape(n_words, 4 * n_labels)])


def _best_sequence(probabilities: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    # Tags that the model does not have must not be preferred to its own.
    scores = np.log(np.maximum(probabilities, 1e-12))
    return decode_tags(scores, [len(scores)], biluo_tags(labels))


def _spread(rows: np.ndarray, over: Sequence[Unit], n_tokens: int) -> np.ndarray:
    out = np.zeros((n_tokens, rows.shape[1]))
    seen = np.zeros(n_tokens, dtype=bool)
    # Most units have a single token.
    firsts = [unit.tokens[0] for unit in over]
    out[firsts], seen[firsts] = rows, True
    for row, unit in zip(rows, over):
        if len(unit.tokens) > 1:
            tokens = list(unit.tokens)
            out[tokens], seen[tokens] = _spread_unit(row, len(tokens)), True
    last = over[-1].tokens[-1] if over else -1
    for token in np.flatnonzero(~seen).tolist():
        if 0 < token < last:
            before = out[token - 1, 1:].reshape(-1, 4)
            out[token, 2::4] = before[:, 0] + before[:, 1]
        out[token, 0] = 1.0 - out[token].sum()
    return out


def _spread_unit(row: np.ndarray, n_tokens: int) -> np.ndarray:
    """Spread a unit's distribution over its 2 or more tokens: [n_tokens, n_tags].

    The first token has the B of the unit's B and U, the last the L of its L and U.
    """
    out = np.tile(row, (n_tokens, 1))
    begin, inside, last, unit = (row[1 + i :: 4] for i in range(4))
    out[:, 1:] = 0.0
    out[0, 1::4], out[0, 2::4] = begin + unit, inside + last
    out[1:-1, 2::4] = begin + inside + last + unit
    out[-1, 2::4], out[-1, 3::4] = begin + inside, last + unit
    return out
