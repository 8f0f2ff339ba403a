"""Named entity recognition as a task: BILUO tags are the columns, tokens the rows."""

from functools import partial
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
)

import numpy as np
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry

from ...docs import warn_trimmed
from ...languages import puts_spaces
from ...losses.base import Targets
from ...windows import Window, stitch
from ..calibration_error import expected_calibration_error
from ..distributions import SoftmaxRows
from .annotations import set_entities
from .characters import character_scores
from .decoding import allowed_tags, decode_entities
from .gold import trimmed_examples, trimmed_gold
from .tags import OUTSIDE, biluo_tags
from .targets import get_targets

SPANS_KEY = "ner"


class NERTask(SoftmaxRows):
    """The task of a `compact_ner` and of its teachers; see `tasks.base.Task`.

    Args:
        labels: Entity labels, in the order of the tags.
    """

    name = "ner"

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self.columns = biluo_tags(self.labels)

    def n_rows(self, doc: Doc) -> int:
        """Return the number of tokens."""
        return len(doc)

    def merge(
        self, windows: Sequence[Window], rows: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Take each token's row from the window where it has most context."""
        return stitch(windows, rows)

    def targets(self, examples: Iterable[Example]) -> Targets:
        """Return gold tags, teacher logits and pseudo labels; see `get_targets`."""
        return get_targets(examples, self.columns)

    def annotate(self, docs: Sequence[Doc], scores: Sequence[np.ndarray]) -> None:
        """Set `doc.ents`, and `doc.spans["ner"]` with probabilities, from logits.

        Entities that are set already are kept, with probability 1.
        """
        filled = [(doc, rows) for doc, rows in zip(docs, scores) if len(doc)]
        found: List[Any] = []
        if filled and self.labels:
            found = decode_entities(
                np.concatenate([rows for _, rows in filled]).astype(np.float32),
                [len(doc) for doc, _ in filled],
                self.columns,
                allowed=allowed_tags([doc for doc, _ in filled], self.columns),
            )
        spans = iter(found)
        for doc in docs:
            set_entities(doc, next(spans, []) if len(doc) else [], SPANS_KEY)

    def score(self, examples: Iterable[Example]) -> Dict[str, Any]:
        """Return entity scores and calibration; see `compact_ner_score`."""
        return compact_ner_score(examples, spans_key=SPANS_KEY)

    def count(self, logits: np.ndarray) -> Dict[str, int]:
        """Count, by label, the tokens whose best tag begins an entity.

        Labels that do not occur are included with 0.
        """
        best = np.bincount(logits.argmax(axis=1), minlength=len(self.columns))
        counts = dict.fromkeys(self.labels, 0)
        for tag, count in zip(self.columns, best.tolist()):
            if tag[0] in "BU":
                counts[tag[2:]] += count
        return counts

    def relabel(
        self, labels: Mapping[str, Optional[str]]
    ) -> Tuple["NERTask", List[Optional[int]]]:
        """Rename, merge or drop (None) labels; tags of dropped labels become `O`."""
        new = [label for label in labels.values() if label is not None]
        task = NERTask(list(dict.fromkeys(new)))
        columns: List[Optional[int]] = []
        for tag in self.columns:
            label = None if tag == OUTSIDE else labels[tag[2:]]
            renamed = OUTSIDE if label is None else f"{tag[:2]}{label}"
            columns.append(task.columns.index(renamed))
        return task, columns


@registry.scorers("spacy_distill.compact_ner_scorer.v1")
def compact_ner_scorer_v1(
    characters: Optional[bool] = None,
) -> Callable[..., Dict[str, Any]]:
    """Create a scorer for spaCy's entity scores, calibration and characters.

    Args:
        characters: Whether single characters are scored beside whole entities. By
            default (null) for languages without spaces between words, such as Chinese.

    Returns:
        `compact_ner_score`.
    """
    if characters is None:
        return compact_ner_score
    return partial(compact_ner_score, characters=characters)


def compact_ner_score(
    examples: Iterable[Example],
    *,
    spans_key: Optional[str] = None,
    characters: Optional[bool] = None,
    **kwargs: Any,
) -> Dict[str, Any]:
    """Score entities. Whitespace at the ends of gold entities does not count.

    Args:
        examples: Predicted Docs and their references.
        spans_key: Key of the scored entities in `doc.spans`; None without any.
        characters: Whether characters are scored too; None for languages without
            spaces between words.
        **kwargs: Passed to spaCy's scorer.

    Returns:
        `ents_p`, `ents_r`, `ents_f` and `ents_per_type`, and with a key `ents_ece`, the
        expected calibration error (Guo et al. 2017, eq. 3), None without entities. With
        characters, `spans_characters_f` and the others of `character_scores`.
    """
    examples, trimmed = trimmed_examples(list(examples))
    warn_trimmed(trimmed, "the data to evaluate on")
    scores: Dict[str, Any] = get_ner_prf(examples, **kwargs)
    if scores["ents_per_type"]:
        # spaCy's order changes with Python's hash seed.
        scores["ents_per_type"] = dict(sorted(scores["ents_per_type"].items()))
    if spans_key:
        scores["ents_ece"] = expected_calibration_error(
            *entity_outcomes(examples, spans_key)
        )
    if characters is None:
        characters = any(not puts_spaces(eg.predicted.lang_) for eg in examples[:1])
    if characters:
        scores.update(character_scores(examples))
    return scores


def entity_outcomes(
    examples: Iterable[Example], spans_key: str
) -> Tuple[List[float], List[bool]]:
    """Return the probability of each predicted entity and whether it is right.

    Docs without gold entity annotation are left out.
    """
    probabilities: List[float] = []
    correct: List[bool] = []
    for eg in examples:
        group = eg.predicted.spans.get(spans_key)
        if group is None or not eg.reference.has_annotation("ENT_IOB"):
            continue
        reference, _ = trimmed_gold(eg.reference)
        gold = {(e.start_char, e.end_char, e.label_) for e in reference.ents}
        for span, score in zip(group, group.attrs.get("scores", ())):
            probabilities.append(float(score))
            correct.append((span.start_char, span.end_char, span.label_) in gold)
    return probabilities, correct
