"""Commands whose driver or workers are killed at random points, until they are done."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, List

# Each process that loads the teacher or the pipeline leaves its id in a folder.
CODE = """
import os, time
from pathlib import Path
from spacy.language import Language
from spacy.util import registry
from spacy_distill import load_teacher

PAUSE = float(os.environ.get("PAUSE", "0"))
if "PIDS" in os.environ:
    (Path(os.environ["PIDS"]) / str(os.getpid())).touch()

def names(texts):
    time.sleep(PAUSE * len(texts))
    return [[(0, 4, "PER")] if text.startswith("Anna") else [] for text in texts]

@registry.misc("killed_workers.Names.v1")
def names_v1():
    return load_teacher(names, labels=["LOC", "PER"])

@Language.component("killed_workers_pause")
def pause(doc):
    time.sleep(PAUSE)
    if "bomb" in doc.text:
        raise ValueError("boom")
    return doc
"""
TEACHER = '[teacher]\n@misc = "killed_workers.Names.v1"\n'
# Seconds for a document, of which shards have five.
PAUSE = 0.1


def start(folder: Path, *args: Any, pids: Path, pause: float = PAUSE) -> Any:
    """Start a command in a folder."""
    pids.mkdir(exist_ok=True)
    script = "from spacy_distill.cli.app import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, args)],
        cwd=folder,
        env={**os.environ, "PIDS": str(pids), "PAUSE": str(pause)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(driver: Any) -> str:
    """Wait for a command that succeeds, and return its output."""
    output: str = driver.communicate(timeout=300)[0]
    assert driver.returncode == 0, output
    return output


def kill_driver(
    folder: Path, *args: Any, pids: Path, times: int, seed: int = 0, done: Path
) -> int:
    """Run a command, and kill it again and again, a while after it began to work.

    Args:
        folder: Where it runs.
        *args: Its arguments.
        pids: Folder for the ids of processes that load.
        times: How many times it is killed.
        seed: Seed of the points in time.
        done: Folder in which it writes shards.

    Returns:
        How many times it was killed before it was done.
    """
    rng, killed = random.Random(seed), 0
    for _ in range(times):
        before = len(list(done.glob("shard-*.json")))
        driver = start(folder, *args, pids=pids)
        while driver.poll() is None and (
            not done.exists() or len(list(done.glob("shard-*.json"))) <= before
        ):
            time.sleep(0.02)
        time.sleep(rng.uniform(0, 0.5))
        killed += driver.poll() is None
        driver.kill()
        driver.communicate()
    finish(start(folder, *args, pids=pids))
    return killed


def kill_workers(
    folder: Path, *args: Any, pids: Path, times: int, seed: int = 0, done: Path
) -> int:
    """Run a command, and kill its workers at random points, loading or not.

    A shard is done between two of them: who never ends one is given up, rightly.

    Args:
        folder: Where it runs.
        *args: Its arguments.
        pids: Folder for the ids of processes that load.
        times: How many workers are killed.
        seed: Seed of the points in time.
        done: Folder in which it writes shards.

    Returns:
        How many were killed.
    """
    shards = 0
    rng, killed = random.Random(seed), 0
    driver = start(folder, *args, pids=pids)
    while driver.poll() is None and killed < times:
        workers = _workers(pids, driver.pid)
        if not workers or len(list(done.glob("shard-*.json"))) <= shards:
            time.sleep(0.02)
            continue
        time.sleep(rng.uniform(0, 1))
        shards = len(list(done.glob("shard-*.json")))
        victim = rng.choice(_workers(pids, driver.pid))
        (pids / str(victim)).unlink()
        try:
            os.kill(victim, signal.SIGKILL)
            killed += 1
        except ProcessLookupError:
            pass
    finish(driver)
    return killed


def _workers(pids: Path, driver: int) -> List[int]:
    return [int(path.name) for path in pids.iterdir() if int(path.name) != driver]
