"""Labels of pipelines and of gold annotation: which they share, and maps of them."""

import json
from typing import Any, Iterable, List, Optional, Sequence

from spacy.language import Language
from spacy.pipeline import SpanRuler
from spacy.tokens import Doc, Span, SpanGroup

from ..errors import DistillError
from ..label_maps import LabelMap, label_map_option, suggest_map
from ..teachers.pipe import find_teacher

# Components defined in these modules set entities only if their meta data say so.
_KNOWN_MODULES = (
    "spacy.",
    "spacy_distill.",
    "spacy_transformers.",
    "spacy_curated_transformers.",
)


def find_labels(nlp: Language, assigned: str = "doc.ents") -> Optional[List[str]]:
    """Return the labels that a pipeline can predict.

    Args:
        nlp: The pipeline.
        assigned: What the labels are set in: "doc.ents" or "doc.cats".

    Returns:
        The labels; None if they are unknown, since a component of the user's own may
        set any.
    """
    teacher = find_teacher(nlp)
    if teacher is not None:
        return sorted(teacher.task.labels)
    labels: List[str] = []
    component: Any
    for name, component in nlp.pipeline:
        ruler = isinstance(component, SpanRuler) and component.annotate_ents
        if assigned == "doc.ents" and ruler:
            labels += component.labels
        elif assigned in nlp.get_pipe_meta(name).assigns:
            found = getattr(component, "labels", None)
            if found is None:
                return None
            labels += found
        elif not f"{component.__module__}.".startswith(_KNOWN_MODULES):
            return None
    return sorted(set(labels))


def map_labels(labels: Iterable[str], label_map: LabelMap) -> List[str]:
    """Return labels after a map.

    Args:
        labels: The labels.
        label_map: New label by label, None to drop it. Other labels stay.

    Returns:
        The new labels, sorted.
    """
    new = {label_map.get(label, label) for label in labels}
    return sorted(label for label in new if label is not None)


def relabel(doc: Doc, label_map: LabelMap, spans_key: Optional[str] = None) -> None:
    """Rename, merge or drop the entities of a Doc, in place.

    Args:
        doc: Annotated Doc.
        label_map: New label by label, None to drop its entities. Other labels stay.
        spans_key: Key in `doc.spans` of the entities with probabilities, if any.
    """
    if not any(ent.label_ in label_map for ent in doc.ents):
        return
    kept = [_renamed(doc, ent, label_map) for ent in doc.ents]
    dropped = [ent for ent, new in zip(doc.ents, kept) if new is None]
    doc.set_ents(
        [ent for ent in kept if ent is not None], outside=dropped, default="unmodified"
    )
    group = None if spans_key is None else doc.spans.get(spans_key)
    if group is None or spans_key is None:
        return
    new_spans = [_renamed(doc, span, label_map) for span in group]
    stays = [span is not None for span in new_spans]
    attrs = dict(group.attrs)
    if "scores" in attrs:
        attrs["scores"] = attrs["scores"][stays]
    spans = [span for span in new_spans if span is not None]
    doc.spans[spans_key] = SpanGroup(doc, name=group.name, attrs=attrs, spans=spans)


def _renamed(doc: Doc, span: Span, label_map: LabelMap) -> Optional[Span]:
    label = label_map.get(span.label_, span.label_)
    if label is None:
        return None
    return Span(
        doc, span.start, span.end, label=label, kb_id=span.kb_id, span_id=span.id
    )


def check_label_map(
    label_map: LabelMap, known: Optional[Iterable[str]], *, nothing: str = "entity"
) -> None:
    """Check a label map of the user.

    Args:
        label_map: The map.
        known: All labels of pipelines and gold annotation; None if they are unknown.
        nothing: What a dropped label is none of, for error messages.

    Raises:
        DistillError: If a new label is empty, or if nothing has one of the old ones.
    """
    for old, new in label_map.items():
        if new is not None and (not isinstance(new, str) or not new.strip()):
            raise DistillError(
                f"Expected a label for {old!r} in the label map, or null for no"
                f" {nothing}, got {json.dumps(new)}: replace it."
            )
    names = None if known is None else sorted(set(known))
    unknown = [] if names is None else [x for x in label_map if x not in names]
    if names is not None and unknown:
        raise DistillError(
            f"Expected labels of the pipelines or of the gold annotation in the label"
            f" map, which are {', '.join(names)}, got"
            f" {', '.join(map(repr, unknown))} too: remove"
            f" {'it' if len(unknown) == 1 else 'them'}."
        )


def check_shared(
    name: str, labels: Sequence[str], gold: Sequence[str], label_map: LabelMap
) -> None:
    """Check that a pipeline shares a label with the gold annotation.

    Args:
        name: Name of the pipeline in the report.
        labels: Labels of the pipeline, before the map.
        gold: Labels of the gold annotation, after the map.
        label_map: The user's map of labels.

    Raises:
        DistillError: If it shares none, with a label map to paste.
    """
    mapped = map_labels(labels, label_map)
    # A pipeline that knows no label finds nothing, and its scores say so.
    if not labels or set(mapped) & set(gold):
        return
    suggested = suggest_map(labels, gold, label_map)
    fill = (
        "with null for labels that are no entity"
        if any(suggested.values())
        else "with one of the gold annotation's labels in place of at least one null"
    )
    raise DistillError(
        f"Expected {name} to share labels with the gold annotation, which has"
        f" {', '.join(gold)}, got {', '.join(mapped) or 'no label'}: add"
        f" {label_map_option({**label_map, **suggested})}, {fill}."
    )
