"""Span groups that stay right when tokens are merged or split."""

import struct
from typing import Any, Dict, Iterator, Optional

import numpy as np
import srsly
from spacy.tokens import Doc, Span, SpanGroup

from ...kernel import get_kernel

# Attribute with one probability for each span.
SCORES = "scores"

# A span in SpanGroup.to_bytes: id, kb_id, label, start, end, start_char, end_char.
_SPAN = ">QQQllll"


class EntityGroup(SpanGroup):
    """Span group of entities and their probabilities that survives retokenization.

    `doc.retokenize()`, as in spaCy's `merge_entities` and `merge_noun_chunks`, leaves
    the token numbers of span groups as they were (spaCy issue 12024). This group finds
    its spans again by their character offsets, whenever it is read. A span that no
    longer starts and ends with a token is removed, together with its probability.

    Read from bytes, or sent from another process, it is an ordinary SpanGroup.
    """

    __slots__ = ()

    @property
    def attrs(self) -> Dict[str, Any]:
        """Attributes of the group: `scores`, float32 [n_spans]."""
        self._align()
        return self._get_attrs()

    @attrs.setter
    def attrs(self, value: Dict[str, Any]) -> None:
        SpanGroup.attrs.__set__(self, value)  # type: ignore[attr-defined]

    def __len__(self) -> int:
        self._align()
        return super().__len__()

    def __getitem__(self, i: int) -> Span:
        self._align()
        return super().__getitem__(i)

    def __iter__(self) -> Iterator[Span]:
        self._align()
        return super().__iter__()

    def to_bytes(self) -> bytes:
        """Serialize the group as `SpanGroup.to_bytes` does."""
        self._align()
        return super().to_bytes()

    def copy(self, doc: Optional[Doc] = None) -> "EntityGroup":
        """Copy the group, for its own Doc or for a copy of that."""
        group = super().copy(doc)
        return EntityGroup(
            group.doc, name=group.name, attrs=group.attrs, spans=list(group)
        )

    def _align(self) -> None:
        """Make the spans those of the Doc's present tokens."""
        doc = self._doc_ref()  # type: ignore[attr-defined]
        # Without its Doc, a group has no spans that could change.
        if doc is None or self._is_aligned(doc):
            return
        data = srsly.msgpack_loads(super().to_bytes())
        kept, found = [], []
        for i, packed in enumerate(data["spans"]):
            span_id, kb_id, label, _, _, start, end = struct.unpack(_SPAN, packed)
            span = doc.char_span(start, end, label, kb_id=kb_id, span_id=span_id)
            if span is not None:
                kept.append(i)
                found.append(span)
        attrs = self._get_attrs()
        scores = attrs.get(SCORES)
        if scores is not None and len(scores) == len(data["spans"]):
            attrs = {**attrs, SCORES: np.asarray(scores)[kept]}
        # It has no other way to replace its spans.
        self.from_bytes(SpanGroup(doc, name=self.name, spans=found).to_bytes())
        self.attrs = attrs

    def _get_attrs(self) -> Dict[str, Any]:
        attrs: Dict[str, Any] = SpanGroup.attrs.__get__(self)  # type: ignore[attr-defined]
        return attrs

    def _is_aligned(self, doc: Doc) -> bool:
        """Return whether no token of a span was merged or split."""
        kernel = get_kernel()
        if kernel is not None:
            return bool(kernel.is_aligned(self, doc))
        get = SpanGroup.__getitem__
        try:
            for span in (get(self, i) for i in range(SpanGroup.__len__(self))):
                last = doc[span.end - 1]
                if last.idx + len(last) != span.end_char:
                    return False
                if doc[span.start].idx != span.start_char:
                    return False
        except IndexError:
            return False
        return True
