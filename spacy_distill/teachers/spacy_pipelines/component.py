"""A component of a spaCy pipeline as teacher, after all components before it."""

from functools import cached_property
from typing import Any, List, Optional, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from ...docs import bare_doc
from ...errors import DistillError
from ...files import sha256_bytes, sha256_folder
from ...tasks.ner.component import CompactNER
from ...words import WordPieces
from ..base import Teacher
from ..spacy_pipelines import upstream_transformer


class ComponentTeacher(Teacher):
    """What all teachers share that are one component of a pipeline.

    nlp: the pipeline. Its components before the one that teaches are run first, in
        order, so that listeners have something to listen to. Those behind it are not.
    component: name of the one that teaches.
    name: the name shown to people; by default the pipeline's own.

    A subclass writes `tags` and `logits`, which calls `_read`.

    Raises DistillError if there is no such component, or if it listens to one that
    does not run before it.
    """

    def __init__(
        self, nlp: Language, component: str, *, name: Optional[str] = None
    ) -> None:
        names = [pipe_name for pipe_name, _ in nlp.pipeline]
        if component not in names:
            raise DistillError(
                f"Expected an enabled component {component!r} in the teacher, got"
                f" {', '.join(names) or 'an empty pipeline'}."
            )
        self._nlp = nlp
        self._component = component
        self._component_pipe: Any = nlp.get_pipe(component)
        self._upstream = nlp.pipeline[: names.index(component)]
        self._name = name or f"{nlp.lang}_{nlp.meta['name']}"
        self._blind: List[np.ndarray] = []
        self._check_listeners()

    @property
    def name(self) -> str:
        """The name shown to people."""
        return self._name

    @property
    def nlp(self) -> Language:
        """The pipeline."""
        return self._nlp

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the folder the pipeline was loaded from, else of its bytes.

        It covers the component's name, unless that is the last, and all options.
        """
        if self._nlp.path is not None:
            pipeline = sha256_folder(self._nlp.path)
        else:
            # The strings grow with every new word a pipeline meets; nothing hangs on
            # them.
            pipeline = sha256_bytes(self._nlp.to_bytes(exclude=["strings"]))
        marks = self._options()
        if self._component != self._nlp.pipe_names[-1]:
            marks = [self._component, *marks]
        if not marks:
            return pipeline
        return sha256_bytes("\n".join([pipeline, *marks]).encode("utf-8"))

    def sizes(self, docs: List[Doc]) -> List[int]:
        """Return the number of word pieces of each Doc; of tokens if it has no pieces.

        The pieces cost a second run of the tokenizer and save far more in padding.
        """
        model = upstream_transformer.find_model(self._upstream)
        if model is None:
            return [len(doc) for doc in docs]
        return upstream_transformer.count_pieces(model, docs)

    def without_pieces(self, docs: List[Doc]) -> List[np.ndarray]:
        """Mark the tokens, white space aside, that no word piece was aligned with.

        bool [n_tokens] for each Doc of the last call of `logits`. Nothing is marked if
        no transformer has run.
        """
        return self._blind

    def word_pieces(self) -> Optional[WordPieces]:
        """Return the pieces of the transformer before the component, if any."""
        model = upstream_transformer.find_model(self._upstream)
        return None if model is None else upstream_transformer.word_pieces(model)

    def _expect(self, kinds: Any, called: str) -> None:
        """Raise DistillError unless the component is of one of these classes.

        kinds: what `isinstance` takes. called: what they are for people, "a ner".
        """
        if not isinstance(self._component_pipe, kinds):
            raise DistillError(
                f"Expected the teacher's component {self._component!r} to be {called},"
                f" got a {type(self._component_pipe).__name__}: name another."
            )

    def _options(self) -> List[str]:
        """Say what, besides the pipeline, the logits depend on; for the hash."""
        return []

    def _read(self, docs: List[Doc]) -> List[Doc]:
        """Return copies of the Docs that the components before this one have seen.

        The copies have the pipeline's vocab, and no annotation from elsewhere: an
        entity that is set already would be kept, and taught.

        Raises DistillError if a component changes the tokens.
        """
        copies = [bare_doc(doc, self._nlp.vocab) for doc in docs]
        filled = [doc for doc in copies if len(doc)]
        for name, pipe in self._upstream:
            filled = run_pipe(name, pipe, filled)
        read = iter(filled)
        out = [next(read) if len(doc) else doc for doc in copies]
        # Noted here, as nothing of the copies remains.
        self._blind = [upstream_transformer.tokens_without_pieces(doc) for doc in out]
        return out

    def _labels_before(self, key: Optional[str] = None) -> List[str]:
        """Return labels of spans that components before this one may have set.

        key: of the spans in `doc.spans`; None for those in `doc.ents`.
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
        # A listener with nobody to listen to gives zeros, and says nothing.
        model = getattr(self._component_pipe, "model", None)
        if model is None:
            return
        running = {name for name, _ in self._upstream}
        for node in model.walk():
            wanted = getattr(
                node, "upstream_name", node.attrs.get("_upstream_name", None)
            )
            if wanted is None or wanted in running or (wanted == "*" and running):
                continue
            raise DistillError(
                f"Expected {wanted!r} to run before {self._component!r}, which listens"
                f" to it, got {', '.join(sorted(running)) or 'nothing'}: enable it in"
                " the teacher's config."
            )


def run_pipe(name: str, pipe: Any, docs: List[Doc]) -> List[Doc]:
    """Run one component over Docs, none of them empty.

    Raises DistillError if it changes the tokens.
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
