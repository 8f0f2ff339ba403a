"""From the votes of annotators to a distribution over tags."""

from typing import List, NamedTuple, Sequence

import numpy as np

from ...tasks.ner.decoding import ScoredSpan
from ..probabilities import span_probabilities


class TokenVote(NamedTuple):
    """What one annotator says of a Doc.

    weight: for how many annotators it counts. spans: without overlaps, their ends count
    tokens. silent: bool [n_tokens], where it found something that cannot be told, and
    so says nothing.
    """

    weight: float
    spans: List[ScoredSpan]
    silent: np.ndarray


def vote_probabilities(
    votes: Sequence[TokenVote], tags: Sequence[str], *, certainty: float
) -> np.ndarray:
    """The weighted mean of what annotators say of each token; fewer are less sure.

    votes: of one Doc, at least one. Each gives every token one distribution over tags
        (see `span_probabilities`), but for those where it is silent. Where all are,
        they all count, as if they had found nothing there.
    certainty: how far a single annotator of weight 1 is trusted, more than 0 and at
        most 1.

    The mean `m` is taken together with a doubt that weighs `d = (1 - certainty) /
    certainty` annotators and is spread evenly over the tags: with votes that weigh
    `w` in all, the result is `(w m + d / n_tags) / (w + d)`, the posterior mean under a
    Dirichlet prior. For one annotator that is label smoothing by `1 - certainty`; each
    further one that agrees leaves less doubt.

    Returns float64 [n_tokens, n_tags], rows sum to 1.
    """
    weights = np.array([np.where(vote.silent, 0.0, vote.weight) for vote in votes])
    all_silent = ~weights.any(axis=0)
    weights[:, all_silent] = [[vote.weight] for vote in votes]
    doubt = (1.0 - certainty) / certainty
    n_tokens = weights.shape[1]
    total = np.full((n_tokens, len(tags)), doubt / len(tags))
    for vote, weight in zip(votes, weights):
        said = span_probabilities(n_tokens, vote.spans, tags)
        total += weight[:, None] * said
    probabilities: np.ndarray = total / total.sum(axis=1, keepdims=True)
    return probabilities
