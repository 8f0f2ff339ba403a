"""The service on Ray Serve, on a cluster of this machine."""

import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from killed_workers import CODE
from small import TEXTS, entities, trained

from spacy_distill.errors import DistillError

httpx = pytest.importorskip("httpx")
serve = pytest.importorskip("ray.serve", exc_type=ImportError)
CLIENTS = 4


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Two replicas of a small student: its address, and a folder of process ids."""
    import ray

    from spacy_distill.service.ray_app import app

    folder = tmp_path_factory.mktemp("ray_app")
    (folder / "code.py").write_text(CODE, encoding="utf-8")
    (folder / "pids").mkdir()
    trained("qrnn").to_disk(folder / "student")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIDS", str(folder / "pids"))
        ray.init(num_cpus=3, include_dashboard=False, object_store_memory=10**8)
        try:
            serve.start(http_options={"host": "127.0.0.1", "port": port})
            # As `serve run` gives them.
            settings = {
                "model": str(folder / "student"),
                "code": str(folder / "code.py"),
                "log_format": "none",
                "min_replicas": "2",
            }
            serve.run(app(settings))
            yield f"http://127.0.0.1:{port}", folder / "pids"
        finally:
            serve.shutdown()
            ray.shutdown()


@pytest.mark.slow
def test_a_killed_replica_takes_few_requests_with_it_and_is_replaced(cluster):
    address, pids = cluster
    nlp = trained("qrnn")
    expected = {text: entities(nlp(text)) for text in TEXTS}

    def ask(number):
        text = TEXTS[number % len(TEXTS)]
        try:
            answer = httpx.post(f"{address}/predict", json={"inputs": text}, timeout=60)
        except httpx.TransportError:
            return False
        if answer.status_code >= 500:
            return False
        found = [(e["word"], e["entity_group"]) for e in answer.json()]
        assert found == expected[text]
        return True

    with ThreadPoolExecutor(CLIENTS) as pool:
        assert all(pool.map(ask, range(40)))
        before = {path.name for path in pids.iterdir()}
        assert len(before) == 2
        under_load = [pool.submit(ask, number) for number in range(400)]
        while sum(future.done() for future in under_load) < 40:
            time.sleep(0.01)
        os.kill(int(min(before)), signal.SIGKILL)
        lost = sum(not future.result() for future in under_load)
        # Those that the replica had; all others went to the other one.
        assert lost <= 2 * CLIENTS
        deadline = time.monotonic() + 60
        while len(list(pids.iterdir())) < 3 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(list(pids.iterdir())) == 3
        assert all(pool.map(ask, range(40)))


@pytest.mark.slow
def test_routes_are_those_of_the_service(cluster):
    address, _ = cluster
    for path in ("/", "/docs", "/openapi.json", "/info", "/health/ready", "/metrics"):
        assert httpx.get(address + path).status_code == 200
    text = "Anna went to Paris ."
    body = {"articles": [{"text": text}]}
    (article,) = httpx.post(f"{address}/process", json=body).json()["result"]
    assert article["text"] == text
    wrong = httpx.post(f"{address}/predict", json={"texts": text})
    assert wrong.status_code == 422
    assert wrong.json()["error"].startswith("Expected a request as in /docs")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_replicas": 0}, "1 or more replicas"),
        ({"min_replicas": 3, "max_replicas": 2}, "got 3 and 2"),
        ({"max_batch": 0}, "--max-batch of 1 or more"),
    ],
)
def test_settings_out_of_range(settings, message):
    from spacy_distill.service.ray_app import RayServiceSettings, build_app

    with pytest.raises(DistillError, match=message):
        build_app(RayServiceSettings(model="en_none", **settings))


def test_a_setting_that_there_is_not():
    from spacy_distill.service.ray_app import app

    with pytest.raises(ValueError, match="replicas"):
        app({"model": "en_none", "replicas": "2"})
