"""Span groups that stay right when tokens are merged or split."""

import struct
from typing import Any, Dict, Iterator, List, Optional

import numpy as np
import srsly
from spacy.tokens import Doc, Span, SpanGroup

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
        spans = self._align()
        # Without its Doc, a group has no spans; spaCy's error says so.
        return super().__iter__() if spans is None else iter(spans)

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

    def _align(self) -> Optional[List[Span]]:
        """Make the spans those of the Doc's present tokens, and return them.

        Returns:
            The spans; None if the Doc is gone, and with it any that could change.
        """
        doc = self._doc_ref()  # type: ignore[attr-defined]
        if doc is None:
            return None
        spans = self._spans(doc)
        if spans is not None:
            return spans
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
        return found

    def _get_attrs(self) -> Dict[str, Any]:
        attrs: Dict[str, Any] = SpanGroup.attrs.__get__(self)  # type: ignore[attr-defined]
        return attrs

    def _spans(self, doc: Doc) -> Optional[List[Span]]:
        """Return the spans as they are; None if tokens were merged or split."""
        get = SpanGroup.__getitem__
        try:
            spans = [get(self, i) for i in range(SpanGroup.__len__(self))]
            for span in spans:
                last = doc[span.end - 1]
                if last.idx + len(last) != span.end_char:
                    return None
                if doc[span.start].idx != span.start_char:
                    return None
        except IndexError:
            return None
        return spans
