"""The Chinese sample of assets/zh, and the forms in which such corpora come."""

import json
from pathlib import Path

import spacy

from spacy_distill.corpora.sources import read_gold_source

ASSETS = Path(__file__).parents[1] / "assets" / "zh"


def sample_docs(name):
    """The Docs of train.txt or dev.txt, a sentence each."""
    nlp = spacy.blank("zh")
    return [s.doc for s in read_gold_source(ASSETS / f"{name}.txt", nlp)]


def tags_of(doc, *, bmes):
    tags = ["O"] * len(doc)
    for ent in doc.ents:
        tags[ent.start : ent.end] = [f"I-{ent.label_}"] * len(ent)
        tags[ent.start] = f"B-{ent.label_}"
        if bmes:
            inner = slice(ent.start + 1, ent.end - 1)
            tags[inner] = [f"M-{ent.label_}"] * len(tags[inner])
            tags[ent.end - 1] = f"{'S' if len(ent) == 1 else 'E'}-{ent.label_}"
    return tags


def as_bmes(docs):
    """Character, space, tag."""
    return "\n".join(
        "".join(f"{t.text} {tag}\n" for t, tag in zip(doc, tags_of(doc, bmes=True)))
        for doc in docs
    )


def as_indexed(docs):
    """Character with its index in the word, tab, tag. Entities are the words."""
    blocks = []
    for doc in docs:
        index = [0] * len(doc)
        for ent in doc.ents:
            index[ent.start : ent.end] = range(len(ent))
        rows = zip(doc, index, tags_of(doc, bmes=False))
        blocks.append("".join(f"{t.text}{i}\t{tag}\n" for t, i, tag in rows))
    return "\n".join(blocks)


def as_bio(docs):
    """Character, tab, tag."""
    return "\n".join(
        "".join(f"{t.text}\t{tag}\n" for t, tag in zip(doc, tags_of(doc, bmes=False)))
        for doc in docs
    )


def as_rows(docs):
    """Rows of Hugging Face."""
    rows = (
        {"tokens": [t.text for t in doc], "ner_tags": tags_of(doc, bmes=False)}
        for doc in docs
    )
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


FORMS = {
    "gold.char.bmes": as_bmes,
    "gold.train": as_indexed,
    "gold.tsv": as_bio,
    "gold.jsonl": as_rows,
}
