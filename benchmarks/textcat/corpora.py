"""The corpora of the benchmark: some documents with labels, the rest without."""

import csv
import json
import random
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Tuple

import spacy
import srsly
from spacy.tokens import DocBin

Rows = List[Tuple[str, str]]


class Corpus(NamedTuple):
    """A corpus, divided by a seed.

    Attributes:
        lang: Language.
        train: Labelled documents.
        dev: Documents to choose the best step by.
        test: Documents to measure on.
        unlabelled: Texts without labels.
    """

    lang: str
    train: Rows
    dev: Rows
    test: Rows
    unlabelled: List[str]

    @property
    def labels(self) -> List[str]:
        """The categories, sorted."""
        return sorted({label for _, label in self.train})


def read_corpus(name: str, data: Path, seed: int) -> Corpus:
    """Read a corpus and draw its labelled documents.

    Args:
        name: A name in `READERS`.
        data: Folder of all corpora.
        seed: Determines which documents of the training set keep their labels. All
            others, and documents that have none, are unlabelled. Development and test
            sets do not depend on it.
    """
    lang, n_labels, read = READERS[name]
    pool, dev, test, more = read(data)
    pool = list(pool)
    random.Random(seed).shuffle(pool)
    rest = [text for text, _ in pool[n_labels:]] + more
    return Corpus(lang, pool[:n_labels], dev, test, rest)


def write_corpus(corpus: Corpus, folder: Path) -> None:
    """Write `train.spacy`, `dev.spacy`, `test.spacy` and `unlabelled.jsonl`.

    Args:
        corpus: The corpus.
        folder: An existing folder.
    """
    nlp = spacy.blank(corpus.lang)
    for part in ("train", "dev", "test"):
        docs = DocBin()
        for text, label in getattr(corpus, part):
            doc = nlp.make_doc(text)
            doc.cats = {name: float(name == label) for name in corpus.labels}
            docs.add(doc)
        docs.to_disk(folder / f"{part}.spacy")
    srsly.write_jsonl(
        folder / "unlabelled.jsonl", [{"text": text} for text in corpus.unlabelled]
    )


Read = Callable[[Path], Tuple[Rows, Rows, Rows, List[str]]]


def _reviews(data: Path) -> Tuple[Rows, Rows, Rows, List[str]]:
    labelled: Rows = []
    more: List[str] = []
    path = data / "reviews_en" / "review_corpus_en.ndjson"
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text = f"{row['title']}. {row['body']}"
        if row["rating"] == "mixed":
            more.append(text)
        else:
            labelled.append((text, row["rating"]))
    random.Random(13).shuffle(labelled)
    return labelled[:1000], labelled[1000:1200], labelled[1200:], more


def _sst2(data: Path) -> Tuple[Rows, Rows, Rows, List[str]]:
    parts: List[Rows] = []
    for name in ("train", "dev", "test"):
        text = (data / "sst2" / f"{name}.tsv").read_text(encoding="utf-8")
        rows = [line.rsplit("\t", 1) for line in text.splitlines()]
        parts.append([(sentence, label) for sentence, label in rows])
    return parts[0], parts[1], parts[2], []


def _ag_news(data: Path) -> Tuple[Rows, Rows, Rows, List[str]]:
    with (data / "ag_news" / "test.csv").open(encoding="utf-8", newline="") as file:
        rows = [(f"{title}. {text}", label) for label, title, text in csv.reader(file)]
    random.Random(13).shuffle(rows)
    return rows[:5100], rows[5100:5600], rows[5600:], []


def _sentiment(language: str) -> Read:
    def read(data: Path) -> Tuple[Rows, Rows, Rows, List[str]]:
        parts: Dict[str, Rows] = {}
        for name in ("train", "valid", "test"):
            path = data / "sentiment_multi" / language / f"{name}.csv"
            if path.exists():
                with path.open(encoding="utf-8", newline="") as file:
                    rows = csv.DictReader(file)
                    parts[name] = [(row["text"], row["label"]) for row in rows]
        if "train" not in parts:
            # Chinese has two parts only.
            random.Random(13).shuffle(parts["valid"])
            parts["train"], parts["valid"] = (
                parts["valid"][:2500],
                parts["valid"][2500:],
            )
        return parts["train"], parts["valid"], parts["test"], []

    return read


# Language, labelled documents and reader of each corpus.
READERS: Dict[str, Tuple[str, int, Read]] = {
    "reviews_en": ("en", 500, _reviews),
    "sst2": ("en", 1000, _sst2),
    "ag_news": ("en", 1000, _ag_news),
    "tweets_en": ("en", 1000, _sentiment("english")),
    "tweets_de": ("de", 1000, _sentiment("german")),
    "tweets_fr": ("fr", 1000, _sentiment("french")),
    "reviews_zh": ("zh", 1000, _sentiment("chinese")),
}
