"""Align annotators' spans to tokens and combine their votes into probabilities."""

from typing import List, NamedTuple, Sequence

import numpy as np
from spacy.tokens import Doc

from ...corpora.formats.alignment import AlignedSpans, align_spans, find_token
from ...corpora.formats.spans import InvalidSpan
from ...tasks.ner.decoding import ScoredSpan
from ..base import DroppedSpan
from ..probabilities import tag_probabilities
from .files import Vote


class TokenVote(NamedTuple):
    """An annotator's vote on the tokens of a Doc.

    Attributes:
        weight: Weight of the annotator; 1 for an average one.
        spans: Spans with token offsets, without overlaps.
        abstains: Tokens on which the annotator does not vote, bool [n_tokens].
    """

    weight: float
    spans: List[ScoredSpan]
    abstains: np.ndarray


def vote_probabilities(
    votes: Sequence[TokenVote], tags: Sequence[str], *, certainty: float
) -> np.ndarray:
    """Combine votes into probabilities: a weighted mean, smoothed by a uniform prior.

    Each vote is one distribution over tags per token (see `tag_probabilities`). With
    the weighted mean `m` of `w` annotators and a prior of `d = (1 - certainty) /
    certainty` annotators, the result is the posterior mean under a symmetric Dirichlet
    prior:

        p = (w * m + d / n_tags) / (w + d)

    For a single annotator, this is label smoothing by `1 - certainty`. Each annotator
    who agrees reduces the smoothing.

    Args:
        votes: Votes on one Doc, at least one. Where all annotators abstain, all votes
            count.
        tags: BILUO tags in the order of the columns.
        certainty: Weight of a single vote against the prior, in (0, 1].

    Returns:
        Probabilities, float64 [n_tokens, n_tags]; rows sum to 1.
    """
    weights = np.array([np.where(vote.abstains, 0.0, vote.weight) for vote in votes])
    all_abstain = ~weights.any(axis=0)
    weights[:, all_abstain] = [[vote.weight] for vote in votes]
    prior = (1.0 - certainty) / certainty
    n_tokens = weights.shape[1]
    total = np.full((n_tokens, len(tags)), prior / len(tags))
    for vote, weight in zip(votes, weights):
        total += weight[:, None] * tag_probabilities(n_tokens, vote.spans, tags)
    probabilities: np.ndarray = total / total.sum(axis=1, keepdims=True)
    return probabilities


def align_vote(doc: Doc, vote: Vote) -> AlignedSpans:
    """Align the spans of a vote to tokens.

    Args:
        doc: Doc with the text of the vote.
        vote: A vote with character offsets.

    Returns:
        The aligned spans. On the unknown tokens the annotator does not vote.
    """
    return align_spans(doc, vote.spans, vote.invalid, vote.unknown, place=vote.place)


def dropped_span(doc: Doc, span: InvalidSpan) -> DroppedSpan:
    """Convert an invalid span to a dropped span.

    Args:
        doc: The Doc.
        span: An invalid span of the Doc's text.

    Returns:
        The dropped span, with its place in the file in its reason.
    """
    return DroppedSpan(
        token=find_token([token.idx for token in doc], span.start),
        text=span.text,
        label=span.label,
        reason=f"{span.reason} ({span.place})",
    )
