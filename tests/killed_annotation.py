"""Run by a test, as a process of its own: annotate, and hang at a given moment.

Arguments: the texts, the output folder, and the moment: "batch N" hangs before the
N-th batch, "write N" after half of the N-th file's bytes, "rename N" before the N-th
file gets its name, "renamed N" after that.
"""

import os
import sys
import time
from pathlib import Path

from hash_teacher import HashTeacher, make_pieces

from spacy_distill.annotation.annotate import annotate

LOSE = ("windows", "Two", "Anna")
SETTINGS = {"shard_size": 3, "batch_words": 12, "window": 6, "overlap": 2}


def hang():
    print("hanging", flush=True)
    time.sleep(600)


def main(texts, out, moment, number):
    calls = 0

    def count():
        nonlocal calls
        calls += 1
        return calls == int(number)

    really_replace, really_open = os.replace, Path.open

    def replace(source, target):
        now = count()
        if now and moment == "rename":
            hang()
        really_replace(source, target)
        if now and moment == "renamed":
            hang()

    def half_open(self, mode="r", *args, **kwargs):
        file_ = really_open(self, mode, *args, **kwargs)
        if mode == "wb" and count():
            really_write = file_.write

            class Half:
                def __enter__(self):
                    return self

                def __exit__(self, *error):
                    file_.close()

                def write(self, data):
                    really_write(data[: len(data) // 2])
                    file_.flush()
                    hang()

            return Half()
        return file_

    if moment in ("rename", "renamed"):
        os.replace = replace
    if moment == "write":
        Path.open = half_open
    on_batch = (lambda: hang() if count() else None) if moment == "batch" else None
    teacher = HashTeacher(
        pieces=make_pieces(), lose=LOSE, on_batch=on_batch or (lambda: None)
    )
    annotate(teacher, texts, out, progress=False, **SETTINGS)


if __name__ == "__main__":
    main(*sys.argv[1:])
