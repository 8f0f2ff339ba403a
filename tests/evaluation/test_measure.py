import pytest
import spacy
from rule_teacher import make_rule_teacher
from small import TEXTS, entities, make_examples, trained, write_gold, write_soft_labels
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spacy_distill.docs import LOGITS
from spacy_distill.errors import DistillError
from spacy_distill.evaluation.measure import measure, predict
from spacy_distill.evaluation.references import gold_references, held_out_references
from spacy_distill.evaluation.rows import TypeScore
from spacy_distill.files import sha256_path
from spacy_distill.soft_labels.store import SoftLabels
from spacy_distill.tasks.ner.task import NERTask


@pytest.fixture
def gold(tmp_path):
    return write_gold(tmp_path / "gold.spacy", spacy.blank("en"))


def measure_row(nlp, gold):
    return measure(nlp, gold_references(gold), name="student").row


def test_a_student(gold):
    row = measure_row(trained(), gold)
    assert (row.name, row.components) == ("student", ["ner"])
    assert (row.precision, row.recall, row.f1) == (1.0, 1.0, 1.0)
    assert set(row.per_type) == {"LOC", "PER"}
    assert sum(b.entities for b in row.calibration) == 7
    assert 0 < row.ece < 1
    assert row.parameters > 0
    assert (row.size, row.words_per_second) == (None, None)


def test_size_is_that_of_the_folder_it_was_loaded_from(gold, tmp_path):
    trained().to_disk(tmp_path / "student")
    row = measure_row(spacy.load(tmp_path / "student"), gold)
    files = [f for f in (tmp_path / "student").rglob("*") if f.is_file()]
    assert row.size == sum(f.stat().st_size for f in files)


def test_a_pipeline_without_probabilities_has_no_calibration(gold):
    row = measure_row(make_rule_teacher(), gold)
    assert (row.ece, row.calibration, row.parameters) == (None, [], 0)
    # It misses Rome and calls New York City New York.
    assert row.recall == pytest.approx(5 / 7)
    assert row.precision == pytest.approx(5 / 6)
    assert row.per_type["PER"] == TypeScore(precision=1.0, recall=1.0, f1=1.0)


def test_docs_that_do_not_know_their_spaces_keep_their_tokens(tmp_path):
    doc = Doc(Vocab(), words=["Anna", "can't", "go"], ents=["B-PER", "O", "O"])
    DocBin(docs=[doc]).to_disk(tmp_path / "gold.spacy")
    references = gold_references(tmp_path / "gold.spacy")
    (example,) = predict(make_rule_teacher(), references)
    assert [token.text for token in example.predicted] == ["Anna", "can't", "go"]
    assert [ent.text for ent in example.predicted.ents] == ["Anna"]


def test_gold_without_entities_is_an_error(tmp_path):
    DocBin(docs=[spacy.blank("en")("Nobody.")]).to_disk(tmp_path / "gold.spacy")
    with pytest.raises(DistillError, match="Expected Docs with entities"):
        measure_row(trained(), tmp_path / "gold.spacy")


def test_a_pipeline_without_entities(gold):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    row = measure_row(nlp, gold)
    assert (row.precision, row.recall, row.f1, row.ece) == (0.0, 0.0, 0.0, None)


def test_predictions_and_counts(gold):
    measured = measure(trained(), gold_references(gold, role="dev data"), name="one")
    assert measured.row.name == "one"
    assert measured.spans_key == "ner"
    assert [doc.text for doc in measured.docs] == TEXTS
    counts = measured.counts
    assert (counts.kind, counts.role) == ("gold", "dev data")
    assert (counts.documents, counts.words) == (4, 24)
    assert counts.entities == {"LOC": 4, "PER": 3}
    assert (counts.path, counts.sha256) == (str(gold), sha256_path(gold))


def test_gold_docs_in_memory_are_measured_like_a_file(gold):
    docs = [eg.reference for eg in make_examples(spacy.blank("en"))]
    # An iterator is read once and kept.
    references = gold_references(iter(docs))
    assert references.path == "Docs in memory"
    from_docs, from_file = (
        measure(make_rule_teacher(), found, name="rules")
        for found in (references, gold_references(gold))
    )
    assert from_docs.row == from_file.row
    assert from_docs.counts.entities == from_file.counts.entities
    assert measure(make_rule_teacher(), references, name="rules").row == from_docs.row


def test_whitespace_at_the_ends_of_gold_entities_is_cut_off(tmp_path):
    nlp = spacy.blank("en")
    doc = nlp("Anna \n went to  Paris")
    doc.ents = [Span(doc, 0, 2, "PER"), Span(doc, 4, 6, "LOC")]
    assert [ent.text for ent in doc.ents] == ["Anna \n ", " Paris"]
    DocBin(docs=[doc]).to_disk(tmp_path / "gold.spacy")
    measured = measure(trained(), gold_references(tmp_path / "gold.spacy"), name="x")
    assert measured.counts.trimmed == 2
    assert [ent.text for ent in measured.references[0].ents] == ["Anna", "Paris"]
    assert measured.row.recall == 1.0


def test_labels_of_gold_and_predictions_are_mapped_alike(gold):
    label_map = {"PER": "HUMAN", "LOC": None}
    measured = measure(trained(), gold_references(gold, label_map=label_map), name="x")
    assert (measured.row.f1, measured.labels) == (1.0, ["HUMAN"])
    assert measured.counts.entities == {"HUMAN": 3}
    assert set(measured.row.per_type) == {"HUMAN"}
    assert sum(b.entities for b in measured.row.calibration) == 3


def test_held_out_soft_labels_as_references(tmp_path):
    folder = write_soft_labels(tmp_path, TEXTS * 3)
    references = held_out_references(folder, 5)
    assert references.kind == "teacher"
    assert references.role == "held-out documents of the soft labels"
    nlp = spacy.blank("en")
    docs = list(references.read(nlp))
    expected = list(SoftLabels(folder).read_held_out(nlp, 5))
    NERTask(("PER", "LOC")).annotate(
        expected, [doc.user_data[LOGITS] for doc in expected]
    )
    assert [doc.text for doc in docs] == [doc.text for doc in expected]
    assert [entities(doc) for doc in docs] == [entities(doc) for doc in expected]
    assert any(entities(doc) for doc in docs)
    # The student must not read the logits off the reference.
    assert all(doc.user_data == {} for doc in docs)


def test_agreement_with_a_teacher_has_no_calibration(tmp_path):
    """Without gold annotation it is unknown whether a probability is right."""
    folder = write_soft_labels(tmp_path, TEXTS * 3)
    measured = measure(trained(), held_out_references(folder, 5), name="student")
    assert (measured.row.ece, measured.row.calibration) == (None, [])
    assert measured.counts.documents == 5


def test_characters_are_scored_if_the_scorer_asks_for_them(gold):
    assert measure_row(trained(), gold).characters is None
    nlp = trained()
    asking = {"@scorers": "spacy_distill.compact_ner_scorer.v1", "characters": True}
    config = nlp.config.copy()
    config["components"]["ner"]["scorer"] = asking
    again = spacy.util.load_model_from_config(config)
    again.from_bytes(nlp.to_bytes())
    row = measure_row(again, gold)
    assert row.characters.micro == row.characters.macro == TypeScore(1.0, 1.0, 1.0)


def test_characters_are_scored_in_chinese(tmp_path):
    nlp = spacy.blank("zh")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "LOC", "pattern": "\u96ea\u5c71"}])
    doc = nlp.make_doc("\u96ea\u5c71\u9547\u5728\u6c5f\u4e1c")
    doc.set_ents([Span(doc, 0, 3, label="LOC"), Span(doc, 4, 6, label="CITY")])
    DocBin(docs=[doc]).to_disk(tmp_path / "gold.spacy")
    row = measure_row(nlp, tmp_path / "gold.spacy")
    assert row.f1 == 0.0
    assert row.characters.micro == TypeScore(1.0, 2 / 5, 4 / 7)
    assert row.characters.macro == TypeScore(1 / 2, 1 / 3, 2 / 5)
