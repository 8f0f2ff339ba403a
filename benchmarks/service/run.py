"""Requests a second and latency of the service, beside the bare HTTP stack.

    python benchmarks/service/run.py STUDENT --texts test.spacy -o benchmarks/results

Each setting is measured in turns with the stack alone, three times; the medians count.
Run it when nothing else runs: clients and service have a core each.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple
from urllib.request import urlopen

sys.path.insert(0, str(Path(__file__).parents[1]))
import spacy
from common.markdown import table
from spacy.language import Language
from spacy.tokens import DocBin

from service.load import Load, request_bytes, run_load
from spacy_distill.docs import load_pipeline
from spacy_distill.files import write_atomically

ROUNDS = 3
NAME = "service"


class Setting(NamedTuple):
    """How clients ask.

    Attributes:
        clients: Number of clients.
        texts: Texts in a request.
        sentences: Sentences that are joined to a text.
    """

    clients: int
    texts: int = 1
    sentences: int = 1


class Served(NamedTuple):
    """A process that answers requests.

    Attributes:
        url: Its address.
        pid: Its number.
    """

    url: str
    pid: int


SETTINGS = [
    *(Setting(clients) for clients in (1, 8, 32, 128)),
    *(Setting(4, texts) for texts in (8, 32, 128)),
    *(Setting(32, sentences=number) for number in (4, 16)),
]


def main() -> None:
    """Measure all settings, and an overload."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("student")
    parser.add_argument("--texts", type=Path, required=True, help=".spacy")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    docs = DocBin().from_disk(args.texts).get_docs(spacy.blank("en").vocab)
    texts = [doc.text for doc in docs if not doc.text.isspace()][:2000]
    nlp = load_pipeline(args.student)
    with serving(args.student) as served, echoing() as bare:
        rows = [
            measure(setting, nlp, texts, served.url, bare, args.seconds)
            for setting in SETTINGS
        ]
    with serving(args.student, "--max-queue", "64") as served:
        overload = measure_overload(texts, served.url, args.seconds)
    result = {"rows": rows, "overload": overload}
    data = json.dumps(result, indent=1).encode("utf-8")
    write_atomically(args.output / f"{NAME}.json", data)
    text = tables(result)
    write_atomically(args.output / f"{NAME}.md", text.encode("utf-8"))
    print(text)


def measure(
    setting: Setting,
    nlp: Language,
    texts: List[str],
    url: str,
    bare: str,
    seconds: float,
) -> Dict[str, Any]:
    """Measure a setting, in turns with the bare stack."""
    joined = [
        " ".join(texts[i : i + setting.sentences])
        for i in range(0, len(texts) - setting.sentences, setting.sentences)
    ]
    requests = []
    for i in range(0, max(len(joined) - setting.texts, 1), setting.texts):
        chosen = joined[i : i + setting.texts]
        inputs: Any = chosen[0] if setting.texts == 1 else chosen
        requests.append(request_bytes("/predict", {"inputs": inputs}))
    found: Dict[str, List[Load]] = {url: [], bare: []}
    for _ in range(ROUNDS):
        for address, loads in found.items():
            loads.append(
                run_load(address, requests, clients=setting.clients, seconds=seconds)
            )
    failed = sum(len(load.codes) > 1 for load in found[url])
    rates = {a: statistics.median(x.rate for x in loads) for a, loads in found.items()}
    words = statistics.mean(len(doc) for doc in nlp.pipe(joined[:500]))
    return {
        **setting._asdict(),
        "requests": rates[url],
        "bare": rates[bare],
        "words": rates[url] * setting.texts * words,
        "pipe_words": _pipe_speed(nlp, joined),
        **{
            f"p{percent}": statistics.median(x.percentile(percent) for x in found[url])
            for percent in (50, 99)
        },
        "failed": failed,
    }


def measure_overload(texts: List[str], url: str, seconds: float) -> Dict[str, Any]:
    """Let ten times as many texts come as may wait; then see whether it recovers."""
    requests = [
        request_bytes("/predict", {"inputs": texts[i : i + 16]})
        for i in range(0, len(texts) - 16, 16)
    ]
    # 40 clients with 16 texts, where 64 may wait.
    load = run_load(url, requests, clients=40, seconds=seconds)
    start = time.perf_counter()
    after = run_load(url, requests[:1], clients=1, seconds=0.0)
    return {
        "codes": {str(code): number for code, number in sorted(load.codes.items())},
        "seconds": load.seconds,
        "after_codes": {str(code): number for code, number in after.codes.items()},
        "recovery_seconds": time.perf_counter() - start,
    }


def tables(result: Dict[str, Any]) -> str:
    """Return the results as Markdown."""
    head = ["clients", "texts a request", "sentences a text", "requests/s"]
    head += ["bare HTTP stack", "of it", "p50, ms", "p99, ms", "words/s"]
    rows = []
    for row in result["rows"]:
        rows.append([f"{row[name]}" for name in Setting._fields])
        rows[-1] += [f"{row[name]:,.0f}" for name in ("requests", "bare")]
        rows[-1].append(f"{100 * row['requests'] / row['bare']:.0f} %")
        rows[-1] += [f"{row[name]:.1f}" for name in ("p50", "p99")]
        rows[-1].append(f"{row['words']:,.0f}")
    overload = result["overload"]
    codes = ", ".join(f"{n:,} with {code}" for code, n in overload["codes"].items())
    speed = statistics.median(row["pipe_words"] for row in result["rows"])
    return (
        f"{table(head, rows)}\n\n"
        f"`nlp.pipe` in the same run: {speed:,.0f} words/s.\n\n"
        f"Ten times as many texts as may wait, {overload['seconds']:.0f} seconds:"
        f" {codes}. The next request after it took"
        f" {1000 * overload['recovery_seconds']:.0f} ms.\n"
    )


def _pipe_speed(nlp: Language, texts: List[str]) -> float:
    chosen = (texts * 4)[:2000]
    seconds = 0.0
    # The service, too, has read the texts before.
    for _ in range(2):
        start = time.perf_counter()
        words = sum(len(doc) for doc in nlp.pipe(chosen, batch_size=128))
        seconds = time.perf_counter() - start
    return words / seconds


@contextmanager
def serving(student: str, *options: str) -> Iterator[Served]:
    """Serve a pipeline."""
    command = [sys.executable, "-m", "spacy_distill", "serve", student, "--port", "0"]
    with _running([*command, "--log-format", "none", *options]) as served:
        yield served


@contextmanager
def echoing() -> Iterator[str]:
    """Run the bare stack, and yield the address."""
    command = [sys.executable, str(Path(__file__).with_name("echo.py"))]
    with _running(command) as served:
        yield served.url


@contextmanager
def _running(command: List[str]) -> Iterator[Served]:
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    try:
        _wait(url)
        yield Served(url, process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str) -> None:
    for _ in range(100):
        try:
            urlopen(f"{url}/docs").close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{url} does not answer")


if __name__ == "__main__":
    main()
