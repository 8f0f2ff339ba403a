"""From probabilities over a model's own labels to probabilities over BILUO tags.

BIO does not say where an entity ends; the next word does. Taking the words'
distributions as independent, an X at word i goes on with the probability that the next
word is I-X, and an I-X begins an entity with the probability that the word before is
neither B-X nor I-X. With

    opens(i)   = P(B-X at i) + P(I-X at i) * (1 - P(B-X or I-X at i - 1))
    inside(i)  = P(I-X at i) * P(B-X or I-X at i - 1)
    goes_on(i) = P(I-X at i + 1)

the tags have the probabilities

    B-X: opens * goes_on           U-X: opens * (1 - goes_on)
    I-X: inside * goes_on          L-X: inside * (1 - goes_on)

which sum to those of B-X and I-X, and O keeps its own. This holds for IOB1 too, and for
plain labels, where each is an I and neighbours of one label are one entity.

These sums have one fault: an entity of which the model is 60 % sure may be 30 % one
that ends here and 30 % one that goes on, and lose to O at 40 %. So what the model
decided comes along, and `probabilities.favour` sees to it.
"""

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

from ...tasks.ner.lattice.decode import decode
from ...tasks.ner.lattice.transitions import grammar_transitions
from ...tasks.ner.tags import biluo_tags, tag_grammar, tags_to_spans
from .alignment import Unit
from .label_schemes import LabelScheme


class Converted(NamedTuple):
    """What a model says of n words, units or tokens, in BILUO.

    probabilities: float64 [n, n_tags], rows sum to 1.
    path: int64 [n], the columns of the tags that the model decided for; a valid
        sequence.
    """

    probabilities: np.ndarray
    path: np.ndarray


def convert(scheme: LabelScheme, probabilities: np.ndarray) -> Converted:
    """Convert a sequence of distributions over a model's labels; see above.

    probabilities: [n, number of the model's labels], rows sum to 1.

    What the model decided are its best labels, read as in IOB1: an I without an entity
    of its label before it begins one. BILUO needs no conversion; there it is the best
    sequence that is valid.
    """
    outside, parts = scheme.split(probabilities)
    if scheme.ends:
        tags = _join(outside, parts)
        return Converted(tags, _best_sequence(tags, scheme.labels))
    decided = np.zeros(probabilities.shape)
    decided[np.arange(len(decided)), probabilities.argmax(axis=1)] = 1.0
    decided_outside, decided_parts = scheme.split(decided)
    path = _join(decided_outside, _close(decided_parts)).argmax(axis=1)
    return Converted(_join(outside, _close(parts)), path)


def spread(units: Converted, over: Sequence[Unit], n_tokens: int) -> Converted:
    """Lay units out over tokens.

    A unit of several tokens is their common piece of an entity: if it begins one, its
    first token does; if it ends one, its last token does. A token in no unit (white
    space, or what the model did not see) is inside an entity as far as the entity of
    the token before it goes on, and O otherwise; before the first unit and after the
    last it is O.
    """
    one_hot = np.zeros(units.probabilities.shape)
    one_hot[np.arange(len(one_hot)), units.path] = 1.0
    return Converted(
        _spread(units.probabilities, over, n_tokens),
        _spread(one_hot, over, n_tokens).argmax(axis=1),
    )


def entities(path: np.ndarray, labels: Sequence[str]) -> List[Tuple[int, int, str]]:
    """Entities (start, end, label) of a valid path of tag columns, end exclusive."""
    names = biluo_tags(labels)
    return tags_to_spans([names[tag] for tag in path])


def _close(parts: np.ndarray) -> np.ndarray:
    """Tell B from U and I from L by the words before and after: [n, n_labels, 4]."""
    begin, inside = parts[:, :, 0], parts[:, :, 1]
    before = np.zeros_like(begin)
    before[1:] = (begin + inside)[:-1]
    goes_on = np.zeros_like(begin)
    goes_on[:-1] = inside[1:]
    opens = begin + inside * (1 - before)
    continues = inside * before
    tags = (
        opens * goes_on,
        continues * goes_on,
        continues * (1 - goes_on),
        opens * (1 - goes_on),
    )
    return np.stack(tags, axis=2)


def _join(outside: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Columns in the order of `biluo_tags`."""
    n_words, n_labels, _ = parts.shape
    return np.hstack([outside[:, None], parts.reshape(n_words, 4 * n_labels)])


def _best_sequence(probabilities: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    grammar = tag_grammar(biluo_tags(labels))
    return decode(
        # A tag that the model does not have is not to come for free.
        np.log(np.maximum(probabilities, 1e-12)),
        [len(probabilities)],
        grammar=grammar,
        transitions=grammar_transitions(grammar),
        is_crf=False,
    )


def _spread(rows: np.ndarray, over: Sequence[Unit], n_tokens: int) -> np.ndarray:
    out = np.zeros((n_tokens, rows.shape[1]))
    seen = np.zeros(n_tokens, dtype=bool)
    # What each unit says of its first token, which mostly is its only one.
    firsts = [unit.tokens[0] for unit in over]
    out[firsts], seen[firsts] = rows, True
    for row, unit in zip(rows, over):
        if len(unit.tokens) > 1:
            tokens = list(unit.tokens)
            out[tokens], seen[tokens] = _over_tokens(row, len(tokens)), True
    last = over[-1].tokens[-1] if over else -1
    for token in np.flatnonzero(~seen).tolist():
        if 0 < token < last:
            before = out[token - 1, 1:].reshape(-1, 4)
            out[token, 2::4] = before[:, 0] + before[:, 1]
        out[token, 0] = 1.0 - out[token].sum()
    return out


def _over_tokens(row: np.ndarray, n_tokens: int) -> np.ndarray:
    """One unit's distribution, laid out over its 2 tokens or more: [n_tokens, n_tags].

    Its first token has the B of the unit's B and U, its last the L of its L and U.
    """
    out = np.tile(row, (n_tokens, 1))
    begin, inside, last, unit = (row[1 + i :: 4] for i in range(4))
    out[:, 1:] = 0.0
    out[0, 1::4], out[0, 2::4] = begin + unit, inside + last
    out[1:-1, 2::4] = begin + inside + last + unit
    out[-1, 2::4], out[-1, 3::4] = begin + inside, last + unit
    return out
