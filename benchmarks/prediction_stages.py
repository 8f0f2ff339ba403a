"""Where the time of a student goes: microseconds a word, for each stage of prediction.

"Output layer, decoding" is what the component's prediction takes beyond its encoder's.
"""

import argparse
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import spacy

from spacy_distill.corpora.texts import read_texts


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("student", help="pipeline with nothing but compact_ner")
    parser.add_argument("texts", type=Path, help=".txt, .jsonl, .spacy, or a folder")
    parser.add_argument("--texts-used", type=int, default=4096)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 128])
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()

    nlp = spacy.load(args.student)
    texts = [doc.text for doc in read_texts(args.texts, nlp)][: args.texts_used]
    words = sum(len(nlp.make_doc(text)) for text in texts)
    for size in args.batch:
        batches = [texts[i : i + size] for i in range(0, len(texts), size)]
        # The first round meets the words.
        rounds = [run_stages(nlp, batches) for _ in range(args.rounds + 1)][1:]
        print(f"batches of {size}:")
        for stage in rounds[0]:
            seconds = median(taken[stage] for taken in rounds)
            print(f"  {stage:<24}{1e6 * seconds / words:6.2f} us a word")


def run_stages(nlp, batches):
    """Seconds of each stage over all batches."""
    _, ner = nlp.pipeline[-1]
    taken = Counter()
    for texts in batches:
        stamps = [time.perf_counter()]
        docs = [nlp.make_doc(text) for text in texts]
        stamps.append(time.perf_counter())
        with timed(ner.model.get_ref("tok2vec")) as encoding:
            scores = ner.predict(docs)
        stamps.append(time.perf_counter())
        ner.set_annotations(docs, scores)
        stamps.append(time.perf_counter())
        tokenizer, predicting, writing = (
            after - before for before, after in zip(stamps, stamps[1:])
        )
        taken["tokenizer"] += tokenizer
        taken["encoder"] += sum(encoding)
        taken["output layer, decoding"] += predicting - sum(encoding)
        taken["writing entities"] += writing
    begin = time.perf_counter()
    for texts in batches:
        for _ in nlp.pipe(texts, batch_size=len(texts)):
            pass
    taken["all, through nlp.pipe"] = time.perf_counter() - begin
    return taken


@contextmanager
def timed(layer):
    """Within it, the seconds of each of the layer's calls are put in a list."""
    forward, seconds = layer._func, []

    def call(model, X, is_train):
        begin = time.perf_counter()
        result = forward(model, X, is_train)
        seconds.append(time.perf_counter() - begin)
        return result

    layer._func = call
    try:
        yield seconds
    finally:
        layer._func = forward


if __name__ == "__main__":
    main()
