"""Resident memory of the service over many requests, half of them with new words.

    python benchmarks/service/memory.py STUDENT --texts test.spacy --requests 1000000

Half of the requests are a text with a word that no other has. The memory is that of the
process that serves, as Linux tells it.
"""

import argparse
import json
import random
import sys
from pathlib import Path
from typing import Any, Dict, List

sys.path.insert(0, str(Path(__file__).parents[1]))
import spacy
from spacy.tokens import DocBin

from service.load import request_bytes, run_load
from service.run import serving
from spacy_distill.files import write_atomically

NAME = "service_memory"
CLIENTS = 32
# Figures are taken so many times.
PARTS = 20


def main() -> None:
    """Send the requests, and tell the memory after each part of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("student")
    parser.add_argument("--texts", type=Path, required=True, help=".spacy")
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    docs = DocBin().from_disk(args.texts).get_docs(spacy.blank("en").vocab)
    texts = [doc.text for doc in docs if not doc.text.isspace()]
    rng = random.Random(0)
    rows: List[Dict[str, Any]] = []
    with serving(args.student) as served:
        done = 0
        while done < args.requests:
            part = _requests(texts, args.requests // PARTS, rng)
            load = run_load(served.url, part, clients=CLIENTS, seconds=None)
            done += len(load.latencies)
            if set(load.codes) != {200}:
                raise SystemExit(f"expected 200 only, got {dict(load.codes)}")
            rows.append(
                {"requests": done, "rate": load.rate, "bytes": resident(served.pid)}
            )
            print(json.dumps(rows[-1]), flush=True)
    first = next(row for row in rows if row["requests"] >= args.requests / 10)
    growth = rows[-1]["bytes"] / first["bytes"] - 1
    print(f"after the first tenth: {100 * growth:+.1f} %")
    data = json.dumps({"rows": rows, "growth": growth}, indent=1).encode("utf-8")
    write_atomically(args.output / f"{NAME}.json", data)


def resident(pid: int) -> int:
    """Return the resident memory of a process, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    found = next(line for line in lines if line.startswith("VmRSS:"))
    return 1024 * int(found.split()[1])


def _requests(texts: List[str], number: int, rng: random.Random) -> List[bytes]:
    made = []
    for index in range(number):
        text = rng.choice(texts)
        if index % 2:
            text = f"{text} Q{rng.getrandbits(60):x}"
        made.append(request_bytes("/predict", {"inputs": text}))
    return made


if __name__ == "__main__":
    main()
