"""Real processes, with the quickest of systems."""

import os

import pytest
from speed import workers
from speed.batches import Texts
from speed.light import light_environment
from speed.memory import core_count, peak_mb, resident_mb
from speed.systems import System
from speed.worker import REQUESTS, answer
from speed.workers import Worker, thread_environment

from spacy_distill.errors import DistillError

TEXTS = Texts(("Anna went to Paris .", "nothing"), (5, 1))


def start(folder, system, **more):
    TEXTS.save(folder / "texts.json")
    return Worker(
        system,
        threads=1,
        lang="en",
        texts=folder / "texts.json",
        log=folder / "logs" / "log.txt",
        **more,
    )


def test_a_worker(tmp_path):
    system = System("tokenizer", "blank", "", "abc", is_light=True)
    worker = start(tmp_path, system, light=light_environment(tmp_path / "light"))
    try:
        assert worker.load_seconds > 0
        turn = worker.ask("read", batch=2, order="sorted", batches=3, repeats=2)
        assert (turn["words"], turn["documents"], turn["of"]) == (12, 4, 1)
        assert worker.ask("facts") == {"parameters": 0, "table": 0}
        assert worker.ask("peak")["peak_mb"] > 1
        # What it cannot do ends it, and is told.
        with pytest.raises(DistillError, match=r"tokenizer to dance.*KeyError.*log"):
            worker.ask("dance")
        with pytest.raises(DistillError, match="ended with status"):
            worker.ask("peak")
    finally:
        worker.end()


@pytest.mark.parametrize("is_pure", [False, True])
def test_a_worker_without_the_kernel(tmp_path, is_pure, monkeypatch):
    environments = []
    really_start = workers.subprocess.Popen

    def watch(command, **options):
        environments.append(options["env"])
        return really_start(command, **options)

    monkeypatch.setattr(workers.subprocess, "Popen", watch)
    system = System("tokenizer", "blank", "", "abc", is_pure=is_pure)
    start(tmp_path, system).end()
    assert environments[0]["SPACY_DISTILL_PURE"] == str(int(is_pure))


def test_a_system_that_cannot_be_loaded(tmp_path):
    nowhere = System("mine", "pipeline", str(tmp_path / "nowhere"), "abc")
    with pytest.raises(DistillError, match=r"mine to load.*E050.*--systems"):
        start(tmp_path, nowhere)


def test_requests_in_this_process():
    class Reader:
        def read(self, texts, *, batch):
            yield from texts

        def count_parameters(self):
            return 7, 3

    request = {"do": "read", "batch": 1, "order": "reading", "batches": 1}
    assert answer(Reader(), TEXTS, request)["documents"] == 1
    assert request["do"] == "read"
    assert answer(Reader(), TEXTS, {"do": "facts"}) == {"parameters": 7, "table": 3}
    assert {"read", "facts", "peak", "stream", "lengths"} == REQUESTS.keys()


def test_threads_are_set_before_anything_is_imported(monkeypatch):
    monkeypatch.setenv("MKL_NUM_THREADS", "9")
    environment = thread_environment(3)
    for name in ("OMP", "OPENBLAS", "MKL", "BLIS", "RAYON"):
        assert environment[f"{name}_NUM_THREADS"] == "3"
    assert environment["TOKENIZERS_PARALLELISM"] == "true"
    assert thread_environment(1)["TOKENIZERS_PARALLELISM"] == "false"
    assert environment["PATH"] == os.environ["PATH"]


def test_an_environment_without_torch(tmp_path):
    found = light_environment(tmp_path / "light")
    names = {path.name for path in (tmp_path / "light").iterdir()}
    assert "spacy" in names
    assert not {n for n in names if n.startswith(("torch", "transformers"))}
    assert found["PYTHONPATH"].startswith(str(tmp_path / "light"))
    # Made anew each time.
    (tmp_path / "light" / "left_over").touch()
    light_environment(tmp_path / "light")
    assert not (tmp_path / "light" / "left_over").exists()


def test_memory():
    assert 0 < resident_mb() <= peak_mb() * 1.01
    assert core_count() >= 1
