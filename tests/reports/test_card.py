from dataclasses import replace

import pytest

from spacy_distill.evaluation.measure import CalibrationBin, Row, TypeScore
from spacy_distill.evaluation.report import GoldCounts, Report, SoftLabelCounts
from spacy_distill.reports.card import (
    CardFacts,
    default_description,
    fill_meta,
    model_card,
)

STUDENT = Row(
    name="distilled",
    components=["ner"],
    precision=0.8,
    recall=0.6,
    f1=0.7,
    per_type={
        "LOC": TypeScore(0.9, 0.9, 0.9),
        "MISC": TypeScore(0.5, 0.5, 0.5),
    },
    ece=0.03,
    calibration=[CalibrationBin(0.9, 1.0, 12, 0.95, 0.9)],
    parameters=2_000_000,
    table=900_000,
    size=8_000_000,
    words_per_second=50_000.0,
)
TEACHER = replace(
    STUDENT, name="teacher", f1=0.75, parameters=22_000_000, table=0, ece=None
)
REPORT = Report(
    rows=[TEACHER, STUDENT],
    sources={"teacher": "t", "distilled": "d"},
    comparison=None,
    agreement={},
    soft_agreement={},
    gold=GoldCounts("test.spacy", "0" * 64, 10, 200, {"LOC": 9, "MISC": 3}),
    soft_labels=SoftLabelCounts(
        "model-best", "0" * 64, 50, 1000, 0, {"LOC": 9}, 0, [], 0.1, 0, []
    ),
    rounds=5,
    versions={
        "python": "3.11.7",
        "spacy-distill": "0.1.0",
        "spacy": "3.8.7",
        "thinc": "8.3.4",
        "numpy": "2.0.0",
        "torch": "2.7",
    },
    machine={},
)
FACTS = CardFacts(
    package="en_compact_ner",
    version="1.2.3",
    language="English",
    labels=["LOC", "MISC"],
    spans_key="ner",
    needs_torch=False,
    description="Names in English text.",
    license="MIT",
    data="Notices from a village hall.",
    teacher="MiniLM, fine-tuned",
    teacher_license="Apache-2.0",
    author="A. Author",
    url="https://example.org",
)


def test_what_is_on_it():
    card = model_card(FACTS, REPORT, STUDENT)
    for part in (
        "# en_compact_ner\n\nNames in English text.",
        "pip install en_compact_ner-1.2.3-py3-none-any.whl",
        'nlp = spacy.load("en_compact_ner")',
        'doc.spans["ner"]',
        '`.attrs["scores"]`',
        "torch is not needed",
        "| distilled | 80.00 | 60.00 | 70.00 | 0.030 | 2.00 M | 0.90 M | 8.0 MB |",
        "10 documents with 200 words and 12 entities",
        "`LOC`, `MISC`",
        "| 0.9 to 1.0 | 12 | 0.950 | 0.900 |",
        "Notices from a village hall.",
        "50 unlabelled documents (1,000 words)",
        "MiniLM, fine-tuned (license: Apache-2.0).",
        "`teacher`, with 22.00 M parameters and an F1 of 75.00",
        "weakest entity type is `MISC`, with an F1 of 50.00",
        "spacy 3.8.7, thinc 8.3.4, numpy 2.0.0",
        "MIT, [A. Author](https://example.org).",
    ):
        assert part in card
    assert "torch 2.7" not in card


def test_what_is_not_known_is_left_out():
    facts = replace(
        FACTS, spans_key=None, data="", teacher="", author="", url="", needs_torch=True
    )
    report = replace(REPORT, rows=[STUDENT], soft_labels=None)
    card = model_card(facts, report, replace(STUDENT, ece=None, calibration=[]))
    for title in ("Probabilities", "Training data", "Teacher"):
        assert f"## {title}" not in card
    assert "for ent in doc.ents:" in card
    assert "torch is not needed" not in card
    assert card.endswith("## License\n\nMIT.\n")
    assert "\n\n\n" not in card


def test_meta_is_filled_in():
    meta = fill_meta({"lang": "en", "pipeline": ["ner"]}, FACTS, STUDENT, lang="en")
    assert meta["pipeline"] == ["ner"]
    assert (meta["name"], meta["version"]) == ("compact_ner", "1.2.3")
    assert meta["sources"] == [{"name": "MiniLM, fine-tuned", "license": "Apache-2.0"}]
    performance = meta["performance"]
    assert performance["ents_f"] == 0.7
    assert performance["ents_per_type"]["LOC"] == {"p": 0.9, "r": 0.9, "f": 0.9}
    assert performance["ents_ece"] == 0.03
    assert performance["speed"] == 50_000.0
    bare = replace(STUDENT, ece=None, words_per_second=None)
    meta = fill_meta({}, replace(FACTS, teacher=""), bare, lang="en")
    assert meta["sources"] == []
    assert not {"ents_ece", "speed"} & set(meta["performance"])


def test_description_without_one():
    assert "2.90 M parameters" in default_description("English", STUDENT)


@pytest.mark.parametrize("author", ["", "A. Author"])
def test_license_with_an_author_or_an_address(author):
    facts = replace(FACTS, author=author, url="")
    card = model_card(facts, REPORT, STUDENT)
    assert card.endswith(f"MIT{', ' if author else ''}{author}.\n")


def test_sizes_that_cannot_be_told_are_left_out():
    teacher = replace(TEACHER, parameters=None, size=None)
    card = model_card(FACTS, replace(REPORT, rows=[teacher, STUDENT]), STUDENT)
    assert "In the table it is `teacher`, with an F1 of 75.00" in card
    told = default_description("English", replace(STUDENT, parameters=None))
    assert "a compact student that was" in told
