"""A function on many items, in processes and on Ray."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from executors_here import EXECUTORS, make_executor

from spacy_distill.errors import DistillError
from spacy_distill.executors import Processes, RayActors, use_one_thread

TESTS = Path(__file__).parent.parent


def load_square(fails_at=None, log=None):
    if log is not None:
        (log / str(os.getpid())).touch()

    def square(number):
        if number == fails_at:
            raise DistillError(f"Expected another number, got {number}.")
        return number, number**2, os.getpid(), os.environ["OMP_NUM_THREADS"]

    return square


def load_nothing():
    raise DistillError("Expected something to load, got nothing.")


def load_exit():
    return lambda number: os._exit(1)


@pytest.mark.parametrize("kind", EXECUTORS)
def test_results_of_all_items(kind, tmp_path):
    load = partial(load_square, log=tmp_path)
    with make_executor(kind, 2) as executor:
        found = list(executor.run(load, iter(range(40))))
    assert sorted(row[:2] for row in found) == [(i, i * i) for i in range(40)]
    processes = {str(row[2]) for row in found}
    # Each loads once, in a process of its own, and has one thread.
    assert processes == {path.name for path in tmp_path.iterdir()}
    assert 1 <= len(processes) <= 2
    assert str(os.getpid()) not in processes
    assert {row[3] for row in found} == {"1"}


@pytest.mark.parametrize("kind", EXECUTORS)
def test_items_are_read_as_they_are_needed(kind):
    read = []

    def items():
        for number in range(100):
            read.append(number)
            yield number

    with make_executor(kind, 2) as executor:
        results = executor.run(load_square, items())
        next(results)
        assert len(read) < 10
        results.close()


@pytest.mark.parametrize("kind", EXECUTORS)
def test_errors_are_those_of_the_function(kind):
    with make_executor(kind, 2) as executor:
        with pytest.raises(DistillError, match=r"^Expected another number, got 7\.$"):
            list(executor.run(partial(load_square, fails_at=7), range(20)))
        with pytest.raises(DistillError, match=r"^Expected something to load"):
            list(executor.run(load_nothing, range(2)))


def test_a_process_that_dies_is_told():
    with pytest.raises(DistillError, match="one was killed, most likely for lack of m"):
        list(Processes(2).run(load_exit, range(4)))


def test_no_workers():
    with pytest.raises(DistillError, match="1 process or more, got 0"):
        Processes(0)
    with pytest.raises(DistillError, match="1 worker or more, got 0"):
        RayActors(0)


@pytest.mark.slow
def test_gpus_are_asked_for():
    # Ray takes our word that there is one.
    with make_executor("ray", 1, gpus=1) as executor:
        assert list(executor.run(load_gpus, range(1))) == [[0]]


def load_gpus():
    import ray

    return lambda number: ray.get_gpu_ids()


def test_one_thread_unless_told_otherwise(monkeypatch):
    for given, expected in ((None, "1"), ("3", "3")):
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        if given is not None:
            monkeypatch.setenv("OMP_NUM_THREADS", given)
        with use_one_thread():
            assert os.environ["OMP_NUM_THREADS"] == expected
        assert os.environ.get("OMP_NUM_THREADS") == given


SLOW = """
import os, sys, time
from pathlib import Path
from spacy_distill.executors import Processes

def load():
    (Path(sys.argv[1]) / str(os.getpid())).touch()
    return time.sleep

if __name__ == "__main__":
    list(Processes(2).run(load, [60] * 4))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_processes_end_with_the_one_that_started_them(tmp_path, number):
    script = tmp_path / "slow.py"
    script.write_text(SLOW, encoding="utf-8")
    log = tmp_path / "log"
    log.mkdir()
    driver = subprocess.Popen(
        [sys.executable, str(script), str(log)],
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: len(list(log.iterdir())) == 2)
        if number == signal.SIGKILL:
            driver.kill()
        else:
            # As Ctrl-C does, to all processes of the terminal.
            os.killpg(driver.pid, number)
        driver.wait(timeout=30)
        workers = [int(path.name) for path in log.iterdir()]
        wait_for(lambda: not any(map(is_running, workers)))
    finally:
        driver.kill()


def wait_for(condition):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come about in a minute")


def is_running(process):
    try:
        # A process that ended is there until its parent asks for its status.
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_cluster_that_is_not_there():
    pytest.importorskip("ray")
    executor = RayActors(1, address="127.0.0.1:9")
    with pytest.raises(DistillError, match="a Ray cluster at 127.0.0.1:9, got"):
        list(executor.run(load_square, range(2)))


@pytest.mark.slow
def test_a_worker_that_is_killed_is_started_again():
    ray = pytest.importorskip("ray")
    killed = []
    with make_executor("ray", 2) as executor:
        for number, _, process, _ in executor.run(load_slow_square, range(12)):
            if number in (2, 5):
                os.kill(process, signal.SIGKILL)
                killed.append(process)
        found = list(executor.run(load_slow_square, range(12)))
    assert ray.is_initialized() is False
    assert sorted(row[0] for row in found) == list(range(12))
    assert killed


def load_slow_square():
    def square(number):
        time.sleep(0.1)
        return number, number**2, os.getpid(), ""

    return square


@pytest.mark.slow
def test_work_that_kills_its_workers_ends():
    pytest.importorskip("ray")
    with (
        make_executor("ray", 1) as executor,
        pytest.raises(DistillError, match="one died again and again at the"),
    ):
        list(executor.run(load_exit, range(2)))
