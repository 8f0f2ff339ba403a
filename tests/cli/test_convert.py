"""`spacy-distill convert`, and the errors that name it."""

import json
import re
import shlex
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin, Span
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.docs import read_gold
from spacy_distill.errors import DistillError

TEXT = "Mira sails to Graz."
ENTITIES = [("Mira", "PER"), ("Graz", "LOC")]
JSONL = json.dumps({"text": TEXT, "label": [[0, 4, "PER"], [14, 18, "LOC"]]})
COLUMNS = "Mira B-PER\nsails O\nto O\nGraz B-LOC\n. O\n"
MARKUP = "# news/sea\n\n[Mira](PER) sails to [Graz](LOC).\n"
SOURCES = {"gold.jsonl": JSONL, "my gold.conll": COLUMNS, "gold.txt": MARKUP}


def convert(*args):
    result = CliRunner().invoke(app, ["convert", *map(str, args)])
    return result, " ".join(result.output.split())


def read(path):
    docs = DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
    return [[(ent.text, ent.label_) for ent in doc.ents] for doc in docs]


@pytest.mark.parametrize("name", SOURCES)
def test_any_format_becomes_docs(tmp_path, name):
    (tmp_path / name).write_text(f"{SOURCES[name]}\n", encoding="utf-8")
    result, output = convert(tmp_path / name, "-o", tmp_path / "out" / "gold.spacy")
    assert result.exit_code == 0, output
    assert read(tmp_path / "out" / "gold.spacy") == [ENTITIES]
    assert "Wrote 1 documents" in output
    assert "LOC 1, PER 1" in output


def test_whitespace_is_trimmed_and_told(tmp_path):
    doc = spacy.blank("en").make_doc("Mira\n sails")
    doc.set_ents([Span(doc, 0, 2, "PER")])
    DocBin(docs=[doc]).to_disk(tmp_path / "gold.spacy")
    _, output = convert(tmp_path / "gold.spacy", "-o", tmp_path / "new.spacy")
    assert "whitespace: 1 trimmed, 0 of whitespace alone dropped" in output
    assert read(tmp_path / "new.spacy") == [[("Mira", "PER")]]


def test_the_output_ends_in_spacy(tmp_path):
    (tmp_path / "gold.jsonl").write_text(JSONL, encoding="utf-8")
    result, output = convert(tmp_path / "gold.jsonl", "-o", tmp_path / "out.json")
    assert result.exit_code == 1
    assert "ends in .spacy" in output
    assert "out.spacy" in output


def test_settings_of_columns_need_columns(tmp_path):
    (tmp_path / "gold.jsonl").write_text(JSONL, encoding="utf-8")
    options = ("-o", tmp_path / "gold.spacy", "--tag-column", "2")
    result, output = convert(tmp_path / "gold.jsonl", *options)
    assert result.exit_code == 1
    assert "with a column file only" in output


@pytest.mark.parametrize("name", SOURCES)
def test_the_advice_for_other_formats_works(tmp_path, monkeypatch, name):
    """Wherever a `.spacy` file is expected, the error names the command."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(f"{SOURCES[name]}\n", encoding="utf-8")
    with pytest.raises(DistillError, match="Expected a .spacy file") as error:
        list(read_gold(tmp_path / name, spacy.blank("en").vocab))
    (command,) = re.findall(r"`spacy-distill (.*)`", str(error.value))
    result = CliRunner().invoke(app, shlex.split(command))
    assert result.exit_code == 0, result.output
    assert read(tmp_path / Path(name).with_suffix(".spacy")) == [ENTITIES]


def test_categories(tmp_path):
    """`doc.cats` of the Docs, and what was read in the message."""
    gold, out = tmp_path / "gold.csv", tmp_path / "gold.spacy"
    gold.write_text('text,label\n"One, two.",a\nThree.,b\nFour.,b\n')
    result, output = convert(gold, "-o", out)
    assert result.exit_code == 0, output
    assert "2 categories, one for each text (textcat)" in output
    assert "Wrote 3 documents" in output
    assert "a 1, b 2" in output
    docs = list(DocBin().from_disk(out).get_docs(spacy.blank("en").vocab))
    assert [doc.cats for doc in docs] == [
        {"a": 1.0, "b": 0.0},
        {"a": 0.0, "b": 1.0},
        {"a": 0.0, "b": 1.0},
    ]
    # Once more, from what was written.
    result, output = convert(out, "-o", tmp_path / "again.spacy")
    assert result.exit_code == 0, output
    assert "a 1, b 2" in output


def test_spans_and_categories(tmp_path):
    record = {"text": TEXT, "spans": [{"start": 0, "end": 4, "label": "PER"}]}
    record["cats"] = {"sea": 1, "land": 0}
    gold = tmp_path / "gold.jsonl"
    gold.write_text(json.dumps(record))
    result, output = convert(gold, "-o", tmp_path / "gold.spacy")
    assert result.exit_code == 1
    assert "choose with --task ner or --task textcat" in output
    for task, expected in (("ner", "PER 1"), ("textcat", "sea 1")):
        arguments = ("-o", tmp_path / "gold.spacy", "--task", task)
        result, output = convert(gold, *arguments)
        assert result.exit_code == 0, output
        assert expected in output
    result, output = convert(gold, "-o", tmp_path / "gold.spacy", "--task", "cats")
    assert result.exit_code == 1
    assert "Expected a task out of ner, textcat" in output
