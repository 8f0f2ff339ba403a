import json
import os
import sys
import threading

import pytest
from common.guard import locked
from low_resource.processes import Processes

from spacy_distill.errors import DistillError


@pytest.fixture
def processes(tmp_path):
    with locked(tmp_path / "lock") as lock:
        yield Processes(threads=3, lock=lock)


def python(program):
    return [sys.executable, "-c", program]


def test_what_a_command_sees_and_prints(processes, tmp_path):
    log = tmp_path / "logs" / "some.log"
    program = "import json, os; print(json.dumps([os.getcwd(), dict(os.environ)]))"
    for _ in range(2):
        seconds = processes.run(python(program), log=log, folder=tmp_path)
        assert seconds > 0
    first, second = (line for line in log.read_text().splitlines() if line[0] != "$")
    folder, environment = json.loads(first)
    assert os.path.samefile(folder, tmp_path)
    assert environment["OMP_NUM_THREADS"] == "3"
    assert environment["PATH"].startswith(os.path.dirname(sys.executable))
    assert json.loads(second)[0] == folder


def test_failure_is_told_in_one_line(processes, tmp_path):
    log = tmp_path / "some.log"
    program = "print('fine'); print('\\x1b[31mno room\\x1b[0m\\n'); raise SystemExit(4)"
    with pytest.raises(
        DistillError, match=r"status 4 \(no room\): see .*some\.log"
    ) as e:
        processes.run(python(program), log=log, folder=tmp_path)
    assert "\n" not in str(e.value)


def test_end_ends_what_is_running(processes, tmp_path):
    log = tmp_path / "some.log"
    errors = []
    program = "import sys, time; print('here', flush=True); time.sleep(600)"

    def run():
        try:
            processes.run(python(program), log=log, folder=tmp_path)
        except DistillError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while not (log.exists() and "\nhere" in log.read_text()):
        assert thread.is_alive()
    processes.end()
    thread.join()
    assert len(errors) == 1
    with pytest.raises(DistillError, match="ended"):
        processes.run(python("pass"), log=log, folder=tmp_path)
