"""Transformer students: objectives and sizes, on several corpora and seeds.

One JSON file a cell; a run that was cut short goes on where it was.

    python benchmarks/transformer_student/run.py --data ../shared/data \
        -o work/transformer_student --sets conll_750 --seeds 0 1 2
"""

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any, Dict, Tuple

sys.path.insert(0, str(Path(__file__).parents[1]))
from common.cells import file_name, run_cell
from common.commands import cell_parser
from spacy.language import Language
from spacy.training import Corpus as SpacyCorpus

from spacy_distill import annotate, load_teacher, quantize
from spacy_distill.docs import load_pipeline
from spacy_distill.evaluation.size import zipped_bytes
from spacy_distill.students.transformer.architecture import find_students, get_shim
from spacy_distill.training.config import CONFIGS
from spacy_distill.training.teacher import train_teacher
from transformer_student.corpora import CORPORA, write_set
from transformer_student.rows import ROWS, WITH_LEXICON, train_row, usual_layers


def main() -> None:
    """Run what is asked for and not yet done."""
    parser = cell_parser(__doc__, sets=CORPORA, rows=ROWS)
    parser.add_argument("--lexicon", type=Path, help="for rows with a lexicon")
    args = parser.parse_args()
    if args.lexicon is None:
        args.rows = [row for row in args.rows if row not in WITH_LEXICON]
    for seed in args.seeds:
        for name in args.sets:
            folder = args.output / f"{name}-{seed}"
            if not (folder / "corpus.json").exists():
                write_set(name, args.data, folder, seed)
            run_cells(name, folder, seed, args)


def run_cells(name: str, folder: Path, seed: int, args: argparse.Namespace) -> None:
    """Run the cells of one corpus and seed."""
    head = {"set": name, "seed": seed}
    run_cell(
        *(folder, "teacher", head),
        lambda: teacher_cell(name, folder, seed, args),
        shown="f1",
    )
    for row in args.rows:
        if ROWS[row].layers == usual_layers(name):
            # A row without a number of layers has as many.
            continue

        def train_and_measure(row: str = row) -> Dict[str, Any]:
            nlp = train_row(
                *(row, name, folder, seed),
                transformer=args.transformer,
                lexicon=args.lexicon,
                bfloat16=args.bfloat16,
            )
            small = folder / "pipelines" / f"{file_name(row)}-int8"
            shutil.rmtree(small, ignore_errors=True)
            assert nlp.path is not None
            quantize(nlp.path, small)
            rate: Any = nlp.config["training"]["optimizer"]["learn_rate"]
            return {
                **measure(nlp, folder),
                **parameters(nlp),
                "learning_rate": rate["initial_rate"],
                "is_pruned": '"prune_vocabulary":true'
                in json.dumps(nlp.config["initialize"], separators=(",", ":")),
                "bytes": zipped_bytes(nlp.path),
                "int8_f1": measure(load_pipeline(small), folder)["f1"],
                "int8_bytes": zipped_bytes(small),
            }

        run_cell(folder, row, head, train_and_measure, shown="f1")


def teacher_cell(
    name: str, folder: Path, seed: int, args: argparse.Namespace
) -> Dict[str, Any]:
    """Fine-tune the teacher, measure it, and let it annotate."""
    spec = CORPORA[name]
    config = "teacher_zh" if spec.lang == "zh" else "teacher"
    train_teacher(
        CONFIGS / f"{config}.cfg",
        folder / "teacher",
        transformer=args.transformer,
        overrides={
            "paths.train": str(folder / "train.spacy"),
            "paths.dev": str(folder / "dev.spacy"),
            "system.seed": seed,
            "training.max_steps": spec.teacher_steps,
            "training.eval_frequency": spec.teacher_steps // 4,
            "training.logger.progress_bar": None,
            "initialize.after_init.bfloat16": args.bfloat16,
        },
        progress=False,
    )
    path = folder / "teacher" / "model-best"
    shutil.rmtree(path.with_name("model-last"))
    annotate(
        load_teacher(path, lang=spec.lang),
        folder / "unlabelled",
        folder / "soft_labels",
        progress=False,
    )
    nlp = load_pipeline(path)
    model: Any = nlp.get_pipe("transformer").model  # type: ignore[attr-defined]
    return {**measure(nlp, folder), **count(model.transformer)}


def measure(nlp: Language, folder: Path) -> Dict[str, Any]:
    """Measure a pipeline on the test set: entities and, in Chinese, characters."""
    scores = nlp.evaluate(list(SpacyCorpus(folder / "test.spacy")(nlp)))
    return {name: scores[key] for name, key in _SCORES.items() if key in scores}


_SCORES = {
    "f1": "ents_f",
    "precision": "ents_p",
    "recall": "ents_r",
    "character_f1": "spans_characters_f",
    "character_macro_f1": "spans_characters_macro_f",
}


def parameters(nlp: Language) -> Dict[str, Any]:
    """Count the parameters of a student's encoder."""
    students = find_students(nlp)
    if students:
        # Of a copy: the pipeline goes on with its graph.
        shim = get_shim(students[0][1]).copy()
        return count(shim.module)
    model: Any = nlp.get_pipe("ner").model  # type: ignore[attr-defined]
    sizes = {
        name: node.get_param(name).size
        for node in model.walk()
        for name in node.param_names
        if node.has_param(name)
    }
    return _split(sizes, ("word_vectors", "piece"))


def count(module: Any) -> Dict[str, int]:
    """Count the parameters of a Hugging Face encoder, without a pooler."""
    sizes = {
        name: weight.numel()
        for name, weight in module.named_parameters()
        if not name.startswith("pooler.")
    }
    return _split(sizes, ("embeddings.",))


def _split(sizes: Dict[str, int], tables: Tuple[str, ...]) -> Dict[str, int]:
    in_tables = sum(size for name, size in sizes.items() if name.startswith(tables))
    return {
        "embedding_parameters": in_tables,
        "encoder_parameters": sum(sizes.values()) - in_tables,
    }


if __name__ == "__main__":
    main()
