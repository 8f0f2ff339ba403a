"""Align annotators' spans to tokens and combine their votes into probabilities."""

from bisect import bisect_left, bisect_right
from typing import List, NamedTuple, Sequence

import numpy as np
from spacy.tokens import Doc

from ...tasks.ner.decoding import ScoredSpan
from ..base import DroppedSpan
from ..probabilities import tag_probabilities
from .files import InvalidSpan, Vote


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


class AlignedVote(NamedTuple):
    """A vote whose spans are aligned to tokens.

    Attributes:
        spans: Spans that begin and end with tokens, with token offsets.
        invalid: All other spans of the line.
        abstains: Tokens with a character of an invalid span and of no valid span,
            bool [n_tokens].
    """

    spans: List[ScoredSpan]
    invalid: List[InvalidSpan]
    abstains: np.ndarray


def align_vote(doc: Doc, vote: Vote) -> AlignedVote:
    """Align the spans of a vote to tokens.

    Args:
        doc: Doc with the text of the vote.
        vote: A vote with character offsets.

    Returns:
        The aligned vote.
    """
    starts = [token.idx for token in doc]
    token_of_start = {start: i for i, start in enumerate(starts)}
    token_of_end = {token.idx + len(token): token.i + 1 for token in doc}
    spans: List[ScoredSpan] = []
    invalid = list(vote.invalid)
    for span in vote.spans:
        start, end = token_of_start.get(span.start), token_of_end.get(span.end)
        if start is not None and end is not None:
            spans.append(ScoredSpan(start, end, span.label, span.score))
            continue
        character = span.start if start is None else span.end - 1
        token = doc[_find_token(starts, character)].text
        reason = f"{'begins' if start is None else 'ends'} inside {token!r}"
        text = doc.text[span.start : span.end]
        invalid.append(InvalidSpan(vote.line, span.start, text, span.label, reason))
    abstains = np.zeros(len(doc), dtype=bool)
    for wrong in (span for span in invalid if span.text):
        first = _find_token(starts, wrong.start)
        abstains[first : bisect_left(starts, wrong.start + len(wrong.text))] = True
    for span in spans:
        abstains[span.start : span.end] = False
    return AlignedVote(spans, invalid, abstains)


def dropped_span(doc: Doc, span: InvalidSpan) -> DroppedSpan:
    """Convert an invalid span to a dropped span.

    Args:
        doc: The Doc.
        span: An invalid span of the Doc's text.

    Returns:
        The dropped span, with the line of the file in its reason.
    """
    return DroppedSpan(
        token=_find_token([token.idx for token in doc], span.start),
        text=span.text,
        label=span.label,
        reason=f"{span.reason} (line {span.line})",
    )


def _find_token(starts: List[int], character: int) -> int:
    """Return the token that contains a character, or the last token before it."""
    return max(bisect_right(starts, character) - 1, 0)
