"""Any pipeline with a `compact_ner` component as teacher."""

from functools import cached_property
from typing import Any, List, Optional, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from ..bare_doc import bare_doc
from ..errors import DistillError
from ..files import sha256_bytes, sha256_folder
from ..pipeline.compact_ner import CompactNER
from .base import Teacher
from .tokenizer_pieces import tokenizer_pieces
from .word_pieces import WordPieces


class CompactNERTeacher(Teacher):
    """A pipeline whose `compact_ner` gives the logits.

    nlp: the pipeline. Its components before the `compact_ner` are run first, in
        order, so that listeners have something to listen to.
    component: name of the `compact_ner` in it.
    name: the name shown to people; by default the pipeline's own.

    Raises DistillError if there is no such compact_ner, if it has no labels, or if it
    listens to a component that does not run before it.
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
        pipe = nlp.get_pipe(component)
        if not isinstance(pipe, CompactNER):
            raise DistillError(
                f"Expected the teacher's component {component!r} to be a compact_ner,"
                f" got a {type(pipe).__name__}: name another."
            )
        self._nlp = nlp
        self._pipe: CompactNER = pipe
        self._upstream = nlp.pipeline[: names.index(component)]
        self._blind: List[np.ndarray] = []
        self._name = name or f"{nlp.lang}_{nlp.meta['name']}"
        if not self._pipe.labels:
            raise DistillError(
                f"Expected a trained teacher, but its component {component!r} has no"
                " labels: train it first."
            )
        self._check_listeners(component)

    @property
    def name(self) -> str:
        """The name shown to people."""
        return self._name

    @property
    def tags(self) -> Tuple[str, ...]:
        """BILUO tags in the order of the logits' columns."""
        return self._pipe.tags

    @property
    def nlp(self) -> Language:
        """The pipeline."""
        return self._nlp

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the folder the pipeline was loaded from, else of its bytes."""
        if self._nlp.path is not None:
            return sha256_folder(self._nlp.path)
        # The strings grow with every new word a pipeline meets; nothing hangs on them.
        return sha256_bytes(self._nlp.to_bytes(exclude=["strings"]))

    def logits(self, docs: List[Doc]) -> List[np.ndarray]:
        """Return raw logits, float32 [n_tokens, n_tags], for each Doc.

        Docs with the teacher's vocab carry the upstream annotation afterwards; others
        are copied and left alone. Raises DistillError if a component before the
        `compact_ner` changes the tokens.
        """
        mine = [self._with_own_vocab(doc) for doc in docs]
        filled = [doc for doc in mine if len(doc)]
        lengths = [len(doc) for doc in filled]
        for name, pipe in self._upstream:
            if hasattr(pipe, "pipe"):
                filled = list(pipe.pipe(filled, batch_size=max(len(filled), 1)))
            else:
                filled = [pipe(doc) for doc in filled]
            if [len(doc) for doc in filled] != lengths:
                raise DistillError(
                    f"Expected a teacher that keeps its tokens, but {name!r} merges or"
                    " splits them: remove it from the teacher's pipeline."
                )
        # Noted here, since the Docs it can be told from may be copies.
        self._blind = [_without_pieces(doc) for doc in mine]
        return self._pipe.get_logits(mine)

    def sizes(self, docs: List[Doc]) -> List[int]:
        """Return the number of word pieces of each Doc; of tokens if it has no pieces.

        The pieces cost a second run of the tokenizer and save far more in padding.
        """
        transformer = self._transformer()
        if transformer is None or not docs:
            return [len(doc) for doc in docs]
        # Not verbose: that a Doc is longer than the model's input is no cause to warn,
        # as the transformer component cuts it into spans.
        encoded = transformer.tokenizer(
            [doc.text for doc in docs],
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        return [len(ids) for ids in encoded["input_ids"]]

    def without_pieces(self, docs: List[Doc]) -> List[np.ndarray]:
        """Mark the tokens, white space aside, that no word piece was aligned with.

        bool [n_tokens] for each Doc of the last call of `logits`. Nothing is marked if
        no transformer has run.
        """
        return self._blind

    def word_pieces(self) -> Optional[WordPieces]:
        """Return the pieces of the transformer before the component, if any."""
        model = self._transformer()
        if model is None:
            return None
        weight = model.transformer.get_input_embeddings().weight
        return tokenizer_pieces(model.tokenizer, weight.detach().float().cpu().numpy())

    def _transformer(self) -> Any:
        """Return the model of the last `spacy-transformers` component upstream."""
        for _, pipe in reversed(self._upstream):
            model = getattr(pipe, "model", None)
            if getattr(model, "tokenizer", None) and hasattr(model, "transformer"):
                return model
        return None

    def _with_own_vocab(self, doc: Doc) -> Doc:
        return doc if doc.vocab is self._nlp.vocab else bare_doc(doc, self._nlp.vocab)

    def _check_listeners(self, component: str) -> None:
        # A listener with nobody to listen to gives zeros, and says nothing.
        running = {name for name, _ in self._upstream}
        for node in self._pipe.model.walk():
            wanted = getattr(node, "upstream_name", None)
            if wanted is None or wanted in running or (wanted == "*" and running):
                continue
            raise DistillError(
                f"Expected {wanted!r} to run before {component!r}, which listens to it,"
                f" got {', '.join(sorted(running)) or 'nothing'}: enable it in the"
                " teacher's config."
            )


def _without_pieces(doc: Doc) -> np.ndarray:
    data = doc._.trf_data if Doc.has_extension("trf_data") else None
    marked = np.zeros(len(doc), dtype=bool)
    if data is None or not len(doc):
        return marked
    lengths = np.asarray(data.align.lengths)
    # A Doc of white space alone may have no alignment at all.
    if len(lengths) == len(doc):
        marked = lengths == 0
        for i in np.flatnonzero(marked):
            marked[i] = not doc[int(i)].is_space
    return marked
