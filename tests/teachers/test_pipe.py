import pytest
import spacy
from hash_teacher import HashTeacher
from small import TEXTS, entities, scores, trained
from spacy.tokens import Doc
from stock_pipelines import decoded, triples

from spacy_distill.annotation.annotate import annotate
from spacy_distill.docs import LOGITS
from spacy_distill.errors import DistillError
from spacy_distill.soft_labels.store import SoftLabels
from spacy_distill.teachers.annotations.teacher import annotations_teacher_v1
from spacy_distill.teachers.pipe import find_teacher, teacher_pipeline
from spacy_distill.teachers.spacy_pipelines.component import CompactNERTeacher

LONG = " ".join(f"w{i % 97}" for i in range(1200))


def test_a_pipeline_predicts_as_its_teacher_does():
    nlp = teacher_pipeline(CompactNERTeacher(trained(), "ner"))
    student = trained()
    for doc, text in zip(nlp.pipe(TEXTS), TEXTS):
        assert entities(doc) == entities(student(text))
        # Logits are rounded to float16, like soft labels.
        assert scores(doc) == pytest.approx(scores(student(text)), abs=1e-2)


def test_the_entities_are_those_of_the_stored_logits(tmp_path):
    """The last column of the logits depends on the windows of long texts."""
    teacher = HashTeacher()
    texts = [*TEXTS, LONG, "x", "  spaces  all \n over "]
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(t.replace("\n", " ") for t in texts), encoding="utf-8")
    annotate(teacher, path, tmp_path / "soft_labels", progress=False)
    nlp = teacher_pipeline(HashTeacher())
    stored = list(SoftLabels(tmp_path / "soft_labels").read(nlp))
    assert max(map(len, stored)) > 1000
    for doc in stored:
        found = nlp(Doc(nlp.vocab, words=[t.text for t in doc]))
        if not any(token.is_space for token in doc):
            logits = doc.user_data[LOGITS].astype("float32")
            wanted = decoded(logits, teacher.task.columns)
            assert triples(found.ents) == wanted
        assert not any(e[0].is_space or e[-1].is_space for e in found.ents)
    assert sum(len(nlp(text).ents) for text in texts) > 100


def test_tokenizer_is_the_teachers():
    teacher = CompactNERTeacher(trained(), "ner")
    teacher.nlp.tokenizer.add_special_case("Paris", [{"ORTH": "Par"}, {"ORTH": "is"}])
    doc = teacher_pipeline(teacher)("Paris")
    assert [token.text for token in doc] == ["Par", "is"]
    assert doc.vocab is teacher.nlp.vocab


def test_user_data_is_kept():
    nlp = teacher_pipeline(HashTeacher())
    doc = nlp.make_doc("some words here")
    doc.user_data["mine"] = 1
    assert nlp(doc).user_data == {"mine": 1}


def test_find_teacher():
    teacher = HashTeacher()
    assert find_teacher(teacher_pipeline(teacher)) is teacher
    assert find_teacher(trained()) is None
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    assert find_teacher(nlp) is None


def test_a_text_that_the_teacher_cannot_label(tmp_path):
    path = tmp_path / "file.jsonl"
    spans = '[{"start": 0, "end": 4, "label": "PER"}]'
    path.write_text(f'{{"text": "Anna went", "spans": {spans}}}\n', encoding="utf-8")
    nlp = teacher_pipeline(annotations_teacher_v1(path))
    assert [entities(doc) for doc in nlp.pipe(["Anna went", ""])] == [
        [("Anna", "PER")],
        [],
    ]
    with pytest.raises(DistillError, match="got none of 2: 'Bob went'; 'Tom too'"):
        list(nlp.pipe(["Bob went", "Anna went", "Tom too"]))
