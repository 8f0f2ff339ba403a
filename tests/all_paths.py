"""The reference for everything that sums or maximises over tag sequences: all valid
sequences, spelled out one by one, scored in torch so that autograd runs through."""

from functools import cache
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch

from spacy_distill.tasks.ner.lattice.transitions import Transitions, grammar_transitions
from spacy_distill.tasks.ner.tags import biluo_tags, tag_grammar

LABELS = ("PER", "LOC")
COLUMNS = biluo_tags(LABELS)
GRAMMAR = tag_grammar(COLUMNS)


@cache
def all_paths(tags: Tuple[str, ...], n: int) -> np.ndarray:
    """Columns of each sequence of n tags that is a list of whole entities,
    [n_paths, n]."""
    labels = sorted({tag[2:] for tag in tags if tag != "O"})

    def spell(n: int) -> List[List[str]]:
        if n == 0:
            return [[]]
        out = [["O", *rest] for rest in spell(n - 1)]
        for label in labels:
            out += [[f"U-{label}", *rest] for rest in spell(n - 1)]
            for size in range(2, n + 1):
                inside = [f"I-{label}"] * (size - 2)
                entity = [f"B-{label}", *inside, f"L-{label}"]
                out += [[*entity, *rest] for rest in spell(n - size)]
        return out

    columns = [[tags.index(tag) for tag in path] for path in spell(n)]
    return np.array(columns, dtype=np.int64).reshape(len(columns), n)


class Scores(NamedTuple):
    """Learned scores as float64 tensors: [n_tokens, n_tags] and a CRF's."""

    emissions: torch.Tensor
    start: torch.Tensor
    follow: torch.Tensor
    end: torch.Tensor

    @property
    def transitions(self) -> Transitions:
        """What the package works with."""
        learned = [part.detach().numpy() for part in self[1:]]
        return grammar_transitions(GRAMMAR, learned)

    def grads(self) -> List[np.ndarray]:
        return [
            np.zeros(part.shape) if part.grad is None else part.grad.numpy()
            for part in self
        ]


def random_scores(
    rng: np.random.Generator, n_tokens: int, scale: float = 1.0, float32: bool = False
) -> Scores:
    n = len(COLUMNS)
    shapes = [(n_tokens, n), (n,), (n, n), (n,)]
    arrays = [rng.normal(size=shape) * scale for shape in shapes]
    if float32:
        arrays = [array.astype(np.float32).astype(np.float64) for array in arrays]
    return Scores(*(torch.tensor(array, requires_grad=True) for array in arrays))


def path_scores(scores: Scores, paths: np.ndarray) -> torch.Tensor:
    """Scores of the paths of one sequence, [n_paths]."""
    columns = torch.tensor(paths)
    n = columns.shape[1]
    if n == 0:
        return torch.zeros(len(columns), dtype=torch.float64)
    total = scores.emissions[torch.arange(n), columns].sum(dim=1)
    total = total + scores.follow[columns[:, :-1], columns[:, 1:]].sum(dim=1)
    return total + scores.start[columns[:, 0]] + scores.end[columns[:, -1]]


def soften(scores: Scores, temperature: float) -> Scores:
    """All scores over the temperature."""
    return Scores(*(part / temperature for part in scores))


def log_marginals(
    scores: Scores, paths: np.ndarray
) -> List[List[Optional[torch.Tensor]]]:
    """Log-probability of each tag at each token; None where no path has it."""
    totals = path_scores(scores, paths)
    log_z = totals.logsumexp(0)
    return [
        [
            totals[paths[:, i] == tag].logsumexp(0) - log_z
            if (paths[:, i] == tag).any()
            else None
            for tag in range(len(COLUMNS))
        ]
        for i in range(paths.shape[1])
    ]


def split(scores: Scores, lengths: Sequence[int]) -> List[Scores]:
    """One for each sequence of the batch."""
    parts = torch.split(scores.emissions, list(lengths)) if len(lengths) else []
    return [Scores(part, *scores[1:]) for part in parts]


def matches(paths: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """The paths that keep to `allowed`, bool [n_tokens, n_tags]."""
    keep = allowed[np.arange(paths.shape[1]), paths].all(axis=1)
    return paths[keep]
