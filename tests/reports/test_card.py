from dataclasses import replace

import pytest

from spacy_distill.evaluation.comparison import compare_rows
from spacy_distill.evaluation.report import (
    Report,
    SoftLabelCounts,
    with_comparison,
)
from spacy_distill.evaluation.rows import (
    CalibrationBin,
    CharacterScores,
    DevelopmentScores,
    Quantization,
    ReferenceCounts,
    Row,
    TypeScore,
)
from spacy_distill.evaluation.training_facts import TrainingFacts
from spacy_distill.reports.card import add_quantization_note, model_card
from spacy_distill.reports.card_facts import CardFacts, default_description
from spacy_distill.reports.meta import fill_meta
from spacy_distill.tasks.ner.characters import character_scores

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
FACTS_OF_TRAINING = TrainingFacts(
    gold=True,
    soft_labels=True,
    alpha=1.0,
    temperature=2.0,
    divergence="kl",
    min_confidence=0.0,
    weight_by_confidence=False,
)
REPORT = Report(
    rows=[TEACHER, STUDENT],
    sources={"teacher": "t", "distilled": "d"},
    training={"distilled": FACTS_OF_TRAINING},
    comparison=None,
    agreement={},
    soft_agreement={},
    references=ReferenceCounts(
        path="test.spacy",
        sha256="0" * 64,
        kind="gold",
        role="test data",
        documents=10,
        words=200,
        entities={"LOC": 9, "MISC": 3},
    ),
    soft_labels=SoftLabelCounts(
        teacher="model-best",
        teacher_hash="0" * 64,
        documents=50,
        words=1000,
        unaligned=0,
        labels={"LOC": 9},
        dropped=0,
        dropped_first=[],
        mean_entropy=0.1,
        sampled=0,
        entropy=[],
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
    numpy_only=True,
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
        "| distilled | 70.00 | 80.00 | 60.00 | 0.030 | 2.00 M | 0.90 M | 8.0 MB |",
        "It was measured on the test data: 10 documents with 200 words and 12 entities",
        "The scores were measured on the test data alone",
        "`LOC`, `MISC`",
        "| 0.9 to 1.0 | 12 | 0.950 | 0.900 |",
        "Notices from a village hall.",
        "50 unlabelled documents (1,000 words)",
        "MiniLM, fine-tuned (license: Apache-2.0).",
        "In the table, `teacher` has 22.00 M parameters and F1 75.00.",
        "The weakest entity type is `MISC`: F1 50.00.",
        "spacy 3.8.7, thinc 8.3.4, numpy 2.0.0",
        "MIT, [A. Author](https://example.org).",
    ):
        assert part in card
    assert "torch 2.7" not in card


def test_what_is_not_known_is_left_out():
    facts = replace(
        FACTS, spans_key=None, data="", teacher="", author="", url="", numpy_only=False
    )
    report = replace(REPORT, rows=[STUDENT], training={}, soft_labels=None)
    card = model_card(facts, report, replace(STUDENT, ece=None, calibration=[]))
    for title in ("Probabilities", "Training data", "Teacher"):
        assert f"## {title}" not in card
    assert "teacher" not in card
    assert "for ent in doc.ents:" in card
    assert "torch is not needed" not in card
    assert card.endswith("## License\n\nMIT.\n")
    assert "\n\n\n" not in card


def test_what_a_transformer_student_runs_on():
    assert "It runs on numpy; torch is not needed." in model_card(
        FACTS, REPORT, STUDENT
    )
    card = model_card(replace(FACTS, runtime="ONNX Runtime"), REPORT, STUDENT)
    assert "It runs on ONNX Runtime; torch is not needed." in card


def test_meta_is_filled_in():
    meta = {"lang": "en", "pipeline": ["ner"]}
    meta = fill_meta(meta, FACTS, REPORT, STUDENT, lang="en")
    assert meta["pipeline"] == ["ner"]
    assert (meta["name"], meta["version"]) == ("compact_ner", "1.2.3")
    assert meta["sources"] == [{"name": "MiniLM, fine-tuned", "license": "Apache-2.0"}]
    performance = meta["performance"]
    assert performance["ents_f"] == 0.7
    assert performance["ents_per_type"]["LOC"] == {"p": 0.9, "r": 0.9, "f": 0.9}
    assert performance["ents_ece"] == 0.03
    assert performance["speed"] == 50_000.0
    assert "dev_ents_f" not in performance
    bare = replace(STUDENT, ece=None, words_per_second=None)
    meta = fill_meta({}, replace(FACTS, teacher=""), REPORT, bare, lang="en")
    assert meta["sources"] == []
    assert not {"ents_ece", "speed"} & set(meta["performance"])


def test_meta_has_the_scores_of_characters():
    bare = fill_meta({}, FACTS, REPORT, STUDENT, lang="zh")["performance"]
    assert "spans_characters_f" not in bare
    means = CharacterScores(TypeScore(0.9, 0.6, 0.72), TypeScore(0.5, 0.4, 0.45))
    row = replace(STUDENT, characters=means)
    meta = fill_meta({}, FACTS, REPORT, row, lang="zh")["performance"]
    assert meta["spans_characters_f"] == 0.72
    assert meta["spans_characters_macro_r"] == 0.4
    # As spaCy names them.
    assert {k for k in meta if "characters" in k} <= character_scores([]).keys()
    held_out = replace(REPORT, references=replace(REPORT.references, kind="teacher"))
    meta = fill_meta({}, FACTS, held_out, row, lang="zh")["performance"]
    assert meta["agreement_characters_macro_f"] == 0.45


def test_meta_keeps_what_is_not_given_and_invents_nothing():
    bare = CardFacts("en_x", "1.0", "English", ["LOC"], None, True, description="")
    meta = fill_meta({}, bare, REPORT, STUDENT, lang="en")
    assert [meta[key] for key in ("license", "author", "url")] == ["", "", ""]
    before = {"license": "CC0", "author": "B.", "sources": [{"name": "other"}]}
    meta = fill_meta(before, bare, REPORT, STUDENT, lang="en")
    assert {key: meta[key] for key in before} == before
    given = replace(bare, license="MIT", teacher="T")
    meta = fill_meta(before, given, REPORT, STUDENT, lang="en")
    assert (meta["license"], meta["sources"]) == ("MIT", [{"name": "T"}])


@pytest.mark.parametrize(
    ("training", "by"),
    [
        (FACTS_OF_TRAINING, "a student of a teacher's predictions"),
        (TrainingFacts(gold=True, soft_labels=False), "a pipeline"),
        (None, "a pipeline"),
    ],
)
def test_default_description(training, by):
    description = default_description("English", training)
    assert description == f"Named entities in English text, by {by}."


@pytest.mark.parametrize("author", ["", "A. Author"])
def test_license_with_an_author_or_an_address(author):
    facts = replace(FACTS, author=author, url="")
    card = model_card(facts, REPORT, STUDENT)
    assert card.endswith(f"MIT{', ' if author else ''}{author}.\n")


def test_without_a_license_there_is_none():
    facts = replace(FACTS, license="")
    card = model_card(facts, REPORT, STUDENT)
    assert "License" not in card
    assert "license" not in card.replace("(license: Apache-2.0)", "")
    assert card.endswith("## Author\n\n[A. Author](https://example.org).\n")
    card = model_card(replace(facts, author="", url=""), REPORT, STUDENT)
    assert "## Author" not in card
    assert "numpy 2.0.0.\n" in card[-30:]


def test_a_teacher_that_is_not_described_is_named_as_in_the_soft_labels():
    facts = replace(FACTS, teacher="", teacher_license="")
    card = model_card(facts, REPORT, STUDENT)
    assert "## Teacher\n\nThe soft labels name it `model-best`. In the table," in card
    assert "Apache" not in card
    # Not a student of theirs.
    card = model_card(facts, replace(REPORT, training={}), STUDENT)
    assert "model-best" not in card


def test_development_and_test_figures_are_side_by_side():
    references = replace(
        REPORT.references, role="development data", documents=7, words=90
    )
    scores = {"distilled": TypeScore(0.7, 0.8, 0.75)}
    report = replace(REPORT, development=DevelopmentScores(references, scores))
    card = model_card(FACTS, report, STUDENT)
    assert "|  | Test F1 | Development F1 | Precision | Recall |" in card
    assert "| distilled | 70.00 | 75.00 | 80.00 | 60.00 |" in card
    assert "| teacher | 75.00 |  | 80.00 | 60.00 |" in card
    assert (
        "It was measured on the test data: 10 documents with 200 words and 12 entities."
        " The development data, by which the step of training was chosen, are 7"
        " documents with 90 words and 12 entities."
    ) in card
    meta = fill_meta({}, FACTS, report, STUDENT, lang="en")
    performance = meta["performance"]
    assert (performance["ents_f"], performance["dev_ents_f"]) == (0.7, 0.75)
    assert (performance["dev_ents_p"], performance["dev_ents_r"]) == (0.7, 0.8)


QUANTIZED = Quantization("int8", words=15_000, table_bits=3.5)


def test_figures_from_before_quantization_are_not_claimed():
    report = replace(REPORT, quantization=QUANTIZED)
    card = model_card(FACTS, report, STUDENT)
    assert (
        "> **Note.** The pipeline was quantized after it was measured (parameters"
        " stored as int8, at most 15,000 words in a table, 3.5 bits for a value of the"
        " tables)."
        " All other figures are of the pipeline before that."
    ) in card
    before = {"performance": {"ents_f": 0.69}}
    meta = fill_meta(before, FACTS, report, STUDENT, lang="en")
    assert meta["performance"] == {"ents_f": 0.69}


def test_a_card_gets_a_note_on_quantization_once():
    card = model_card(FACTS, REPORT, STUDENT)
    noted = add_quantization_note(card, QUANTIZED)
    assert noted.startswith("# en_compact_ner\n\n<!-- quantized -->\n> **Note.** The")
    title, _, rest = card.partition("\n\n")
    assert noted.startswith(title)
    assert noted.endswith(f"<!-- /quantized -->\n\n{rest}")
    assert add_quantization_note(noted, QUANTIZED) == noted
    other = replace(
        QUANTIZED, words=None, documents=9, differing=2, f1_before=0.7, f1=0.69
    )
    noted = add_quantization_note(noted, other)
    assert noted.count("<!-- quantized -->") == 1
    assert "15,000" not in noted
    assert (
        "On 9 gold documents its F1 is 69.00 and was 70.00 before; 2 of them have other"
        " entities now."
    ) in noted
    assert add_quantization_note("No title.", QUANTIZED).startswith("<!-- quantized")


def test_an_unknown_size_of_the_teacher_is_left_out():
    teacher = replace(TEACHER, parameters=None, size=None)
    card = model_card(FACTS, replace(REPORT, rows=[teacher, STUDENT]), STUDENT)
    assert "In the table, `teacher` has F1 75.00." in card


LABELS = "the teacher's labels (its best label for each word)"
PROBABILITIES = "the teacher's probabilities (kl, temperature 2)"
FROM_TEXT = "From the unlabelled text it learned"
MISTAKES = "It learned from the predictions of a teacher, its mistakes included."


@pytest.mark.parametrize(
    ("changes", "described"),
    [
        ({}, f"gold annotation and soft labels. {FROM_TEXT} {LABELS}."),
        ({"alpha": 0.0}, f"annotation and soft labels. {FROM_TEXT} {PROBABILITIES}."),
        (
            {"alpha": 0.5},
            f"{FROM_TEXT} {LABELS}, with weight 0.5, and {PROBABILITIES}, with weight"
            " 0.5.",
        ),
        (
            {"alpha": "linear.v1"},
            f"{LABELS} and {PROBABILITIES}, weighted by the schedule linear.v1.",
        ),
        ({"gold": False}, f"trained on soft labels. {FROM_TEXT} {LABELS}."),
        (
            {"weight_by_confidence": True},
            f"{FROM_TEXT} {LABELS}, weighted by its confidence.",
        ),
        (
            {"min_confidence": 0.9},
            f"{FROM_TEXT} {LABELS}, where its probability was 0.9 or more.",
        ),
    ],
)
def test_the_card_describes_the_training_of_this_run(changes, described):
    training = replace(FACTS_OF_TRAINING, **changes)
    card = model_card(FACTS, replace(REPORT, training={"distilled": training}), STUDENT)
    assert described in card
    assert (LABELS in card) == (changes.get("alpha") != 0.0)
    assert (PROBABILITIES in card) == ("alpha" in changes)
    assert ("weighted by its confidence" in card) == ("weight_by_confidence" in changes)
    assert ("gold annotation" in card) == changes.get("gold", True)
    assert "The teacher annotated 50 unlabelled documents (1,000 words)." in card
    assert MISTAKES in card


def test_the_card_of_a_pipeline_that_had_no_soft_labels():
    """The report may have soft labels that another of its pipelines learned from."""
    training = replace(FACTS_OF_TRAINING, soft_labels=False)
    card = model_card(FACTS, replace(REPORT, training={"distilled": training}), STUDENT)
    assert "The pipeline was trained on gold annotation." in card
    for part in ("unlabelled", "soft labels", MISTAKES):
        assert part not in card


def test_the_card_of_a_pipeline_whose_training_is_unknown():
    card = model_card(FACTS, replace(REPORT, training={}), STUDENT)
    assert "Notices from a village hall." in card
    for part in ("trained on", "unlabelled", "learned", MISTAKES):
        assert part not in card


def test_without_gold_annotation_the_card_calls_no_score_f1():
    references = replace(
        REPORT.references, kind="teacher", role="held-out documents of the soft labels"
    )
    row = replace(STUDENT, ece=None, calibration=[])
    card = model_card(FACTS, replace(REPORT, rows=[row], references=references), row)
    assert (
        "There is no gold annotation: scores are the agreement with the teacher on the"
        " held-out documents of the soft labels: 10 documents"
    ) in card
    assert "|  | Agreement (F1) | Precision | Recall |" in card
    assert "The weakest entity type is `MISC`: Agreement (F1) 50.00." in card
    assert "F1" not in card.replace("Agreement (F1)", "")
    assert "measured on the test data" not in card


def test_a_larger_student_is_not_called_fewer_times_smaller():
    slow = replace(STUDENT, parameters=60_000_000, table=0, words_per_second=10_000.0)
    report = replace(
        REPORT, rows=[TEACHER, slow], comparison=compare_rows([TEACHER, slow])
    )
    card = model_card(FACTS, report, slow)
    assert (
        "distilled against teacher: 2.7 times more parameters, 5.0 times slower, 93.3 %"
        " of its F1."
    ) in card


def test_scores_in_meta_are_named_after_what_they_are():
    report = replace(REPORT, references=replace(REPORT.references, kind="teacher"))
    meta = fill_meta({}, FACTS, report, replace(STUDENT, ece=None), lang="en")
    assert set(meta["performance"]) == {
        "agreement_f",
        "agreement_p",
        "agreement_r",
        "agreement_per_type",
        "speed",
    }


def test_warnings_are_on_the_card():
    broken = replace(TEACHER, f1=0.02)
    report = with_comparison(replace(REPORT, rows=[broken, STUDENT]))
    card = model_card(FACTS, report, STUDENT)
    assert "> **Note.** teacher is hardly better than nothing: its F1 is 2.00." in card
    assert "times" not in card
    assert "points" not in card
    assert "of its F1" not in card
