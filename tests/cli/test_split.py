"""`spacy-distill split`: gold annotation into parts."""

import pytest
import spacy
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.corpora.split import split_gold
from spacy_distill.errors import DistillError

# Thirty sentences of two labels, a third label in three of them.
SENTENCES = [
    f"Ada{i} {'U-CITY' if i % 10 == 0 else 'U-PER'}\nleft O\nGraz U-LOC\n"
    for i in range(30)
]


@pytest.fixture
def gold(tmp_path):
    path = tmp_path / "gold.conll"
    path.write_text("\n".join(SENTENCES), encoding="utf-8")
    return path


def split(*args):
    result = CliRunner().invoke(app, ["split", *map(str, args)])
    return result, " ".join(result.output.split())


def read(folder):
    vocab = spacy.blank("en").vocab
    return {
        str(path.relative_to(folder)): list(DocBin().from_disk(path).get_docs(vocab))
        for path in sorted(folder.rglob("*.spacy"))
    }


def test_parts_have_every_label(gold, tmp_path):
    result, output = split(gold, "-o", tmp_path / "out", "--seed", 3)
    assert result.exit_code == 0, output
    assert "columns, words from column 1, tags from column 2 of 2" in output
    parts = read(tmp_path / "out")
    assert {name: len(docs) for name, docs in parts.items()} == {
        "train.spacy": 24,
        "dev.spacy": 3,
        "test.spacy": 3,
    }
    texts = [doc.text for docs in parts.values() for doc in docs]
    assert len(set(texts)) == 30
    for docs in parts.values():
        assert {e.label_ for doc in docs for e in doc.ents} == {"CITY", "LOC", "PER"}
    split(gold, "-o", tmp_path / "again", "--seed", 3)
    for name, docs in read(tmp_path / "again").items():
        assert [doc.text for doc in docs] == [doc.text for doc in parts[name]]


def test_what_is_missing_is_told(tmp_path, gold):
    rows = SENTENCES[:10]
    gold.write_text("\n".join(rows), encoding="utf-8")
    result, output = split(gold, "-o", tmp_path / "out")
    assert result.exit_code == 0, output
    assert "dev has no CITY, which 1 sentence of the whole has" in output
    assert "test has no CITY, which 1 sentence of the whole has" in output


def test_few_sentences_of_each_label_stay_gold(tmp_path, gold):
    result, output = split(gold, "-o", tmp_path / "out", "--per-label", 4)
    assert result.exit_code == 0, output
    assert "train has 1 sentence with CITY, fewer than 4" in output
    parts = read(tmp_path / "out")
    train, rest = parts["train.spacy"], parts["unlabelled/texts.spacy"]
    assert len(train) + len(rest) == 24
    assert sum(e.label_ == "PER" for doc in train for e in doc.ents) == 4
    assert not any(doc.has_annotation("ENT_IOB") for doc in rest)


def test_two_parts_and_categories(tmp_path):
    path = tmp_path / "gold.csv"
    rows = [f"text {i},{'rare' if i < 2 else 'often'}" for i in range(20)]
    path.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    nlp = spacy.blank("en")
    found = split_gold(path, tmp_path / "out", nlp, train=0.5, dev=0.5)
    assert {name: part.labels for name, part in found.parts.items()} == {
        "train.spacy": {"often": 9, "rare": 1},
        "dev.spacy": {"often": 9, "rare": 1},
    }
    with pytest.raises(DistillError, match=r"got 0.8, 0.5, -0.3"):
        split_gold(path, tmp_path / "out", nlp, dev=0.5)
