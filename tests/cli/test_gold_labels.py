"""Gold annotation with other labels than the teacher's, and the way out."""

import re
import shlex

import pytest
import spacy
from small import SENTENCES
from spacy.tokens import DocBin
from spacy.training import Example
from tiny_distillation import distill, told, write_files

from spacy_distill.soft_labels.store import SoftLabels


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_files(tmp_path_factory.mktemp("gold_labels"))


def write_renamed(path, labels):
    """Write SENTENCES with other labels; None leaves entities out."""
    nlp = spacy.blank("en")
    docs = []
    for text, spans in SENTENCES:
        renamed = [(a, b, labels[label]) for a, b, label in spans if labels[label]]
        eg = Example.from_dict(nlp.make_doc(text), {"entities": renamed})
        docs.append(eg.reference)
    DocBin(docs=docs).to_disk(path)
    return path


def test_the_map_can_be_pasted(files, tmp_path):
    gold = write_renamed(tmp_path / "g.spacy", {"PER": "PERSON", "LOC": "GPE"})
    settings = {"paths.train": gold, "paths.dev": gold}
    out = tmp_path / "out"
    line = told(distill(files, "-o", out, **settings))
    assert "The teacher has LOC, PER; the gold annotation has GPE, PERSON." in line
    # Before annotation and training.
    assert not out.exists()
    option = re.search(r"--label-map '.*'", line).group()
    assert option == """--label-map '{"LOC": "GPE", "PER": "PERSON"}'"""
    result = distill(files, "-o", out, *shlex.split(option), **settings)
    assert result.exit_code == 0, result.output
    nlp = spacy.load(out / "model-best")
    assert nlp.get_pipe("ner").labels == ("GPE", "PERSON")
    assert set(SoftLabels(out / "soft_labels").manifest.counts.labels) == {
        "GPE",
        "PERSON",
    }


@pytest.mark.parametrize("setting", ["paths.train", "paths.dev"])
def test_one_file_with_another_label_is_enough(files, tmp_path, setting):
    gold = write_renamed(tmp_path / "g.spacy", {"PER": "PERSON", "LOC": "LOC"})
    line = told(distill(files, "-o", tmp_path / "out", **{setting: gold}))
    assert "got some that it lacks: PERSON (3)" in line


def test_a_teacher_with_more_labels(files, tmp_path):
    """It is allowed, with a warning that has counts."""
    gold = write_renamed(tmp_path / "g.spacy", {"PER": "PER", "LOC": None})
    settings = {"paths.train": gold, "paths.dev": gold}
    result = distill(files, "-o", tmp_path / "out", **settings)
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    assert "The teacher's labels LOC do not occur in the gold annotation" in output
    counts = SoftLabels(tmp_path / "out" / "soft_labels").manifest.counts.labels
    if counts["LOC"]:
        assert f"predicts in the texts: LOC ({counts['LOC']:,})." in output
    assert spacy.load(tmp_path / "out/model-best").get_pipe("ner").labels == (
        "LOC",
        "PER",
    )


@pytest.mark.parametrize("value", ["PER=PERSON", '["PER"]', '{"PER": 1}', "{"])
def test_what_is_no_label_map(files, tmp_path, value):
    line = told(distill(files, "-o", tmp_path / "out", "--label-map", value))
    assert "Expected a label map in JSON" in line


def test_a_label_map_without_all_labels(files, tmp_path):
    options = ["-o", tmp_path / "out", "--label-map", '{"PER": "PERSON"}']
    line = told(distill(files, *options))
    assert "Expected a map of all labels of teacher, got none for LOC" in line
