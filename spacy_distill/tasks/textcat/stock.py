"""spaCy's own text classifiers, trained on probabilities instead of 0 and 1.

spaCy's components compute a loss for any probability, but refuse all but 0 and 1 before
(E851). These two accept them. What they save is a plain `textcat` or
`textcat_multilabel` that needs nothing of this package: see `plain_textcat_v1`.
"""

from copy import copy
from typing import Callable, Iterable, List, Optional

from spacy.language import Language
from spacy.pipeline.textcat import DEFAULT_SINGLE_TEXTCAT_MODEL, TextCategorizer
from spacy.pipeline.textcat_multilabel import (
    DEFAULT_MULTI_TEXTCAT_MODEL,
    MultiLabel_TextCategorizer,
)
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d

from ...errors import DistillError

# Factory of the component that is saved, by that of the component that is trained.
PLAIN = {
    "soft_textcat": "textcat",
    "soft_textcat_multilabel": "textcat_multilabel",
}
# Factories of all components that classify texts.
CLASSIFIERS = (*PLAIN, *PLAIN.values(), "compact_textcat")
_SCORE_WEIGHTS = {
    "cats_score": 1.0,
    "cats_score_desc": None,
    "cats_micro_p": None,
    "cats_micro_r": None,
    "cats_micro_f": None,
    "cats_macro_p": None,
    "cats_macro_r": None,
    "cats_macro_f": None,
    "cats_macro_auc": None,
    "cats_f_per_type": None,
}


class SoftTextCategorizer(TextCategorizer):
    """A `textcat` whose Examples may have any probabilities in `doc.cats`."""

    def _validate_categories(self, examples: Iterable[Example]) -> None:
        check_probabilities(examples)


class SoftMultiLabelTextCategorizer(MultiLabel_TextCategorizer):
    """A `textcat_multilabel` whose Examples may have any probabilities."""

    def _validate_categories(self, examples: Iterable[Example]) -> None:
        check_probabilities(examples)


def check_probabilities(examples: Iterable[Example]) -> None:
    """Check the values of `doc.cats`.

    Args:
        examples: The Examples.

    Raises:
        DistillError: If a value is not in [0, 1].
    """
    for eg in examples:
        for label, value in eg.reference.cats.items():
            if not 0.0 <= value <= 1.0:
                raise DistillError(
                    f"Expected values from 0 to 1 in doc.cats, got {value} for"
                    f" {label!r} of {eg.reference.text[:40]!r}: correct them."
                )


@Language.factory(
    "soft_textcat",
    assigns=["doc.cats"],
    default_config={
        "threshold": 0.0,
        "model": DEFAULT_SINGLE_TEXTCAT_MODEL,
        "scorer": {"@scorers": "spacy.textcat_scorer.v2"},
    },
    default_score_weights=_SCORE_WEIGHTS,
)
def make_soft_textcat(
    nlp: Language,
    name: str,
    model: Model[List[Doc], Floats2d],
    threshold: float,
    scorer: Optional[Callable],
) -> TextCategorizer:
    """Create a `textcat` to be trained on probabilities; see spaCy's own.

    Args:
        nlp: The pipeline.
        name: Name of the component.
        model: Any model for `textcat`.
        threshold: Cutoff of a positive prediction.
        scorer: The scoring method.
    """
    return SoftTextCategorizer(
        nlp.vocab, model, name, threshold=threshold, scorer=scorer
    )


@Language.factory(
    "soft_textcat_multilabel",
    assigns=["doc.cats"],
    default_config={
        "threshold": 0.5,
        "model": DEFAULT_MULTI_TEXTCAT_MODEL,
        "scorer": {"@scorers": "spacy.textcat_multilabel_scorer.v2"},
    },
    default_score_weights=_SCORE_WEIGHTS,
)
def make_soft_textcat_multilabel(
    nlp: Language,
    name: str,
    model: Model[List[Doc], Floats2d],
    threshold: float,
    scorer: Optional[Callable],
) -> MultiLabel_TextCategorizer:
    """Create a `textcat_multilabel` to be trained on probabilities.

    Args:
        nlp: The pipeline.
        name: Name of the component.
        model: Any model for `textcat_multilabel`.
        threshold: Cutoff of a positive prediction.
        scorer: The scoring method.
    """
    return SoftMultiLabelTextCategorizer(
        nlp.vocab, model, name, threshold=threshold, scorer=scorer
    )


@registry.callbacks("spacy_distill.plain_textcat.v1")
def plain_textcat_v1() -> Callable[[Language], Language]:
    """Create a callback for [training.before_to_disk]: save spaCy's own components.

    Without it, the saved pipeline needs this package where it is loaded.

    Returns:
        The callback, which returns a view of the pipeline that is saved with the
        factories `textcat` and `textcat_multilabel`.
    """
    return as_plain


def as_plain(nlp: Language) -> Language:
    """Return a pipeline that is saved with spaCy's own text classifiers.

    Args:
        nlp: A pipeline, maybe with `soft_textcat` or `soft_textcat_multilabel`.

    Returns:
        A view: it shares the components and the vocab.
    """
    view = copy(nlp)
    metas = {}
    for name in nlp.component_names:
        meta = nlp.get_pipe_meta(name)
        factory = PLAIN.get(meta.factory)
        metas[name] = meta if factory is None else nlp.get_factory_meta(factory)
    view._pipe_meta = metas
    return view
