"""`spacy-distill augment`."""

import json
import re

import pytest
import spacy
from spacy.tokens import DocBin
from tagged_docs import tagging_pipeline
from tiny_distillation import told
from tiny_teachers import make_bert_teacher, write_jsonl
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.corpora.texts import read_texts

TEXTS = ["A mill stands. A dog sleeps, and a cat runs!", "The road runs, a cat stands."]


@pytest.fixture
def texts(tmp_path):
    write_jsonl(tmp_path / "texts.jsonl", TEXTS)
    return tmp_path / "texts.jsonl"


def augment(*args):
    return CliRunner().invoke(app, ["augment", *map(str, args)])


def read(path):
    return [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines()]


def test_texts_with_a_pipeline(texts, tmp_path):
    tagging_pipeline().to_disk(tmp_path / "tagger")
    out = tmp_path / "out.jsonl"
    result = augment(texts, "-o", out, "--pipeline", tmp_path / "tagger", "--seed", 1)
    assert result.exit_code == 0, result.output
    found = read(out)
    assert set(TEXTS) < set(found)
    output = " ".join(result.output.split())
    assert f"Wrote {len(found)} texts" in output
    assert f"2 of 2 as they were and {len(found) - 2} new" in output
    left_out = re.search(r"Left out: (\d+) duplicates, (\d+) without words", output)
    assert len(found) + int(left_out[1]) + int(left_out[2]) == 2 + 2 * 5
    # Other commands read it.
    assert [doc.text for doc in read_texts(out, spacy.blank("en"))] == found


def test_texts_with_a_transformer(texts, tmp_path):
    pytest.importorskip("transformers")
    make_bert_teacher(tmp_path / "bert")
    out = tmp_path / "out.jsonl"
    rates = ("--mask-rate", 0, "--ngram-rate", 0, "--sentence-rate", 0)
    more = ("--replace-rate", 0.5, "--transformer", tmp_path / "bert")
    result = augment(texts, "-o", out, *rates, *more)
    assert result.exit_code == 0, result.output
    found = read(out)
    assert len(found) > len(TEXTS)
    # No words but those of the texts, in other places.
    nlp = spacy.blank("en")
    known = {token.text for text in TEXTS for token in nlp(text)}
    for text in found:
        assert {token.text for token in nlp(text)} <= known


def test_transformer_that_is_not_there(texts, tmp_path):
    out = tmp_path / "out.jsonl"
    result = augment(texts, "-o", out, "--transformer", tmp_path / "none")
    assert "none" in told(result)
    assert not out.exists()


def test_transformer_without_a_use(texts, tmp_path):
    out = tmp_path / "out.jsonl"
    options = ("--transformer", tmp_path / "none")
    result = augment(texts, "-o", out, *options, "--replace-rate", 0)
    assert "Expected a replace_rate above 0 with the transformer" in told(result)
    assert not out.exists()


def test_settings_arrive(texts, tmp_path):
    out = tmp_path / "out.jsonl"
    rates = ("--replace-rate", 0, "--mask-rate", 0.5, "--ngram-rate", 0)
    more = ("--sentence-rate", 0, "--mask", "<mask>", "--rounds", 2, "--no-originals")
    result = augment(texts, "-o", out, *rates, *more, "--quiet")
    assert result.exit_code == 0, result.output
    assert result.output == ""
    found = read(out)
    assert 1 <= len(found) <= 4
    assert all("<mask>" in text for text in found)
    ngrams = tmp_path / "ngrams.jsonl"
    rates = ("--replace-rate", 0, "--mask-rate", 0, "--ngram-rate", 1)
    more = ("--sentence-rate", 0, "--ngram-words", 1, "--no-originals")
    assert augment(texts, "-o", ngrams, *rates, *more).exit_code == 0
    assert all(len(text.split()) == 1 for text in read(ngrams))


def test_tokens_that_are_lost_are_told(tmp_path):
    nlp = spacy.blank("en")
    DocBin(docs=[nlp(text) for text in TEXTS]).to_disk(tmp_path / "texts.spacy")
    args = (tmp_path / "texts.spacy", "-o", tmp_path / "out.jsonl", "--replace-rate", 0)
    result = augment(*args)
    assert "only text is written, without the tokens" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "Expected a pipeline with a tagger or with word vectors"),
        (("--mask-rate", 1.5), "Expected mask_rate from 0 to 1, got 1.5"),
        (("--rounds", 0), "Expected rounds of 1 or more, got 0"),
        (("--pipeline", "no_such"), "Expected a pipeline, installed or in a folder"),
        (
            ("--replace-rate", 0, "--lang", "xx9"),
            "Expected a language that spaCy knows",
        ),
    ],
)
def test_errors_are_one_line(texts, tmp_path, args, message):
    assert message in told(augment(texts, "-o", tmp_path / "out.jsonl", *args))
    assert [path.name for path in tmp_path.iterdir()] == ["texts.jsonl"]


def test_the_output_is_checked_first(texts, tmp_path):
    line = told(augment(texts, "-o", texts, "--pipeline", "no_such"))
    assert "Expected a new file to write to" in line
    line = told(augment(texts, "-o", tmp_path / "out.txt", "--pipeline", "no_such"))
    assert "ends in .jsonl" in line
    line = told(augment(tmp_path / "none", "-o", tmp_path / "out.jsonl"))
    assert "Expected a file or folder of texts" in line
