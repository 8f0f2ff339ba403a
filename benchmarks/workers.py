"""Two workers against one: annotation on Ray, prediction by processes.

Each worker computes on one thread. The clock starts when all workers have loaded, and
stops when the result is complete on disk.
"""

import argparse
import os
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

from spacy_distill import annotate, load_teacher
from spacy_distill.corpora.texts import read_texts
from spacy_distill.docs import blank_pipeline
from spacy_distill.executors import Processes, RayActors
from spacy_distill.prediction.files import predict_file
from spacy_distill.prediction.sources import LocalPipeline


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="teacher, or pipeline with --predict")
    parser.add_argument("texts", type=Path, help=".txt, .jsonl, .spacy, or a folder")
    parser.add_argument("--predict", action="store_true", help="predict by processes")
    parser.add_argument("--texts-used", type=int, default=2000)
    parser.add_argument("--shard-size", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=2)
    args = parser.parse_args()

    nlp = blank_pipeline("en")
    texts = [doc.text for doc in read_texts(args.texts, nlp)]
    texts = (texts * (args.texts_used // len(texts) + 1))[: args.texts_used]
    ratios = []
    for _ in range(args.rounds):
        rates = []
        for workers in (1, 2):
            with tempfile.TemporaryDirectory() as folder:
                seconds = run(args, texts, workers, Path(folder))
            rates.append(len(texts) / seconds)
        ratios.append(rates[1] / rates[0])
        print(
            f"1 worker {rates[0]:8,.0f} texts/s   2 workers {rates[1]:8,.0f} texts/s"
            f"   ratio {ratios[-1]:.2f}",
            flush=True,
        )
    print(f"median ratio {median(ratios):.2f}")


def run(args, texts, workers, folder):
    """Seconds from when all workers have loaded to the end."""
    loaded = folder / "loaded"
    loaded.mkdir()
    load = partial(LocalPipeline if args.predict else load_teacher, args.model)
    together = partial(load_together, load, loaded, workers, os.getpid())
    options = {"shard_size": args.shard_size, "progress": False}
    if args.predict:
        executor = Processes(workers)
        out = folder / "out.jsonl"
        predict_file(together, texts, out, executor=executor, **options)
    else:
        executor = RayActors(workers)
        annotate(together, texts, folder / "out", executor=executor, **options)
    return time.time() - max(path.stat().st_mtime for path in loaded.iterdir())


def load_together(load, folder, workers, driver):
    """Load in a worker, and wait for the others."""
    model = load()
    if os.getpid() != driver:
        (folder / str(os.getpid())).touch()
        while len(list(folder.iterdir())) < workers:
            time.sleep(0.01)
    return model


if __name__ == "__main__":
    main()
