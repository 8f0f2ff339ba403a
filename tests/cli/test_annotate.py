import re

import numpy as np
import pytest
import spacy
from tiny_classifiers import TEXTS as SENTENCES
from tiny_classifiers import make_table
from tiny_teachers import make_bert_teacher, make_cnn_teacher, write_jsonl
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.docs import LOGITS
from spacy_distill.soft_labels.store import SoftLabels

TEXTS = ["Anna lives in Paris .", "", "The old dog .", "the \u0080 dog"]


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    path = tmp_path_factory.mktemp("teachers") / "cnn"
    make_cnn_teacher().to_disk(path)
    return path


@pytest.fixture
def texts(tmp_path):
    return write_jsonl(tmp_path / "texts.jsonl", TEXTS)


def call(*args):
    return CliRunner().invoke(app, ["annotate", *map(str, args)])


def test_summary(teacher, texts, tmp_path):
    result = call(teacher, texts, "-o", tmp_path / "out", "--shard-size", 2)
    assert result.exit_code == 0, result.output
    for line in (
        r"Documents +4\b",
        r"Words +12\b",
        r"Words a second +[\d,]+",
        r"Unaligned words +0\b",
        r"Dropped entities +0\b",
        r"Entropy \(nats a word\) +\d\.\d+",
        r"Entities LOC +\d+",
        r"Entities PER +\d+",
        r"Size on disk +\d+\.\d MB",
    ):
        assert re.search(line, result.output), line
    manifest = SoftLabels(tmp_path / "out").manifest
    assert [shard.docs for shard in manifest.shards] == [2, 2]
    assert manifest.teacher == "cnn"


def test_dropped_entities_are_named(tmp_path):
    """A Hugging Face model annotates tokens of another tokenizer."""
    folder = make_table(tmp_path / "bert", {"be": "B-PER"})
    texts = write_jsonl(tmp_path / "t.jsonl", [*SENTENCES, *["the_ben_in mill"] * 7])
    result = call(folder, texts, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    labels = SoftLabels(tmp_path / "out")
    assert labels.manifest.counts.dropped == 7
    assert re.search(r"Dropped entities +7\b", result.output)
    named = "Dropped in document 8: 'ben' (PER) begins and ends inside a token"
    assert named in result.output
    assert result.output.count("Dropped in document") == 5
    assert "All 7 dropped entities are in the manifest." in result.output
    assert labels.manifest.teacher == "bert"
    assert labels.word_pieces() is not None


def test_again_is_done_at_once(teacher, texts, tmp_path):
    call(teacher, texts, "-o", tmp_path / "out")
    result = call(teacher, texts, "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert "complete" in result.output
    assert "Words a second" not in result.output


def test_quiet(teacher, texts, tmp_path):
    result = call(teacher, texts, "-o", tmp_path / "out", "--quiet")
    assert result.exit_code == 0
    assert result.output == ""
    assert SoftLabels(tmp_path / "out").manifest.complete


@pytest.mark.parametrize(
    ("text", "told", "words"),
    [
        ("Anna B-PER\nlives O\n\nParis B-LOC\n", "read as columns, words from", [2, 1]),
        ("# x/a\nAnna lives\nParis\n", "read as mark-up, a sentence each line", [2, 1]),
        ("# Notes\nAnna lives\n", "read as plain text, a document each line", [2, 2]),
    ],
)
def test_how_a_txt_file_is_read_is_told(teacher, tmp_path, text, told, words):
    path = tmp_path / "some.txt"
    path.write_text(text, encoding="utf-8")
    result = call(teacher, path, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert f"Texts: some.txt: {told}" in " ".join(result.output.split())
    docs = SoftLabels(tmp_path / "out").read(spacy.blank("en"))
    assert [len(doc) for doc in docs] == words
    quiet = call(teacher, path, "-o", tmp_path / "quiet", "--quiet")
    assert quiet.output == ""


def test_the_mean_of_several_teachers(teacher, texts, tmp_path):
    other = make_cnn_teacher()
    weights = other.get_pipe("ner").model.get_ref("output_layer")
    weights.set_param("b", weights.get_param("b") + np.arange(9, dtype="f"))
    other.to_disk(tmp_path / "other")
    out = tmp_path / "out"
    result = call(teacher, texts, "-o", out, "--also", tmp_path / "other")
    assert result.exit_code == 0, result.output
    labels = SoftLabels(out)
    assert labels.manifest.teacher == f"ensemble of {teacher}, {tmp_path / 'other'}"
    for doc in labels.read(spacy.blank("en")):
        if not len(doc):
            continue
        both = [softmax(nlp, doc.text) for nlp in (spacy.load(teacher), other)]
        assert np.abs(both[0] - both[1]).max() > 0.1
        mean = np.mean(both, axis=0)
        stored = np.exp(doc.user_data[LOGITS].astype(np.float64))
        np.testing.assert_allclose(stored, mean, atol=2e-3)


def softmax(nlp, text):
    (logits,) = nlp.get_pipe("ner").get_logits([nlp(text)])
    powers = np.exp(logits.astype(np.float64))
    return powers / powers.sum(axis=1, keepdims=True)


def test_settings_arrive(teacher, texts, tmp_path):
    options = ["--window", 3, "--overlap", 1, "--batch-words", 5, "--component", "ner"]
    result = call(teacher, texts, "-o", tmp_path / "out", *options)
    assert result.exit_code == 0, result.output
    settings = SoftLabels(tmp_path / "out").manifest.settings
    assert (settings.shard_size, settings.window, settings.overlap) == (1000, 3, 1)


@pytest.mark.parametrize(
    ("teacher_name", "options", "told"),
    [
        ("no_such_teacher", [], "no_such_teacher"),
        (None, ["--component", "tagger"], "tagger"),
        (None, ["--also", "no_such_teacher"], "no_such_teacher"),
        ("same", ["--also", "same"], "members that differ"),
        (None, ["--window", 5, "--overlap", 5], "overlap=5"),
    ],
)
def test_errors_are_one_line(teacher, texts, tmp_path, teacher_name, options, told):
    if teacher_name == "same":
        teacher_name, options = teacher, ["--also", teacher]
    result = call(teacher_name or teacher, texts, "-o", tmp_path / "out", *options)
    assert result.exit_code == 1
    (line,) = [line for line in result.output.splitlines() if "✘" in line]
    assert told in line
    assert "Traceback" not in result.output
    assert not (tmp_path / "out").exists()


def test_a_real_transformer_from_end_to_end(tmp_path):
    """Windows, pieces and words without pieces, over spacy-transformers."""
    nlp = make_bert_teacher(tmp_path / "weights")
    nlp.to_disk(tmp_path / "teacher")
    long_text = "the old dog in Paris lives with Anna . " * 40
    texts = write_jsonl(tmp_path / "t.jsonl", [*TEXTS, long_text.strip()])
    out = tmp_path / "out"
    windows = ["--window", 64, "--overlap", 16]
    result = call(tmp_path / "teacher", texts, "-o", out, *windows)
    assert result.exit_code == 0, result.output
    assert re.search(r"Unaligned words +1\b", result.output)
    labels = SoftLabels(out)
    student = spacy.blank("en")
    labels.check(student)
    docs = list(labels.read(student))
    assert [doc.text for doc in docs] == [*TEXTS, long_text.strip()]
    pieces = labels.word_pieces()
    assert pieces is not None
    assert "paris" in pieces.surfaces
    # A short document has the logits of the pipeline itself.
    doc = nlp.get_pipe("transformer")(nlp.make_doc(TEXTS[0]))
    (expected,) = nlp.get_pipe("ner").get_logits([doc])
    np.testing.assert_allclose(docs[0].user_data[LOGITS], expected, atol=5e-3)
    assert np.abs(docs[4].user_data[LOGITS]).sum(axis=1).all()
