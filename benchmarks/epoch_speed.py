"""One pass of a student over its training corpus: reading shards, updates, all."""

import argparse
import time
from pathlib import Path

from spacy.training.initialize import init_nlp
from spacy.util import load_config, registry, resolve_dot_names


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path, help="config of the student")
    parser.add_argument("--train", required=True, help="gold .spacy file")
    parser.add_argument("--soft-labels", required=True, help="folder of soft labels")
    args = parser.parse_args()

    overrides = {
        "paths.train": args.train,
        "paths.dev": args.train,
        "paths.soft_labels": args.soft_labels,
    }
    nlp = init_nlp(load_config(args.config, overrides=overrides, interpolate=False))
    config = nlp.config.interpolate()
    settings = registry.resolve(config["training"])
    (corpus,) = resolve_dot_names(config, [settings["train_corpus"]])
    start = time.perf_counter()
    sentences = words = steps = 0
    for batch in settings["batcher"](corpus(nlp)):
        nlp.update(batch, sgd=settings["optimizer"], drop=settings["dropout"])
        sentences += len(batch)
        words += sum(len(eg.predicted) for eg in batch)
        steps += 1
    seconds = time.perf_counter() - start
    print(
        f"{sentences:,} sentences, {words:,} words, {steps:,} steps in {seconds:.1f} s"
        f" ({words / seconds:,.0f} words/s): 14,000 sentences in "
        f"{14_000 * seconds / sentences:.1f} s"
    )


if __name__ == "__main__":
    main()
