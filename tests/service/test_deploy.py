"""Examples of deployments: what they start and ask exists, and runs without torch."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time

import pytest
import srsly
from clean_environment import CleanEnvironment
from releases import ROOT, build, copy_project
from small import TEXTS, trained

from spacy_distill.prediction.predictor import Predictor
from spacy_distill.service import Client
from spacy_distill.service.app import create_app
from spacy_distill.service.server import _GRACE, listen
from spacy_distill.service.settings import ServiceSettings

DEPLOY = ROOT / "deploy"


def instructions():
    """The instructions of the Dockerfile, with their continued lines."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text("utf-8"), flags=re.M)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    pairs = [line.split(maxsplit=1) for line in lines if line.strip()]
    return [(name, value) for name, value in pairs]


def documents(name):
    text = (DEPLOY / name).read_text("utf-8")
    return [srsly.yaml_loads(part) for part in re.split(r"^---$", text, flags=re.M)]


@pytest.fixture(scope="module")
def routes():
    app = create_app(ServiceSettings("given"), Predictor(trained()))
    return set(app.openapi()["paths"])


def test_the_dockerfile():
    found = dict(instructions())
    assert found["FROM"].startswith("python:3.")
    assert found["USER"] == "service"
    assert "torch" not in found["RUN"]
    assert "[serve]" in found["RUN"]
    names = [name for name, _ in instructions()]
    # Not root's.
    assert names.index("USER") < names.index("CMD")


def test_compose(routes):
    (compose,) = documents("compose.yaml")
    service = compose["services"]["ner"]
    assert service["deploy"]["replicas"] == 2
    assert int(service["stop_grace_period"].rstrip("s")) > _GRACE
    proxy = (DEPLOY / "nginx.conf").read_text("utf-8")
    assert "server ner:8000" in proxy
    assert proxy.count("{") == proxy.count("}")
    assert set(re.findall(r"location (/\w+)", proxy)) <= routes


def test_kubernetes(routes):
    deployment, service = documents("kubernetes.yaml")
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["terminationGracePeriodSeconds"] > _GRACE
    probes = [
        container[f"{name}Probe"] for name in ("startup", "readiness", "liveness")
    ]
    assert {probe["httpGet"]["path"] for probe in probes} == {
        *("/health/ready", "/health/live")
    }
    notes = deployment["spec"]["template"]["metadata"]["annotations"]
    asked = {probe["httpGet"]["path"] for probe in probes}
    assert {notes["prometheus.io/path"], *asked} <= routes
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"] == labels
    assert deployment["spec"]["selector"]["matchLabels"] == labels


@pytest.mark.slow
def test_what_the_image_runs(tmp_path):
    """Its commands, where there is no torch, with a free port."""
    (wheel,) = build(copy_project(tmp_path / "copy"), "--wheel").glob("*.whl")
    env = CleanEnvironment(tmp_path / "env")
    env.install(wheel)
    trained().to_disk(tmp_path / "model")
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -S "$@"\n')
    python.chmod(0o755)
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    found = dict(instructions())
    variables = {
        **os.environ,
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(env.site), str(env.others)]),
        "MODEL": str(tmp_path / "model"),
        "PORT": str(port),
    }
    command = json.loads(found["CMD"])
    check = json.loads(found["HEALTHCHECK"].partition("CMD ")[2])
    options = {"env": variables, "cwd": env.cwd, "text": True}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, **options)
    try:
        end = time.time() + 60
        while subprocess.run(
            check, capture_output=True, check=False, **options
        ).returncode:
            assert time.time() < end
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.2)
        with Client(f"http://127.0.0.1:{port}") as client:
            words = [entity["word"] for entity in client.predict(TEXTS[0])]
        assert words == [ent.text for ent in trained()(TEXTS[0]).ents]
    finally:
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
    assert '"path":"/predict","status":200' in log
    assert "Traceback" not in log
    # The service is gone, and so it was what got the signal, not a shell.
    assert subprocess.run(check, capture_output=True, check=False, **options).returncode
