"""Documents a second and size of what `run.py` trained, measured in turns.

    OMP_NUM_THREADS=1 python benchmarks/textcat/speed.py work/textcat \
        --data ../shared/data --sets sst2

Run it when nothing else runs. Every pipeline reads the same documents, one after the
other, in each round; the table has the median round.
"""

import sys
from pathlib import Path
from typing import Dict, List

sys.path.insert(0, str(Path(__file__).parents[1]))
from common.cells import file_name
from common.commands import run_speeds, speed_parser
from common.turns import seconds_in_turns

from spacy_distill.docs import load_pipeline
from spacy_distill.evaluation.size import zipped_bytes
from textcat.corpora import READERS, read_corpus
from textcat.rows import ROWS

ROUNDS = 5
# The teacher reads fewer documents, the first of them.
DOCUMENTS, TEACHER_DOCUMENTS = 800, 100


def main() -> None:
    """Measure the pipelines of one seed of each set."""
    parser = speed_parser(__doc__, sets=READERS)
    parser.add_argument("--data", type=Path, required=True)
    args = parser.parse_args()

    def measure(name: str, folder: Path) -> Dict[str, Dict[str, float]]:
        corpus = read_corpus(name, args.data, args.seed)
        texts = [text for text, _ in corpus.test][:DOCUMENTS]
        return measure_speeds(find_pipelines(folder), texts)

    run_speeds(args, measure)


def find_pipelines(folder: Path) -> Dict[str, Path]:
    """Find the pipelines of a corpus and seed, by row; int8 copies are rows, too."""
    paths = {"teacher": folder / "teacher" / "model-best"}
    for name in ROWS:
        trained = folder / "pipelines" / file_name(name)
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
    readers = {
        name: (
            load_pipeline(path),
            texts[:TEACHER_DOCUMENTS] if name == "teacher" else texts,
        )
        for name, path in paths.items()
    }
    seconds = seconds_in_turns(readers, rounds=rounds)
    return {
        name: {
            "docs_per_second": len(mine) / seconds[name],
            "bytes": zipped_bytes(paths[name]),
        }
        for name, (_, mine) in readers.items()
    }


if __name__ == "__main__":
    main()
