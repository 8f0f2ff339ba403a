import pytest
import spacy
from rule_teacher import make_rule_teacher
from small import trained, write_gold
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_distill.errors import DistillError
from spacy_distill.evaluation.measure import TypeScore, measure, predict


@pytest.fixture
def gold(tmp_path):
    return write_gold(tmp_path / "gold.spacy", spacy.blank("en"))


def test_a_student(gold):
    row = measure(trained(), gold, name="student")
    assert (row.name, row.components) == ("student", ["ner"])
    assert (row.precision, row.recall, row.f1) == (1.0, 1.0, 1.0)
    assert set(row.per_type) == {"LOC", "PER"}
    assert sum(b.entities for b in row.calibration) == 7
    assert 0 < row.ece < 1
    assert row.parameters > 0
    assert (row.size, row.words_per_second) == (None, None)


def test_size_is_that_of_the_folder_it_was_loaded_from(gold, tmp_path):
    trained().to_disk(tmp_path / "student")
    row = measure(spacy.load(tmp_path / "student"), gold, name="student")
    files = [f for f in (tmp_path / "student").rglob("*") if f.is_file()]
    assert row.size == sum(f.stat().st_size for f in files)


def test_a_pipeline_without_probabilities_has_no_calibration(gold):
    row = measure(make_rule_teacher(), gold, name="rules")
    assert (row.ece, row.calibration, row.parameters) == (None, [], 0)
    # It misses Rome and calls New York City New York.
    assert row.recall == pytest.approx(5 / 7)
    assert row.precision == pytest.approx(5 / 6)
    assert row.per_type["PER"] == TypeScore(precision=1.0, recall=1.0, f1=1.0)


def test_docs_that_do_not_know_their_spaces_keep_their_tokens(tmp_path):
    doc = Doc(Vocab(), words=["Anna", "can't", "go"], ents=["B-PER", "O", "O"])
    DocBin(docs=[doc]).to_disk(tmp_path / "gold.spacy")
    (example,) = predict(make_rule_teacher(), tmp_path / "gold.spacy")
    assert [token.text for token in example.predicted] == ["Anna", "can't", "go"]
    assert [ent.text for ent in example.predicted.ents] == ["Anna"]


def test_gold_without_entities_is_an_error(tmp_path):
    DocBin(docs=[spacy.blank("en")("Nobody.")]).to_disk(tmp_path / "gold.spacy")
    with pytest.raises(DistillError, match="Expected Docs with entities"):
        measure(trained(), tmp_path / "gold.spacy", name="student")


def test_a_student_that_finds_nothing(gold):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    row = measure(nlp, gold, name="nothing")
    assert (row.precision, row.recall, row.f1, row.ece) == (0.0, 0.0, 0.0, None)
