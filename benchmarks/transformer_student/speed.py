"""Words a second of what `run.py` trained, from text to Doc, measured in turns.

Sentences are sorted by length, in batches of 32.

    OMP_NUM_THREADS=1 python benchmarks/transformer_student/speed.py \
        work/transformer_student --sets conll_750

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

from spacy_distill.docs import load_pipeline
from spacy_distill.students.transformer.architecture import find_students, get_shim
from transformer_student.corpora import CORPORA
from transformer_student.rows import ADAPTIVE, DEFAULT_STUDENTS, SIZES

# Sentences that each pipeline reads in a round; the teacher reads fewer.
SENTENCES, TEACHER_SENTENCES = 400, 100


def main() -> None:
    """Measure the pipelines of one seed of each set."""
    run_speeds(speed_parser(__doc__, sets=CORPORA).parse_args(), measure_speeds)


def measure_speeds(name: str, folder: Path) -> Dict[str, float]:
    """Measure the pipelines of a corpus.

    Args:
        name: The corpus.
        folder: The output folder of its cells.

    Returns:
        Words a second by row. A transformer student has one with torch, too.
    """
    docs = DocBin().from_disk(folder / "test.spacy")
    vocab = spacy.blank(CORPORA[name].lang).vocab
    found = list(docs.get_docs(vocab))[:SENTENCES]
    readers = {}
    for row, nlp in load_pipelines(folder).items():
        mine = found[:TEACHER_SENTENCES] if row == "teacher" else found
        # By length, since the teacher pads a batch to its longest sentence.
        readers[row] = (nlp, sorted(mine, key=len))
    seconds = seconds_in_turns(
        {row: (nlp, [d.text for d in mine]) for row, (nlp, mine) in readers.items()},
        batch_size=32,
    )
    return {
        row: sum(len(doc) for doc in mine) / seconds[row]
        for row, (_, mine) in readers.items()
    }


def load_pipelines(folder: Path) -> Dict[str, Language]:
    """Load the teacher, and the students of each size in each form."""
    found = {"teacher": load_pipeline(folder / "teacher" / "model-best")}
    for row in (ADAPTIVE, *SIZES, *DEFAULT_STUDENTS):
        path = folder / "pipelines" / file_name(row) / "model-best"
        small = path.parent.with_name(f"{path.parent.name}-int8")
        if not path.exists() or row.endswith(", gold"):
            continue
        found[row] = load_pipeline(path)
        found[f"{row}, int8"] = load_pipeline(small)
        if find_students(found[row]):
            found[f"{row}, torch"] = in_torch(load_pipeline(path))
    return found


def in_torch(nlp: Language) -> Language:
    """Let the transformer student of a pipeline predict with torch."""
    for _, student in find_students(nlp):
        # Making the module of the graph's weights is all it takes.
        assert get_shim(student).module
    return nlp


if __name__ == "__main__":
    main()
