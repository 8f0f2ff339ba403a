"""Words a second of what `run.py` trained, from text to Doc, measured in turns.

    OMP_NUM_THREADS=1 python benchmarks/presets/speed.py work/presets --sets conll_750

Run it when nothing else runs.
"""

import sys
from pathlib import Path
from typing import Dict

sys.path.insert(0, str(Path(__file__).parents[1]))
import spacy
from common.cells import file_name
from common.commands import run_speeds, speed_parser
from common.turns import seconds_in_turns
from spacy.language import Language
from spacy.tokens import DocBin

from presets.sets import ROWS, SETS, TEACHER
from spacy_distill.docs import load_pipeline

# Sentences that each pipeline reads in a round; the teacher reads fewer.
SENTENCES, TEACHER_SENTENCES = 3000, 100


def main() -> None:
    """Measure the pipelines of one seed of each set."""
    args = speed_parser(__doc__, sets=SETS).parse_args()
    run_speeds(args, lambda _, folder: measure_speeds(folder))


def measure_speeds(folder: Path) -> Dict[str, float]:
    """Return words a second by row, of quantized copies too, as "ROW, int8".

    Args:
        folder: The output folder of a set's cells.
    """
    docs = list(
        DocBin().from_disk(folder / "test.spacy").get_docs(spacy.blank("en").vocab)
    )
    readers, words = {}, {}
    for row, nlp in load_pipelines(folder).items():
        found = docs[: TEACHER_SENTENCES if row == TEACHER else SENTENCES]
        # By length, since the teacher pads a batch to its longest sentence.
        mine = sorted(found, key=len)
        readers[row] = (nlp, [doc.text for doc in mine])
        words[row] = sum(map(len, mine))
    seconds = seconds_in_turns(readers, batch_size=32)
    return {row: words[row] / seconds[row] for row in readers}


def load_pipelines(folder: Path) -> Dict[str, Language]:
    """Load the teacher, and each student that there is with its quantized copy."""
    found = {TEACHER: load_pipeline(folder / "teacher" / "model-best")}
    for row in ROWS:
        path = folder / "pipelines" / file_name(row)
        if (path / "model-best").exists():
            found[row] = load_pipeline(path / "model-best")
        if (path / "int8").exists():
            found[f"{row}, int8"] = load_pipeline(path / "int8")
    return found


if __name__ == "__main__":
    main()
