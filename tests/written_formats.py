"""Writers of annotated text in the formats of other tools, for tests.

Each takes texts with spans, [(text, [(start, end, label)])], and gives records of JSON.
"""

import gzip
import json
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence, Tuple

import spacy
from spacy.tokens import Doc
from spacy.training import docs_to_json

Span = Tuple[int, int, str]
Annotated = Tuple[str, List[Span]]


def prodigy(text: str, spans: List[Span]) -> Any:
    found = [{"start": a, "end": b, "label": label} for a, b, label in spans]
    # Prodigy has no spans if there are none.
    return {
        "text": text,
        "_input_hash": 7,
        "tokens": [{"text": text, "start": 0, "end": len(text), "id": 0}],
        "answer": "accept",
        **({"spans": found} if found else {}),
    }


def ours(text: str, spans: List[Span]) -> Any:
    names = ("start", "end", "label")
    return {"text": text, "spans": [dict(zip(names, span)) for span in spans]}


def with_own_text(text: str, spans: List[Span]) -> Any:
    return {
        "text": text,
        "spans": [
            {"start": a, "end": b, "label": label, "text": text[a:b]}
            for a, b, label in spans
        ],
    }


def doccano_label(text: str, spans: List[Span]) -> Any:
    return {"id": 1, "text": text, "label": [list(s) for s in spans], "Comments": []}


def doccano_labels(text: str, spans: List[Span]) -> Any:
    return {"id": 1, "text": text, "labels": [list(span) for span in spans]}


def doccano_data(text: str, spans: List[Span]) -> Any:
    return {"id": 1, "data": text, "label": [list(span) for span in spans]}


def doccano_entities(text: str, spans: List[Span]) -> Any:
    return {
        "id": 1,
        "text": text,
        "entities": [
            {"id": i, "label": label, "start_offset": a, "end_offset": b}
            for i, (a, b, label) in enumerate(spans)
        ],
        "relations": [{"id": 9, "from_id": 0, "to_id": 1, "type": "x"}],
    }


def spacy_entities(text: str, spans: List[Span]) -> Any:
    names = ("start", "end", "label")
    return {"text": text, "entities": [dict(zip(names, span)) for span in spans]}


def entity_lists(text: str, spans: List[Span]) -> Any:
    return {"text": text, "entities": [list(span) for span in spans]}


def tuples(text: str, spans: List[Span]) -> Any:
    return [text, {"entities": [list(span) for span in spans], "links": {}}]


def label_studio(text: str, spans: List[Span]) -> Any:
    regions: List[Dict[str, Any]] = [
        {
            "id": f"r{i}",
            "type": "labels",
            "from_name": "label",
            "to_name": "text",
            "value": {"start": a, "end": b, "text": text[a:b], "labels": [label]},
        }
        for i, (a, b, label) in enumerate(spans)
    ]
    rating = {"type": "rating", "to_name": "text", "value": {"rating": 3}}
    relation = {"type": "relation", "from_id": "r0", "to_id": "r1"}
    result = [*regions, rating, relation]
    prediction = {"start": 0, "end": 1, "labels": ["NEVER"]}
    return {
        "id": 3,
        "data": {"text": text, "source": "a letter"},
        "annotations": [{"id": 4, "completed_by": 2, "result": result}],
        "predictions": [{"result": [{"type": "labels", "value": prediction}]}],
    }


def label_studio_min(text: str, spans: List[Span]) -> Any:
    regions = [
        {"start": a, "end": b, "text": text[a:b], "labels": [label]}
        for a, b, label in spans
    ]
    record = {"text": text, "id": 3, "annotator": 2, "annotation_id": 4}
    return {**record, **({"ner": regions} if regions else {}), "lead_time": 2.5}


# Forms with a text of its own.
TEXT_FORMS: Dict[str, Callable[[str, List[Span]], Any]] = {
    function.__name__: function
    for function in (
        prodigy,
        ours,
        with_own_text,
        doccano_label,
        doccano_labels,
        doccano_data,
        doccano_entities,
        spacy_entities,
        entity_lists,
        tuples,
        label_studio,
        label_studio_min,
    )
}


def token_doc(words: Sequence[str], spans: List[Span]) -> Doc:
    """A Doc of words with a space between them; spans are in tokens."""
    spaces = [*[True] * (len(words) - 1), False]
    doc = Doc(spacy.blank("en").vocab, words=list(words), spaces=spaces)
    doc.set_ents([spacy.tokens.Span(doc, *s) for s in spans], default="outside")
    doc[0].is_sent_start = True
    for token in doc[1:]:
        token.is_sent_start = False
    return doc


def spacy_2(words: Sequence[str], spans: List[Span]) -> Any:
    return docs_to_json([token_doc(words, spans)])


def spacy_2_without_spaces(words: Sequence[str], spans: List[Span]) -> Any:
    record = spacy_2(words, spans)
    for token in record["paragraphs"][0]["sentences"][0]["tokens"]:
        del token["space"]
    return record


def rows(words: Sequence[str], spans: List[Span]) -> Any:
    tags = ["O"] * len(words)
    for start, end, label in spans:
        tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return {"id": "0", "tokens": list(words), "ner_tags": tags}


def numbered_rows(words: Sequence[str], spans: List[Span]) -> Any:
    row = rows(words, spans)
    return {**row, "ner_tags": [TAG_NAMES.index(tag) for tag in row["ner_tags"]]}


TAG_NAMES = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]

# Forms with tokens.
TOKEN_FORMS: Dict[str, Callable[[Sequence[str], List[Span]], Any]] = {
    function.__name__: function
    for function in (spacy_2, spacy_2_without_spaces, rows, numbered_rows)
}


def write_records(path: Path, records: Sequence[Any], container: str) -> Path:
    """Write records as lines or as an array, in any way that tools do."""
    if "array" in container:
        text = json.dumps(list(records), indent=2 if "indented" in container else None)
    else:
        # Characters as they are, not as escapes.
        text = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
    if "crlf" in container:
        text = "\r\n" + text.replace("\n", "\r\n")
    data = text.encode("utf-8-sig" if "bom" in container else "utf-8")
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


CONTAINERS = (
    "lines",
    "lines bom",
    "lines crlf",
    "array",
    "array indented",
    "array indented crlf bom",
)


def write_brat(
    path: Path, text: str, spans: List[Span], *, newline: str = "\n"
) -> Path:
    """Write `path` (.ann) and its text; spans over line ends are in parts."""
    shown = text.replace("\n", newline)
    lines = ["#1\tAnnotatorNotes T1\tsure", "R1\tlives Arg1:T1 Arg2:T2"]
    for number, (start, end, label) in enumerate(spans, start=1):
        parts, position = [], start
        for part in text[start:end].split("\n"):
            if part:
                at = len(text[:position].replace("\n", newline))
                parts.append(f"{at} {at + len(part)}")
            position += len(part) + 1
        own = " ".join(text[start:end].replace("\n", " ").split(" "))
        lines.append(f"T{number}\t{label} {';'.join(parts)}\t{own}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    path.with_suffix(".txt").write_bytes(shown.encode("utf-8"))
    return path
