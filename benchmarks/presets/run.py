"""Teachers and the students of all presets, on several corpora and seeds.

One JSON file a cell; a run that was cut short goes on where it was.

    python benchmarks/presets/run.py --data ../shared/data -o work/presets \
        --sets conll_750 --vectors glove.6B.50d.txt
"""

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any, Dict, Optional

sys.path.insert(0, str(Path(__file__).parents[1]))
from common.cells import file_name, run_cell
from common.commands import cell_parser
from common.corpus import write_corpus
from common.other_texts import write_other_texts
from spacy.cli.init_config import init_config
from spacy.language import Language
from spacy.training import Corpus
from spacy.training.initialize import init_nlp

from presets.sets import ENCODERS, ROWS, SETS, TEACHER
from spacy_distill import annotate, distill, load_teacher, quantize
from spacy_distill.docs import load_pipeline
from spacy_distill.evaluation.size import zipped_bytes
from spacy_distill.training.config import TEACHER_CONFIG
from spacy_distill.training.loop import train
from spacy_distill.training.teacher import train_teacher

# Without the letter case that CaseAwareTransformer adds to uncased models like BERT.
_ANY_TRANSFORMER = "spacy-transformers.TransformerModel.v3"
# spaCy stops by itself 600 steps after the best one.
_STOCK = {"max_steps": 3000, "patience": 600, "eval_frequency": 100}


def main() -> None:
    """Run what is asked for and not yet done."""
    parser = cell_parser(__doc__, sets=SETS, rows=ROWS)
    parser.add_argument("--vectors", type=Path, help="for rows with vectors")
    for encoder in ENCODERS:
        parser.add_argument(f"--{encoder}", help=f"transformer of sets with _{encoder}")
    args = parser.parse_args()
    given = [None, *(name for name in ENCODERS if getattr(args, name) is not None)]
    args.sets = [name for name in args.sets if SETS[name].encoder in given]
    if args.vectors is None:
        args.rows = [row for row in args.rows if not ROWS[row].vectors]
    for seed in args.seeds:
        for name in args.sets:
            run_cells(name, args.output / f"{name}-{seed}", seed, args)


def run_cells(name: str, folder: Path, seed: int, args: argparse.Namespace) -> None:
    """Run the cells of one set and seed."""
    if not (folder / "corpus.json").exists():
        source = SETS[name].source
        write_corpus(
            folder,
            [args.data / source.folder / file for file in source.files],
            lang="en",
            labels=source.labels,
            n_labels=SETS[name].n_labels,
            seed=seed,
        )
    if SETS[name].has_more_text:
        more = folder / "unlabelled" / "texts_of_other_corpora.spacy"
        if not more.exists():
            write_other_texts(args.data, more)
    head = {"set": name, "seed": seed}

    def teach() -> Dict[str, Any]:
        train_and_annotate(folder, SETS[name].encoder, seed, args)
        return measure(folder / "teacher" / "model-best", folder)

    run_cell(folder, TEACHER, head, teach, shown="f1")
    for row in args.rows:

        def train_and_measure(row: str = row) -> Dict[str, Any]:
            path = folder / "pipelines" / file_name(row)
            if ROWS[row].preset is None:
                train_stock(folder, path, seed)
                return measure(path / "model-best", folder)
            train_row(row, folder, path, seed, args)
            small = path / "int8"
            shutil.rmtree(small, ignore_errors=True)
            quantize(path / "model-best", small)
            int8 = measure(small, folder)
            return {
                **measure(path / "model-best", folder),
                **{f"int8_{key}": int8[key] for key in ("f1", "bytes")},
            }

        run_cell(folder, row, head, train_and_measure, shown="f1")


def train_and_annotate(
    folder: Path, encoder: Optional[str], seed: int, args: argparse.Namespace
) -> None:
    """Fine-tune the teacher, and let it annotate the text."""
    settings = {
        "paths.train": str(folder / "train.spacy"),
        "paths.dev": str(folder / "dev.spacy"),
        "system.seed": seed,
        "training.logger.progress_bar": None,
        "initialize.after_init.bfloat16": args.bfloat16,
    }
    if encoder is not None:
        settings["components.transformer.model.@architectures"] = _ANY_TRANSFORMER
    train_teacher(
        TEACHER_CONFIG,
        folder / "teacher",
        transformer=args.transformer if encoder is None else getattr(args, encoder),
        overrides=settings,
        progress=False,
    )
    path = folder / "teacher" / "model-best"
    texts, soft_labels = folder / "unlabelled", folder / "soft_labels"
    annotate(load_teacher(path), texts, soft_labels, progress=False)


def train_row(
    row: str, folder: Path, output: Path, seed: int, args: argparse.Namespace
) -> None:
    """Distill the teacher into the student of a row, as a user would."""
    spec = ROWS[row]
    settings: Dict[str, Any] = {"system.seed": seed}
    if spec.vectors:
        settings["paths.word_vectors"] = str(args.vectors)
    if spec.preset == "transformer":
        settings["initialize.after_init.bfloat16"] = args.bfloat16
    distill(
        folder / "teacher" / "model-best",
        soft_labels=folder / "soft_labels",
        train=folder / "train.spacy",
        dev=folder / "dev.spacy",
        output=output,
        preset=spec.preset,
        overrides=settings,
        progress=False,
    )


def train_stock(folder: Path, output: Path, seed: int) -> None:
    """Train spaCy's own `ner` on the gold annotation, from its default config."""
    config = init_config(lang="en", pipeline=["ner"], optimize="efficiency")
    for name in ("train", "dev"):
        config["paths"][name] = str(folder / f"{name}.spacy")
    config["training"].update(_STOCK)
    config["system"]["seed"] = seed
    output.mkdir(parents=True, exist_ok=True)
    train(init_nlp(config), output)


def measure(path: Path, folder: Path) -> Dict[str, Any]:
    """Measure a pipeline on the development and the test set."""
    nlp = load_pipeline(path)
    dev, test = (_evaluate(nlp, folder / f"{part}.spacy") for part in ("dev", "test"))
    return {
        "dev_f1": dev["ents_f"],
        "f1": test["ents_f"],
        # spaCy's own component has no probabilities.
        **({"ece": test["ents_ece"]} if "ents_ece" in test else {}),
        "bytes": zipped_bytes(path),
    }


def _evaluate(nlp: Language, gold: Path) -> Dict[str, Any]:
    return nlp.evaluate(list(Corpus(gold)(nlp)))


if __name__ == "__main__":
    main()
