"""The worker processes, as seen from the one that asks them."""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

from spacy_distill.errors import DistillError

from .systems import System

_SCRIPT = Path(__file__).with_name("worker.py")
# Each is read by some library when it is first imported, never again.
_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "RAYON_NUM_THREADS",
)


class Worker:
    """A process that has loaded one system, with so many threads.

    texts: a file of `Texts`. log: a file for what it prints.
    light: variables of an environment without torch, for systems that need none; see
        `light.light_environment`.
    load_seconds: from the start of the process until it can read.
    """

    def __init__(
        self,
        system: System,
        *,
        threads: int,
        lang: str,
        texts: Path,
        log: Path,
        light: Optional[Mapping[str, str]] = None,
    ) -> None:
        self.system = system
        self._log = log
        spec = {
            "kind": system.kind,
            "source": system.source,
            "lang": lang,
            "threads": threads,
            "texts": str(texts),
        }
        environment = thread_environment(threads)
        environment["SPACY_DISTILL_PURE"] = "1" if system.is_pure else "0"
        options = []
        if system.is_light and light is not None:
            environment.update(light)
            # Without the site-packages, which the light ones stand in for.
            options.append("-S")
        log.parent.mkdir(parents=True, exist_ok=True)
        self._file = log.open("w", encoding="utf-8")
        start = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, *options, str(_SCRIPT), json.dumps(spec)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._file,
            text=True,
            encoding="utf-8",
        )
        try:
            self._receive("load")
        except BaseException:
            self.end()
            raise
        self.load_seconds = time.perf_counter() - start

    def ask(self, do: str, **arguments: Any) -> Dict[str, Any]:
        """Have something done, see `worker.REQUESTS`, and return what comes of it.

        Raises DistillError if the process ends instead.
        """
        assert self._process.stdin is not None
        # What became of a process that is gone is told where its answer is missing.
        with contextlib.suppress(BrokenPipeError):
            print(
                json.dumps({"do": do, **arguments}),
                file=self._process.stdin,
                flush=True,
            )
        return self._receive(do)

    def end(self) -> None:
        """End the process, whatever it is at."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._file):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def _receive(self, what: str) -> Dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            status = self._process.wait()
            raise DistillError(
                f"Expected {self.system.name} to {what}, but its process ended with"
                f" status {status} ({last_line(self._log)}): see {self._log}, or leave"
                " the system out with --systems."
            )
        reply: Dict[str, Any] = json.loads(line)
        return reply


def thread_environment(threads: int) -> Dict[str, str]:
    """The environment of a process whose libraries take so many threads."""
    return {
        **os.environ,
        **dict.fromkeys(_VARIABLES, str(threads)),
        "TOKENIZERS_PARALLELISM": "true" if threads > 1 else "false",
    }


def last_line(log: Path) -> str:
    """The last that a process has printed, of lines that are not empty."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    lines = [line.strip() for line in lines if line.strip()]
    return lines[-1] if lines else "it printed nothing"
