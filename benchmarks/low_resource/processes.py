"""Commands run as processes of their own, with what they print in files."""

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Dict, Sequence, Set

from spacy_distill.errors import DistillError

_COLOR = re.compile(r"\x1b\[[0-9;]*m")


class Processes:
    """Runs commands, from several Python threads at once if need be.

    threads: that numeric libraries may take in each. lock: a file descriptor for the
        processes to inherit, see `guard.locked`.
    """

    def __init__(self, *, threads: int, lock: int) -> None:
        self.threads = threads
        self._lock = lock
        self._running: Set[subprocess.Popen] = set()
        self._guard = threading.Lock()
        self._ended = False

    def run(self, command: Sequence[str], *, log: Path, folder: Path) -> float:
        """Run a command in a folder, adding what it prints to a file.

        Returns the seconds it took. Raises DistillError if it fails.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        with log.open("a", encoding="utf-8") as file_:
            print("$", *command, file=file_, flush=True)
            with self._guard:
                if self._ended:
                    raise DistillError("The grid is being ended.")
                # A folder of its own keeps `python -m` from importing what lies here.
                process = subprocess.Popen(
                    list(command),
                    cwd=folder,
                    env=_environment(self.threads),
                    stdin=subprocess.DEVNULL,
                    stdout=file_,
                    stderr=subprocess.STDOUT,
                    pass_fds=(self._lock,),
                )
                self._running.add(process)
            status = process.wait()
        with self._guard:
            self._running.discard(process)
        if status:
            raise DistillError(
                f"Expected `{' '.join(command[:4])} ...` to succeed, but it ended with"
                f" status {status} ({_last_line(log)}): see {log}."
            )
        return time.perf_counter() - start

    def end(self) -> None:
        """End what is running, and begin nothing more."""
        with self._guard:
            self._ended = True
            for process in self._running:
                process.terminate()


def _environment(threads: int) -> Dict[str, str]:
    # `spacy-distill` lies beside Python, also where the environment is not activated.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {
        **os.environ,
        "PATH": path,
        "OMP_NUM_THREADS": str(threads),
        "TOKENIZERS_PARALLELISM": "false",
    }


def _last_line(log: Path) -> str:
    text = log.read_text(encoding="utf-8", errors="replace")
    lines = [_COLOR.sub("", line).strip() for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), "it printed nothing")
