"""spaCy's own text classifiers, trained on probabilities instead of 0 and 1.

spaCy's components compute a loss for any probability, but refuse all but 0 and 1 before
(E851). These two accept them. What they save is a plain `textcat` or
`textcat_multilabel` that needs nothing of this package: see `plain_textcat_v1`.
"""

from copy import copy
from typing import Any, Callable, Iterable, List, Optional, Tuple

from spacy.language import Language
from spacy.pipeline.textcat import DEFAULT_SINGLE_TEXTCAT_MODEL, TextCategorizer
from spacy.pipeline.textcat_multilabel import (
    DEFAULT_MULTI_TEXTCAT_MODEL,
    MultiLabel_TextCategorizer,
)
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.util import registry
from thinc.api import Config, Model
from thinc.types import Floats2d

from ...optimizers import without_own_schedules
from .targets import check_categories, check_probabilities, find_labels, survey

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


class _LearnsProbabilities(TextCategorizer):
    """What is different from spaCy's components, for both kinds of categories."""

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Optional[Iterable[str]] = None,
        **settings: Any,
    ) -> None:
        """Set the categories and initialize the model.

        Args:
            get_examples: Returns the training data.
            nlp: The pipeline.
            labels: The categories; by default as `compact_textcat` finds them, also
                where rare ones are not among the Examples that spaCy shows.
            **settings: See spaCy's own component.

        Raises:
            DistillError: If there are too few categories, or if an Example has one that
                is not the teacher's.
        """
        validate_get_examples(get_examples, "TextCategorizer.initialize")
        given = None if labels is None else list(labels)
        found = find_labels(survey(get_examples()), given, self.labels)
        exclusive = not isinstance(self, MultiLabel_TextCategorizer)
        check_categories([*dict.fromkeys([*self.labels, *found])], exclusive=exclusive)
        super().initialize(get_examples, nlp=nlp, labels=found, **settings)

    def _validate_categories(self, examples: Iterable[Example]) -> None:
        for eg in examples:
            check_probabilities(eg.reference.cats, eg.reference.text)

    def _examples_to_truth(self, examples: Iterable[Example]) -> Tuple[Any, Any]:
        examples = list(examples)
        truths, not_missing = super()._examples_to_truth(examples)
        # spaCy would teach that a document without annotation is of no category.
        not_missing[[not eg.reference.cats for eg in examples]] = 0.0
        return truths, not_missing


class SoftTextCategorizer(_LearnsProbabilities):
    """A `textcat` whose Examples may have any probabilities in `doc.cats`."""


class SoftMultiLabelTextCategorizer(_LearnsProbabilities, MultiLabel_TextCategorizer):
    """A `textcat_multilabel` whose Examples may have any probabilities."""


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
        A view: it shares the components and the vocab. The schedule of its learning
        rate is this rate, so that the saved pipeline can be updated without this
        package too.
    """
    view = copy(nlp)
    view._pipe_meta = dict(nlp._pipe_meta)
    view._pipe_configs = dict(nlp._pipe_configs)
    for name in nlp.component_names:
        factory = PLAIN.get(nlp.get_pipe_meta(name).factory)
        if factory is not None:
            view._pipe_meta[name] = nlp.get_factory_meta(factory)
            config = nlp.get_pipe_config(name)
            view._pipe_configs[name] = Config({**config, "factory": factory})
    view.config = nlp.config.copy()
    training = view.config["training"]
    training["optimizer"] = without_own_schedules(training["optimizer"])
    return view
