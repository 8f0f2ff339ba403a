"""Teachers that predict with a component of a spaCy pipeline."""

from functools import cached_property
from typing import Any, List, NamedTuple, Optional

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from ...docs import bare_doc
from ...errors import DistillError
from ...files import sha256_bytes, sha256_folder
from ...tasks.ner.component import CompactNER
from ...tasks.ner.task import NERTask
from ...words import WordPieces
from ..base import Prediction, Teacher
from . import upstream_transformer


class UpstreamDocs(NamedTuple):
    """Docs that the upstream components of a pipeline have processed.

    Attributes:
        docs: Copies of the Docs that were to be predicted.
        unaligned: Tokens of each Doc without word pieces, bool [n_tokens]; None if
            there are none.
    """

    docs: List[Doc]
    unaligned: List[Optional[np.ndarray]]


class ComponentTeacher(Teacher):
    """Base class for teachers that predict with one component of a pipeline.

    The components before it (the upstream components) run first, in order, since the
    component may listen to them. Components after it do not run.

    A subclass implements `task` and `predict`, which calls `_run_upstream`.

    Args:
        nlp: The pipeline.
        component: Name of the component that predicts.
        name: Name for display; by default the pipeline's own.

    Raises:
        DistillError: If there is no such component, or if it listens to a component
            that does not run before it.
    """

    def __init__(
        self, nlp: Language, component: str, *, name: Optional[str] = None
    ) -> None:
        names = [pipe_name for pipe_name, _ in nlp.pipeline]
        if component not in names:
            raise DistillError(
                f"Expected an enabled component {component!r} in the teacher, got"
                f" {', '.join(names) or 'an empty pipeline'}: name one of these or"
                " enable it."
            )
        self._nlp = nlp
        self._component = component
        self._component_pipe: Any = nlp.get_pipe(component)
        self._upstream = nlp.pipeline[: names.index(component)]
        self._name = name or f"{nlp.lang}_{nlp.meta['name']}"
        self._check_listeners()

    @property
    def name(self) -> str:
        """Name for display."""
        return self._name

    @property
    def nlp(self) -> Language:
        """The pipeline."""
        return self._nlp

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the pipeline's folder, or of its bytes if it was not loaded.

        The hash includes all options, and the component's name if it is not the last.
        """
        if self._nlp.path is not None:
            pipeline = sha256_folder(self._nlp.path)
        else:
            # The string store grows with every new word, and predictions do not depend
            # on it.
            pipeline = sha256_bytes(self._nlp.to_bytes(exclude=["strings"]))
        options = self._options()
        if self._component != self._nlp.pipe_names[-1]:
            options = [self._component, *options]
        if not options:
            return pipeline
        return sha256_bytes("\n".join([pipeline, *options]).encode("utf-8"))

    def sizes(self, docs: List[Doc]) -> List[int]:
        """Return the number of word pieces of each Doc, or of tokens without pieces.

        Counting pieces runs the tokenizer twice, but saves more time through padding.

        Args:
            docs: Docs to measure.

        Returns:
            The size of each Doc.
        """
        model = upstream_transformer.find_model(self._upstream)
        if model is None:
            return [len(doc) for doc in docs]
        return upstream_transformer.count_pieces(model, docs)

    def word_pieces(self) -> Optional[WordPieces]:
        """Return the word pieces of the upstream transformer, if there is one."""
        model = upstream_transformer.find_model(self._upstream)
        return None if model is None else upstream_transformer.word_pieces(model)

    def _check_type(self, types: Any, description: str) -> None:
        """Raise a DistillError if the component is not an instance of `types`.

        `description` is their name in the message, such as "a ner".
        """
        if not isinstance(self._component_pipe, types):
            raise DistillError(
                f"Expected the teacher's component {self._component!r} to be"
                f" {description}, got a {type(self._component_pipe).__name__}: name"
                " another."
            )

    def _options(self) -> List[str]:
        """Return the options that predictions depend on, for the hash."""
        return []

    def _run_upstream(self, docs: List[Doc]) -> UpstreamDocs:
        """Copy Docs and run the upstream components on the copies.

        Copies have the pipeline's vocab and no annotation, since entities that are
        already set would be kept.

        Raises:
            DistillError: If a component changes the tokens.
        """
        copies = [bare_doc(doc, self._nlp.vocab) for doc in docs]
        filled = [doc for doc in copies if len(doc)]
        for name, pipe in self._upstream:
            filled = run_pipe(name, pipe, filled)
        processed = iter(filled)
        out = [next(processed) if len(doc) else doc for doc in copies]
        masks = [upstream_transformer.find_unaligned(doc) for doc in out]
        return UpstreamDocs(out, [mask if mask.any() else None for mask in masks])

    def _upstream_labels(self, key: Optional[str] = None) -> List[str]:
        """Return labels of the spans that upstream components may set.

        `key` is the key of the spans in `doc.spans`; None for `doc.ents`.
        """
        labels: List[str] = []
        for name, pipe in self._upstream:
            if key is not None:
                sets = getattr(pipe, "key", None) == key
            else:
                assigns = self._nlp.get_pipe_meta(name).assigns
                sets = "doc.ents" in assigns or getattr(pipe, "annotate_ents", False)
            if sets:
                labels.extend(getattr(pipe, "labels", ()))
        return labels

    def _check_listeners(self) -> None:
        # A listener returns zeros, without a warning, if nothing runs upstream of it.
        model = getattr(self._component_pipe, "model", None)
        if model is None:
            return
        upstream = {name for name, _ in self._upstream}
        for node in model.walk():
            wanted = getattr(
                node, "upstream_name", node.attrs.get("_upstream_name", None)
            )
            if wanted is None or wanted in upstream or (wanted == "*" and upstream):
                continue
            raise DistillError(
                f"Expected {wanted!r} to run before {self._component!r}, which listens"
                f" to it, got {', '.join(sorted(upstream)) or 'nothing'}: enable it in"
                " the teacher's config."
            )


def run_pipe(name: str, pipe: Any, docs: List[Doc]) -> List[Doc]:
    """Run a component.

    Args:
        name: Name of the component.
        pipe: The component.
        docs: Docs with at least one token each.

    Returns:
        The processed Docs.

    Raises:
        DistillError: If the component changes the number of tokens.
    """
    lengths = [len(doc) for doc in docs]
    if hasattr(pipe, "pipe"):
        docs = list(pipe.pipe(docs, batch_size=max(len(docs), 1)))
    else:
        docs = [pipe(doc) for doc in docs]
    if [len(doc) for doc in docs] != lengths:
        raise DistillError(
            f"Expected a teacher that keeps its tokens, but {name!r} merges or splits"
            " them: remove it from the teacher's pipeline."
        )
    return docs


class CompactNERTeacher(ComponentTeacher):
    """A teacher that predicts with a `compact_ner`.

    Args:
        nlp: The pipeline.
        component: Name of the `compact_ner`.
        name: Name for display; by default the pipeline's own.

    Raises:
        DistillError: If there is no such `compact_ner`, if it has no labels, or if it
            listens to a component that does not run before it.
    """

    def __init__(
        self, nlp: Language, component: str, *, name: Optional[str] = None
    ) -> None:
        super().__init__(nlp, component, name=name)
        self._check_type(CompactNER, "a compact_ner")
        self._pipe: CompactNER = self._component_pipe
        if not self._pipe.labels:
            raise DistillError(
                f"Expected a trained teacher, but its component {component!r} has no"
                " labels: train it first."
            )

    @property
    def task(self) -> NERTask:
        """Task of the component."""
        return self._pipe.task

    def predict(self, docs: List[Doc]) -> List[Prediction]:
        """Predict a batch of Docs.

        Args:
            docs: Docs to predict. They are copied and not modified.

        Returns:
            Logits of the component, float32 [n_tokens, n_tags]. Tokens without word
            pieces of the upstream transformer are unaligned.

        Raises:
            DistillError: If a component before the `compact_ner` changes the tokens.
        """
        upstream = self._run_upstream(docs)
        return [
            Prediction(logits, unaligned)
            for logits, unaligned in zip(
                self._pipe.get_logits(upstream.docs), upstream.unaligned
            )
        ]
