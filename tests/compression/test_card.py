"""License and model card of a pipeline that is quantized."""

import json
from dataclasses import replace

import pytest
import spacy
from small import make_examples, trained, write_gold
from with_pieces import trained_with_pieces

from spacy_distill.compression.quantize import quantize
from spacy_distill.evaluation.evaluate import evaluate
from spacy_distill.evaluation.report import (
    META_KEY,
    Report,
    attach_report,
    get_report,
)
from spacy_distill.evaluation.rows import Quantization
from spacy_distill.packaging import PackageInfo, write_card

INFO = PackageInfo(
    name="tiny",
    version="2.1",
    license="CC0",
    description="Names in four sentences.",
    data="Four sentences.",
    teacher="Rules",
    teacher_license="BSD",
    author="A. Author",
    url="https://example.org",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A student with a card, a license, and scores that are not those after."""
    folder = tmp_path_factory.mktemp("card")
    gold = write_gold(folder / "gold.spacy", spacy.blank("en"))
    nlp = trained_with_pieces()
    report = evaluate({"student": nlp}, gold, rounds=0)
    row = replace(report.rows[0], f1=0.5)
    report = replace(report, rows=[row])
    attach_report(nlp, report)
    nlp.to_disk(folder / "student")
    write_card(folder / "student", report, INFO)
    (folder / "student" / "LICENSE").write_text("Do as you like.", encoding="utf-8")
    return folder


def read_meta(path):
    return json.loads((path / "meta.json").read_text(encoding="utf-8"))


def test_what_is_not_measured_survives(folder, tmp_path):
    quantize(folder / "student", tmp_path / "small")
    before, after = read_meta(folder / "student"), read_meta(tmp_path / "small")
    names = ("license", "author", "url", "description", "sources", "name", "version")
    assert {name: after[name] for name in names} == {n: before[n] for n in names}
    assert after["license"] == "CC0"
    assert after["sources"] == [{"name": "Rules", "license": "BSD"}]
    assert (tmp_path / "small" / "LICENSE").read_text() == "Do as you like."
    card = (tmp_path / "small" / "README.md").read_text(encoding="utf-8")
    assert "Four sentences." in card
    assert "CC0, [A. Author](https://example.org)." in card
    assert card.startswith(
        "# en_tiny\n\n<!-- quantized -->\n> **Note.** The pipeline was quantized after"
        " it was measured (parameters stored as int8, at most 15,000 words in a table,"
        " 3.5 bits for a value of the tables). All other figures are of the pipeline"
        " before that.\n<!-- /quantized -->\n\nNames in four sentences.\n"
    )


def test_scores_from_before_are_not_claimed(folder, tmp_path):
    assert read_meta(folder / "student")["performance"]["ents_f"] == 0.5
    quantize(folder / "student", tmp_path / "small")
    assert read_meta(tmp_path / "small")["performance"] == {}
    report = get_report(spacy.load(tmp_path / "small"))
    assert report.quantization == Quantization("int8", words=15_000, table_bits=3.5)


def test_its_own_scores_are(folder, tmp_path):
    gold = folder / "gold.spacy"
    done = quantize(folder / "student", tmp_path / "small", gold=gold)
    performance = read_meta(tmp_path / "small")["performance"]
    small = spacy.load(tmp_path / "small")
    scores = small.evaluate(make_examples(small))
    assert performance["ents_f"] == done.after.f1 == scores["ents_f"]
    assert performance["ents_per_type"] == scores["ents_per_type"]
    assert get_report(small).quantization.f1 == done.after.f1
    card = (tmp_path / "small" / "README.md").read_text(encoding="utf-8")
    assert "On 4 gold documents its F1 is 100.00 and was 100.00 before; 0 of" in card


def test_the_card_that_is_made_of_it_says_so_too(folder, tmp_path):
    """From the report that comes along, as `package` does without another."""
    small = tmp_path / "small"
    quantize(folder / "student", small)
    write_card(small, get_report(spacy.load(small)), PackageInfo(name="mine"))
    meta = read_meta(small)
    assert (meta["performance"], meta["license"]) == ({}, "CC0")
    card = (small / "README.md").read_text(encoding="utf-8")
    assert "> **Note.** The pipeline was quantized after it was measured" in card


def test_a_report_of_its_own_replaces_the_note(folder, tmp_path):
    small = tmp_path / "small"
    quantize(folder / "student", small)
    report = evaluate({"small": str(small)}, folder / "gold.spacy", rounds=0)
    report.write(tmp_path / "report.json")
    assert Report.read(tmp_path / "report.json").quantization is None
    write_card(small, tmp_path / "report.json", PackageInfo(name="tiny"))
    assert "quantized" not in (small / "README.md").read_text(encoding="utf-8")
    assert read_meta(small)["performance"]["ents_f"] == report.rows[0].f1


def test_a_second_time_the_note_is_replaced(folder, tmp_path):
    quantize(folder / "student", tmp_path / "one")
    quantize(tmp_path / "one", tmp_path / "two", storage="float16")
    card = (tmp_path / "two" / "README.md").read_text(encoding="utf-8")
    assert card.count("quantized after it was measured") == 1
    assert "stored as float16)" in card


def test_without_card_and_report_there_is_none(tmp_path):
    trained().to_disk(tmp_path / "student")
    quantize(tmp_path / "student", tmp_path / "small")
    assert not (tmp_path / "small" / "README.md").exists()
    assert META_KEY not in read_meta(tmp_path / "small")


def test_a_report_of_another_version_is_left_alone(tmp_path):
    nlp = trained()
    nlp.meta[META_KEY] = {"format": 2}
    nlp.to_disk(tmp_path / "student")
    quantize(tmp_path / "student", tmp_path / "small")
    assert read_meta(tmp_path / "small")[META_KEY] == {"format": 2}


def test_a_card_in_another_encoding_comes_along(tmp_path):
    trained().to_disk(tmp_path / "student")
    (tmp_path / "student" / "README.md").write_bytes(b"# caf\xe9\n\nMine.\r\n")
    quantize(tmp_path / "student", tmp_path / "small")
    card = (tmp_path / "small" / "README.md").read_bytes()
    assert card.startswith(b"# caf\xe9\n\n<!-- quantized -->")
    assert card.endswith(b"\n\nMine.\r\n")
