"""English texts of corpora for other tasks, for a teacher to annotate.

39,426 texts, a million words: all tweets of `sentiment_multi`, AG News, the sentences
of the product reviews, and the training sentences of SST-2, which are of film reviews.
"""

import csv
import json
import re
from pathlib import Path
from typing import Iterator

import spacy
from spacy.tokens import DocBin

from spacy_distill.files import write_atomically

_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+|\n+")
_SHORTEST, _LONGEST = 15, 1000


def write_other_texts(data: Path, out: Path) -> None:
    """Write the texts as tokenized Docs.

    Args:
        data: Folder of all corpora.
        out: A `.spacy` file.
    """
    nlp = spacy.blank("en")
    docs = DocBin()
    seen = set()
    for text in other_texts(data):
        text = " ".join(text.split())
        if len(text) >= _SHORTEST and text not in seen:
            seen.add(text)
            docs.add(nlp.make_doc(text[:_LONGEST]))
    write_atomically(out, docs.to_bytes())


def other_texts(data: Path) -> Iterator[str]:
    """Yield the texts as they are in their files.

    Args:
        data: Folder of all corpora.
    """
    for path in sorted((data / "sentiment_multi" / "english").glob("*.csv")):
        with path.open(encoding="utf-8") as file:
            yield from (row["text"] for row in csv.DictReader(file))
    with (data / "ag_news" / "test.csv").open(encoding="utf-8") as file:
        for _, title, body in csv.reader(file):
            # Lines end in backslashes.
            text = body.replace("\\", " ")
            yield f"{title}. {text}"
    path = data / "reviews_en" / "review_corpus_en.ndjson"
    with path.open(encoding="utf-8") as file:
        for line in file:
            review = json.loads(line)
            text = f"{review['title'] or ''} . {review['body'] or ''}"
            yield from filter(None, _SENTENCE_ENDS.split(text))
    with (data / "sst2" / "train.tsv").open(encoding="utf-8") as file:
        yield from (line.partition("\t")[0] for line in file)
