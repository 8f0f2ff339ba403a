"""Texts of other corpora, from small files in their formats."""

import json

import spacy
from common.other_texts import write_other_texts
from spacy.tokens import DocBin


def test_texts_of_all_corpora(tmp_path):
    files = {
        "sentiment_multi/english/test.csv": (
            'text,label\n"Too short",x\n"The bridge is closed, again",x\n'
        ),
        "sentiment_multi/english/train.csv": (
            'text,label\nThe market  opens at nine,x\n"The bridge is closed, again",x\n'
        ),
        "ag_news/test.csv": '"1","Mill sold","The old mill \\was sold."\n',
        "reviews_en/review_corpus_en.ndjson": json.dumps(
            {"title": "Fine", "body": "It works as it should. Would buy it again!"}
        )
        + "\n",
        "sst2/train.tsv": f"a long and quiet film\t1\n{'x' * 2000}\t0\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    write_other_texts(tmp_path, tmp_path / "out.spacy")
    docs = DocBin().from_disk(tmp_path / "out.spacy").get_docs(spacy.blank("en").vocab)
    assert [doc.text for doc in docs] == [
        "The bridge is closed, again",
        "The market opens at nine",
        "Mill sold. The old mill was sold.",
        "It works as it should.",
        "Would buy it again!",
        "a long and quiet film",
        "x" * 1000,
    ]
