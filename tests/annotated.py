"""Files of annotations, as people have them."""

import gzip
import json
from pathlib import Path
from typing import Any, Dict, List, Tuple

TEXT = "Mara Feld moved to Lisbon in May."
PERSON, CITY = (0, 9, "PER"), (19, 25, "LOC")


def line(text: str, *spans: Tuple[Any, ...], **more: Any) -> Dict[str, Any]:
    """A line's object. Spans are (start, end, label) or (start, end, label, score)."""
    names = ("start", "end", "label", "score")
    return {"text": text, "spans": [dict(zip(names, span)) for span in spans], **more}


def write_lines(path: Path, *lines: Any) -> Path:
    """Write objects, or strings as they are, a line each."""
    rows = [row if isinstance(row, str) else json.dumps(row) for row in lines]
    data = ("\n".join(rows) + "\n").encode("utf-8", "surrogatepass")
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def three_annotators(**more: Any) -> List[Dict[str, Any]]:
    """All see the person, two the city, and one of these is not sure of it."""
    return [
        line(TEXT, PERSON, CITY, annotator="one", **more),
        line(TEXT, PERSON, (*CITY, 0.5), annotator="two", **more),
        line(TEXT, PERSON, annotator="three", **more),
    ]
