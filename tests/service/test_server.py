"""The service as a process of its own, and its clients."""

import asyncio
import re
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest
from small import TEXTS, trained
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
    requests = _Requests("http://there", None, 1.0, 3)
    full = httpx.Response(429, headers={"Retry-After": "2"})
    assert requests.pause(0, full) == 2
    assert [requests.pause(n, None) for n in (0, 1, 9)] == [0.1, 0.2, 10.0]
    seen = []

    def answer(request):
        seen.append(request)
        if len(seen) == 1:
            raise httpx.ConnectError("no one there")
        if len(seen) == 2:
            return httpx.Response(503, headers={"Retry-After": "0"}, json={"error": ""})
        return httpx.Response(200, json=[])

    client = Client("http://there")
    client._http = httpx.Client(
        base_url="http://there", transport=httpx.MockTransport(answer)
    )
    assert client.predict("a") == []
    assert len(seen) == 3


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
