"""Text classification: teacher, baselines and students on several corpora and seeds.

One JSON file a cell; a run that was cut short goes on where it was.

    python benchmarks/textcat/run.py --data ../shared/data -o work/textcat \
        --sets sst2 ag_news --seeds 0 1 2
"""

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, Set

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from common.cells import file_name, run_cell
from common.commands import cell_parser
from spacy.language import Language

from spacy_distill import annotate, calibrate, load_teacher, quantize
from spacy_distill.corpora.augmentation.augment import augment
from spacy_distill.corpora.augmentation.settings import Augmentation
from spacy_distill.docs import blank_pipeline, load_pipeline
from spacy_distill.evaluation.size import zipped_bytes
from spacy_distill.tasks.calibration_error import expected_calibration_error
from spacy_distill.training.config import CONFIGS
from spacy_distill.training.teacher import train_teacher
from textcat.baselines import BASELINES
from textcat.corpora import READERS, Corpus, read_corpus, write_corpus
from textcat.rows import ROWS, train_row

# Steps of the teacher; longer documents come in smaller batches.
TEACHER_STEPS = {
    "reviews_en": 250,
    "ag_news": 300,
    "tweets_fr": 1000,
    "reviews_zh": 1000,
}
_SMALL_BATCH = ("reviews_en",)
# Rates of each kind of augmentation.
KINDS: Dict[str, Dict[str, float]] = {
    "mask": {"mask_rate": 0.1},
    "replace": {"replace_rate": 0.2},
    "ngrams": {"ngram_rate": 1.0},
    "sentences": {"sentence_rate": 1.0},
    "all": {"mask_rate": 0.1, "replace_rate": 0.2, "ngram_rate": 0.25},
}
# Rounds of "all" are as many as give about this number of tokens, from 1 to 8; other
# kinds have one.
AUGMENTED_TOKENS, MOST_ROUNDS = 300_000, 8


def main() -> None:
    """Run what is asked for and not yet done."""
    parser = cell_parser(__doc__, sets=READERS, rows=ROWS)
    parser.add_argument("--word-vectors", type=Path, help="for rows with GloVe")
    args = parser.parse_args()
    if args.word_vectors is None:
        args.rows = [row for row in args.rows if not ROWS[row].word_vectors]
    for seed in args.seeds:
        for name in args.sets:
            corpus = read_corpus(name, args.data, seed)
            folder = args.output / f"{name}-{seed}"
            folder.mkdir(parents=True, exist_ok=True)
            run_cells(name, corpus, folder, seed, args)


def run_cells(
    name: str, corpus: Corpus, folder: Path, seed: int, args: argparse.Namespace
) -> None:
    """Run the cells of one corpus and seed."""
    if not (folder / "unlabelled.jsonl").exists():
        write_corpus(corpus, folder)

    def cell(row: str, make: Callable[[], Dict[str, Any]]) -> None:
        run_cell(folder, row, {"set": name, "seed": seed}, make, shown="accuracy")

    for row_name, baseline in BASELINES.items():
        if baseline.is_installed:

            def fit_and_measure(fit: Any = baseline.fit) -> Dict[str, Any]:
                return measure(fit(corpus), corpus)

            cell(row_name, fit_and_measure)
    cell("teacher", lambda: teacher_cell(name, corpus, folder, seed, args))
    # Annotated texts: the teacher is loaded once for them.
    done: Set[str] = set()
    for row_name in args.rows:

        def train_and_measure(row_name: str = row_name) -> Dict[str, Any]:
            row = ROWS[row_name]
            if row.texts or row.config == "textcat_student":
                texts = row.texts or "plain"
                if texts not in done:
                    annotated(texts, corpus, folder, seed, args.transformer)
                    done.add(texts)
            nlp = train_row(
                *(row_name, corpus, folder, seed),
                transformer=args.transformer,
                word_vectors=args.word_vectors,
                bfloat16=args.bfloat16,
            )
            out = measure_pipeline(nlp, corpus)
            out.update(quantized(nlp, corpus, folder, file_name(row_name)))
            if row.model is None:
                calibrate(nlp, folder / "dev.spacy")
                out["calibrated_ece"] = measure_pipeline(nlp, corpus)["ece"]
            return out

        cell(row_name, train_and_measure)


def teacher_cell(
    name: str, corpus: Corpus, folder: Path, seed: int, args: argparse.Namespace
) -> Dict[str, Any]:
    """Fine-tune the teacher and measure it."""
    steps = TEACHER_STEPS.get(name, 400)
    settings: Dict[str, Any] = {
        "paths.train": str(folder / "train.spacy"),
        "paths.dev": str(folder / "dev.spacy"),
        "nlp.lang": corpus.lang,
        "system.seed": seed,
        "training.max_steps": steps,
        "training.eval_frequency": steps // 4,
        "initialize.after_init.bfloat16": args.bfloat16,
    }
    if name in _SMALL_BATCH:
        settings["training.batcher.size"] = 8
    train_teacher(
        CONFIGS / "textcat_teacher.cfg",
        folder / "teacher",
        transformer=args.transformer,
        overrides=settings,
        progress=False,
    )
    nlp = load_pipeline(folder / "teacher" / "model-best")
    shutil.rmtree(folder / "teacher" / "model-last")
    return measure_pipeline(nlp, corpus)


def annotated(
    texts: str, corpus: Corpus, folder: Path, seed: int, transformer: str
) -> None:
    """Annotate the texts, augmented or not, unless that is done."""
    source = folder / "unlabelled.jsonl"
    if texts != "plain":
        source = folder / f"texts_{texts}.jsonl"
        if not source.exists():
            # The teacher labels what is made of gold documents, too.
            originals = [text for text, _ in corpus.train] + corpus.unlabelled
            nlp = blank_pipeline(corpus.lang)
            augment(
                originals,
                source,
                settings=augmentation(texts, originals, nlp),
                nlp=nlp,
                transformer=transformer,
                seed=seed,
                progress=False,
            )
    soft = folder / f"soft_{texts}"
    teacher = load_teacher(folder / "teacher" / "model-best")
    annotate(teacher, source, soft, progress=False)


def augmentation(kind: str, originals: List[str], nlp: Language) -> Augmentation:
    """Return the settings of a kind of augmentation, for these texts."""
    rates = {name: 0.0 for rates in KINDS.values() for name in rates}
    rounds = 1
    if kind == "all":
        tokens = sum(len(nlp.make_doc(text)) for text in originals)
        rounds = min(max(AUGMENTED_TOKENS // tokens - 1, 1), MOST_ROUNDS)
    return Augmentation(**{**rates, **KINDS[kind]}, rounds=rounds)


def measure_pipeline(nlp: Language, corpus: Corpus) -> Dict[str, Any]:
    """Measure a pipeline on the test set."""

    def predict(texts: List[str]) -> List[Dict[str, float]]:
        return [doc.cats for doc in nlp.pipe(texts, batch_size=128)]

    return measure(predict, corpus)


def measure(
    predict: Callable[[List[str]], List[Dict[str, float]]], corpus: Corpus
) -> Dict[str, Any]:
    """Measure a function from texts to probabilities on the test set."""
    found = predict([text for text, _ in corpus.test])
    best = [max(cats, key=lambda label: cats[label]) for cats in found]
    right = [guess == label for guess, (_, label) in zip(best, corpus.test)]
    f_scores = []
    for label in corpus.labels:
        hits = sum(g == t == label for g, (_, t) in zip(best, corpus.test))
        n = sum(g == label for g in best) + sum(t == label for _, t in corpus.test)
        f_scores.append(2 * hits / n if n else 0.0)
    return {
        "accuracy": float(np.mean(right)),
        "macro_f": float(np.mean(f_scores)),
        "ece": expected_calibration_error([c[b] for c, b in zip(found, best)], right),
    }


def quantized(nlp: Language, corpus: Corpus, folder: Path, name: str) -> Dict[str, Any]:
    """Size of a pipeline, and size and accuracy of its int8 copy."""
    assert nlp.path is not None
    out: Dict[str, Any] = {"bytes": zipped_bytes(nlp.path)}
    if nlp.get_pipe_meta("textcat").factory != "compact_textcat":
        return out
    small = folder / "pipelines" / f"{name}-int8"
    shutil.rmtree(small, ignore_errors=True)
    quantize(nlp.path, small)
    measured = measure_pipeline(load_pipeline(small), corpus)
    return {
        **out,
        "int8_bytes": zipped_bytes(small),
        "int8_accuracy": measured["accuracy"],
    }


if __name__ == "__main__":
    main()
