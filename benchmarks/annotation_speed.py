"""Annotation against the bare transformer, on the same texts, in turns.

The bare side is as little as one can do: the tokenizer and a forward pass over batches
of like length, in the same batches that annotation uses. Annotation adds spaCy's
tokens, their alignment, the classifier, and the shards on disk.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median

import srsly
import torch

from spacy_distill.annotation.annotate import annotate
from spacy_distill.teachers.load import load_teacher
from spacy_distill.windows import batches_by_size

SHARD = 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("teacher", help="pipeline with a spacy-transformers teacher")
    parser.add_argument("texts", type=Path, help=".jsonl with a text field")
    parser.add_argument("--texts-used", type=int, default=2000)
    parser.add_argument("--batch-words", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()

    teacher = load_teacher(args.teacher)
    texts = [line["text"] for line in srsly.read_jsonl(args.texts)][: args.texts_used]
    words = sum(len(teacher.nlp.make_doc(text)) for text in texts)
    model = teacher.nlp.get_pipe("transformer").model
    model.transformer.eval()
    ratios = []
    for _ in range(args.rounds):
        bare = timed(lambda: run_bare(model, texts, args.batch_words))
        ours = timed(lambda: run_annotate(teacher, texts, args.batch_words))
        ratios.append(bare / ours)
        print(
            f"bare {words / bare:8,.0f} words/s   annotate {words / ours:8,.0f} words/s"
            f"   ratio {ratios[-1]:.3f}"
        )
    print(f"median ratio {median(ratios):.3f}")


def run_bare(model, texts, batch_words):
    for start in range(0, len(texts), SHARD):
        part = texts[start : start + SHARD]
        sizes = [len(ids) for ids in model.tokenizer(part)["input_ids"]]
        for batch in batches_by_size(sizes, most=batch_words):
            encoded = model.tokenizer(
                [part[i] for i in batch], padding="longest", return_tensors="pt"
            ).to(model.transformer.device)
            with torch.inference_mode():
                model.transformer(**encoded).last_hidden_state.cpu()


def run_annotate(teacher, texts, batch_words):
    folder = Path(tempfile.mkdtemp())
    try:
        srsly.write_jsonl(folder / "texts.jsonl", ({"text": text} for text in texts))
        annotate(
            teacher,
            folder / "texts.jsonl",
            folder / "out",
            shard_size=SHARD,
            batch_words=batch_words,
            progress=False,
        )
    finally:
        shutil.rmtree(folder)


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
