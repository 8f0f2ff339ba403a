"""A process that reads with one system: answers requests, a line of JSON each.

Its argument is JSON: `kind`, `source`, `lang`, `threads`, and `texts`, a file of
`Texts`. It says that it is ready, then answers what it is asked, until its input ends.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Callable, Dict

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from speed.batches import Texts
from speed.memory import peak_mb
from speed.readers import Reader, load_reader


def answer(reader: Reader, texts: Texts, request: Dict[str, Any]) -> Dict[str, Any]:
    """Do what a request wants: `do` is one of REQUESTS, the rest are its arguments."""
    request = dict(request)
    return REQUESTS[request.pop("do")](reader, texts, **request)


def _read(reader: Reader, texts: Texts, **arguments: Any) -> Dict[str, Any]:
    from speed.turns import read_turn

    return asdict(read_turn(reader, texts, **arguments))


def _facts(reader: Reader, texts: Texts) -> Dict[str, Any]:
    parameters, table = reader.count_parameters()
    return {"parameters": parameters, "table": table}


def _peak(reader: Reader, texts: Texts) -> Dict[str, Any]:
    return {"peak_mb": peak_mb()}


def _stream(reader: Any, texts: Texts, **arguments: Any) -> Dict[str, Any]:
    from speed.streams import read_stream

    return read_stream(reader, texts, **arguments)


def _lengths(reader: Any, texts: Texts, **arguments: Any) -> Dict[str, Any]:
    from speed.streams import read_lengths

    return {"lengths": read_lengths(reader, texts, **arguments)}


REQUESTS: Dict[str, Callable[..., Dict[str, Any]]] = {
    "read": _read,
    "facts": _facts,
    "peak": _peak,
    "stream": _stream,
    "lengths": _lengths,
}


def main() -> None:
    spec = json.loads(sys.argv[1])
    # Answers go where the parent reads; what libraries print goes with their errors.
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    reader = load_reader(
        spec["kind"], spec["source"], lang=spec["lang"], threads=spec["threads"]
    )
    print(json.dumps({"ready": True}), file=replies, flush=True)
    texts = None
    for line in sys.stdin:
        # Not before it is ready: texts are no part of what is loaded.
        texts = texts or Texts.load(Path(spec["texts"]))
        reply = answer(reader, texts, json.loads(line))
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
