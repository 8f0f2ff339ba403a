"""The service as a process of its own, and its clients."""

import asyncio
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import spacy
from small import TEXTS, trained
from small_classifiers import by_heart
from starlette.testclient import TestClient
from tiny_distillation import told
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.errors import DistillError
from spacy_distill.service import AsyncClient, Client, ServiceError
from spacy_distill.service.client import _Requests
from spacy_distill.service.server import listen


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "student"
    trained().to_disk(path)
    return path


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    path = tmp_path_factory.mktemp("teacher") / "rules"
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "CITY", "pattern": "Paris"}])
    nlp.to_disk(path)
    return path


def start(model, *options):
    """Start a service, and return its process and its address."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "spacy_distill",
            "serve",
            model,
            "--port",
            "0",
            *options,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+\n", line), process.stderr.read()
    return process, line.strip()


def until_ready(url):
    end = time.time() + 60
    while time.time() < end:
        try:
            if httpx.get(f"{url}/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"{url} is not ready")


@pytest.fixture(scope="module")
def url(model, tmp_path_factory):
    keys = tmp_path_factory.mktemp("keys") / "keys.txt"
    keys.write_text("secret", encoding="utf-8")
    options = ["--api-key-file", keys, "--log-format", "json", "--max-chars", "1000"]
    process, url = start(model, *options)
    until_ready(url)
    yield url
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode in (0, -signal.SIGTERM)
    # A line for each request.
    assert '"path":"/predict","status":200' in errors
    assert "Traceback" not in errors


EXPECTED = [[ent.text for ent in doc.ents] for doc in trained().pipe(TEXTS)]


def words(found):
    return [[entity["word"] for entity in entities] for entities in found]


def test_the_client(url):
    with Client(url, api_key="secret") as client:
        assert words(client.predict(list(TEXTS))) == EXPECTED
        assert words([client.predict(TEXTS[0])]) == EXPECTED[:1]
        assert words([client.predict(TEXTS[0], threshold=1.0)]) == [[]]
        assert client.info()["labels"]["ner"] == ["LOC", "PER"]
        with pytest.raises(ServiceError, match="at most 1,000 characters") as error:
            client.predict("a" * 1001)
        assert error.value.status == 413


def test_the_asynchronous_client(url):
    async def ask():
        async with AsyncClient(url, api_key="secret") as client:
            one, several, info = await asyncio.gather(
                client.predict(TEXTS[0]), client.predict(list(TEXTS)), client.info()
            )
            return [one], several, info

    one, several, info = asyncio.run(ask())
    assert (words(one), words(several)) == (EXPECTED[:1], EXPECTED)
    assert info["lang"] == "en"


def test_what_goes_wrong(url):
    with (
        Client(url) as client,
        pytest.raises(ServiceError, match="API key in the header") as error,
    ):
        client.predict("a")
    assert error.value.status == 401
    with (
        Client("http://127.0.0.1:9", retries=0) as client,
        pytest.raises(ServiceError, match="Expected a service at http://127.0.0.1:9"),
    ):
        client.predict("a")
    with pytest.raises(DistillError, match="Expected an address such as"):
        Client("localhost:8000")
    with pytest.raises(DistillError, match="Expected retries of 0 or more"):
        Client(url, retries=-1)


def test_requests_are_repeated_when_it_is_worth_it():
    requests = _Requests("http://there", None, 1.0, 12)
    full = httpx.Response(429, headers={"Retry-After": "2"})
    assert requests.pause(0, full) == 2
    lost = httpx.ConnectError("no one there")
    assert [requests.pause(n, lost) for n in (0, 1, 9)] == [0.1, 0.2, 10.0]
    # After the last attempt, and for answers that would stay the same.
    assert requests.pause(12, lost) is requests.pause(12, full) is None
    for code in (200, 422):
        assert requests.pause(0, httpx.Response(code)) is None


class Recovering(BaseHTTPRequestHandler):
    """Breaks the connection, then is full, then answers."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(self.path)
        if len(self.server.seen) == 1:
            self.close_connection = True
            return
        is_full = len(self.server.seen) == 2
        self.send_response(503 if is_full else 200)
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(b'{"error": "full"}' if is_full else b"[]")

    def log_message(self, *args):
        """Nothing on standard error."""


@contextmanager
def recovering():
    with ThreadingHTTPServer(("127.0.0.1", 0), Recovering) as server:
        server.seen = []
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", server.seen
        finally:
            server.shutdown()


def test_a_client_asks_again():
    with recovering() as (url, seen), Client(url) as client:
        assert client.predict("a") == []
        assert seen == ["/predict"] * 3
    with (
        recovering() as (url, seen),
        Client(url, retries=1) as client,
        pytest.raises(ServiceError, match="full") as error,
    ):
        client.predict("a")
    assert (error.value.status, len(seen)) == (503, 2)


def test_an_asynchronous_client_asks_again():
    async def ask(url):
        async with AsyncClient(url) as client:
            return await client.predict("a")

    with recovering() as (url, seen):
        assert asyncio.run(ask(url)) == []
        assert seen == ["/predict"] * 3


def test_it_finishes_what_it_has_accepted(model):
    process, url = start(model)
    until_ready(url)
    text = " ".join(TEXTS) * 40
    found = []

    def ask():
        with httpx.Client(base_url=url, timeout=60) as client:
            response = client.post("/predict", json={"inputs": [text] * 150})
            found.append(response)

    thread = threading.Thread(target=ask)
    thread.start()
    end = time.time() + 20
    # More texts than a batch: some wait.
    while "queue_depth 22.0" not in httpx.get(f"{url}/metrics").text:
        assert time.time() < end
    process.send_signal(signal.SIGTERM)
    thread.join(60)
    assert found[0].status_code == 200
    assert len(found[0].json()) == 150
    assert process.wait(30) in (0, -signal.SIGTERM)
    assert "Traceback" not in process.stderr.read()
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{url}/health/live")


@pytest.mark.slow
def test_several_workers_count_together(model):
    process, url = start(model, "--workers", "2")
    try:
        until_ready(url)
        for _ in range(20):
            with Client(url) as client:
                assert words([client.predict(TEXTS[0])]) == EXPECTED[:1]
        text = httpx.get(f"{url}/metrics").text
        assert 'spacy_distill_requests_total{code="200",route="/predict"} 20.0' in text
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGTERM)


@pytest.mark.slow
def test_several_workers_with_a_teacher(model, teacher):
    process, url = start(model, "--workers", "2", "--teacher", teacher)
    try:
        until_ready(url)
        for _ in range(20):
            # A connection each, so that both workers are asked.
            with Client(url) as client:
                found = client.predict("Anna went to Paris .", model="teacher")
                assert [one["entity_group"] for one in found] == ["CITY"]
                assert words([client.predict(TEXTS[0])]) == EXPECTED[:1]
        text = httpx.get(f"{url}/metrics").text
        assert "spacy_distill_teacher_documents_total 20.0" in text
        assert "spacy_distill_documents_total 20.0" in text
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGTERM)


def test_a_pipeline_is_kept_out_of_garbage_collections(model):
    """In a process of its own, since it is for good."""
    code = (
        "import gc, sys; from spacy_distill.service.app import create_app,"
        " keep_out_of_collections;"
        " from spacy_distill.service.settings import ServiceSettings;"
        " app = create_app(ServiceSettings(sys.argv[1])); keep_out_of_collections();"
        " print(gc.get_freeze_count(), len(gc.get_objects()))"
    )
    command = [sys.executable, "-c", code, str(model)]
    frozen, others = map(int, subprocess.check_output(command, text=True).split())
    assert frozen > 10_000 > others


def test_faults_are_told_in_one_line(model, tmp_path):
    def run(*options):
        return told(CliRunner().invoke(app, ["serve", *map(str, options)]))

    assert "Expected" in run(tmp_path / "missing")
    assert "Expected --max-batch of 1 or more, got 0" in run(model, "--max-batch", 0)
    assert "text, json or none" in run(model, "--log-format", "xml")
    line = run(model, "--teacher", tmp_path / "no_teacher")
    assert "Expected a pipeline, installed or in a folder, at" in line
    assert "no_teacher" in line
    by_heart().to_disk(tmp_path / "classifier")
    line = run(model, "--teacher", tmp_path / "classifier")
    assert "Expected a teacher that predicts entities, as the student does, got" in line
    assert "with categories: give another --teacher" in line
    with listen("127.0.0.1", 0) as taken:
        line = run(model, "--port", taken.getsockname()[1])
    assert "Expected a free address" in line
    assert "Choose another --port" in line


def test_the_test_client_needs_no_signals(model):
    """An application can run in any thread, as in somebody's tests."""
    from spacy_distill.service.app import create_app
    from spacy_distill.service.settings import ServiceSettings

    settings = ServiceSettings(str(model), log_format="none")
    with TestClient(create_app(settings)) as client:
        assert client.get("/info").json()["checksum"]
