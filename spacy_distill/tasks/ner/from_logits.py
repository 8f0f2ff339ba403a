"""Entities decoded from logits that come from elsewhere."""

from typing import Any, Callable, List, Sequence, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

from .component import CompactNER
from .tags import entity_labels

# Docs, none of them empty, to logits [n_tokens, n_tags] each.
GetLogits = Callable[[List[Doc]], List[np.ndarray]]


def add_ner_from_logits(
    nlp: Language, tags: Sequence[str], get_logits: GetLogits, *, name: str = "ner"
) -> CompactNER:
    """Add a `compact_ner` that has no model but asks for logits.

    It decodes them as it would decode its own: as a softmax, without learned
    transitions, and with a probability for each entity.

    tags: the logits' columns: BILUO, label by label, as from `tags.biluo_tags`.
    """
    pipe: Any = nlp.add_pipe("compact_ner", name=name)
    pipe.cfg["labels"] = list(entity_labels(tags))
    pipe.model = Model("given_logits", _forward, attrs={"get_logits": get_logits})
    ner: CompactNER = pipe
    return ner


def _forward(
    model: Model[List[Doc], List[Floats2d]], docs: List[Doc], is_train: bool
) -> Tuple[List[Floats2d], Callable[[List[Floats2d]], List[Doc]]]:
    logits: List[Any] = model.attrs["get_logits"](docs)
    return [row.astype(np.float32) for row in logits], _no_training


def _no_training(d_logits: List[Floats2d]) -> List[Doc]:
    raise NotImplementedError("Logits that are given cannot be trained.")
