"""Any pipeline with a `compact_ner` component as teacher."""

from typing import List, Optional, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from ...errors import DistillError
from ...tasks.ner.component import CompactNER
from .component import ComponentTeacher


class CompactNERTeacher(ComponentTeacher):
    """A pipeline whose `compact_ner` gives the logits; see `ComponentTeacher`.

    Raises DistillError if there is no such compact_ner, if it has no labels, or if it
    listens to a component that does not run before it.
    """

    def __init__(
        self, nlp: Language, component: str, *, name: Optional[str] = None
    ) -> None:
        super().__init__(nlp, component, name=name)
        self._expect(CompactNER, "a compact_ner")
        self._pipe: CompactNER = self._component_pipe
        if not self._pipe.labels:
            raise DistillError(
                f"Expected a trained teacher, but its component {component!r} has no"
                " labels: train it first."
            )

    @property
    def tags(self) -> Tuple[str, ...]:
        """BILUO tags in the order of the logits' columns."""
        return self._pipe.tags

    def logits(self, docs: List[Doc]) -> List[np.ndarray]:
        """Return raw logits, float32 [n_tokens, n_tags], for each Doc.

        The Docs are copied and left alone. Raises DistillError if a component before
        the `compact_ner` changes the tokens.
        """
        return self._pipe.get_logits(self._read(docs))
