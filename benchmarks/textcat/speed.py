"""Documents a second and size of what `run.py` trained, measured in turns.

    OMP_NUM_THREADS=1 python benchmarks/textcat/speed.py work/textcat \
        --data ../shared/data --sets sst2

Run it when nothing else runs. Every pipeline reads the same documents, one after the
other, in each round; the table has the median round.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Dict, List

sys.path.insert(0, str(Path(__file__).parents[1]))
from spacy.language import Language

from spacy_distill.docs import load_pipeline
from spacy_distill.evaluation.size import zipped_bytes
from spacy_distill.files import write_atomically
from textcat.corpora import READERS, read_corpus
from textcat.rows import ROWS, row_file

ROUNDS = 5
# The teacher reads fewer documents, the first of them.
DOCUMENTS, TEACHER_DOCUMENTS = 800, 100


def main() -> None:
    """Measure the pipelines of one seed of each set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=list(READERS), choices=READERS)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != "1":
        # Libraries read it when they are loaded.
        parser.error("expected one thread: put OMP_NUM_THREADS=1 before the command")
    for name in args.sets:
        folder = args.results / f"{name}-{args.seed}"
        corpus = read_corpus(name, args.data, args.seed)
        texts = [text for text, _ in corpus.test][:DOCUMENTS]
        speeds = measure_speeds(find_pipelines(folder), texts)
        out = {"set": name, "seed": args.seed, "speeds": speeds}
        write_atomically(folder / "speed.json", json.dumps(out, indent=1).encode())
        for row, speed in speeds.items():
            print(name, row, *(f"{key} {value:.4g}" for key, value in speed.items()))


def find_pipelines(folder: Path) -> Dict[str, Path]:
    """Find the pipelines of a corpus and seed, by row; int8 copies are rows, too."""
    paths = {"teacher": folder / "teacher" / "model-best"}
    for name, row in ROWS.items():
        trained = folder / "pipelines" / row_file(row)
        paths[name] = trained / "model-best"
        paths[f"{name}, int8"] = trained.with_name(f"{trained.name}-int8")
    return {name: path for name, path in paths.items() if path.exists()}


def measure_speeds(
    paths: Dict[str, Path], texts: List[str], *, rounds: int = ROUNDS
) -> Dict[str, Dict[str, float]]:
    """Measure pipelines in turns.

    Args:
        paths: Pipelines by row.
        texts: Documents to read; the teacher reads the first of them.
        rounds: How often each reads them. One more round comes first, untimed.

    Returns:
        For each row `docs_per_second` and `bytes` (zipped).
    """
    pipelines = {name: load_pipeline(path) for name, path in paths.items()}
    read: Dict[str, List[float]] = {name: [] for name in paths}
    for number in range(rounds + 1):
        for name, nlp in pipelines.items():
            mine = texts[:TEACHER_DOCUMENTS] if name == "teacher" else texts
            seconds = _read(nlp, mine)
            if number:
                read[name].append(len(mine) / seconds)
    return {
        name: {
            "docs_per_second": statistics.median(read[name]),
            "bytes": zipped_bytes(path),
        }
        for name, path in paths.items()
    }


def _read(nlp: Language, texts: List[str]) -> float:
    start = time.perf_counter()
    for _ in nlp.pipe(texts, batch_size=128):
        pass
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
