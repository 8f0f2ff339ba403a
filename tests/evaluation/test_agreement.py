import pytest
import spacy
from small import trained
from spacy.tokens import Span

from spacy_distill.evaluation.agreement import compare_entities
from spacy_distill.evaluation.entities import Entity

TEXTS = ["Anna and Ben saw Rome", "nothing", "Rome and Oslo"]


def annotated(*entities):
    docs = [spacy.blank("en")(text) for text in TEXTS]
    for doc, spans in zip(docs, entities):
        doc.set_ents([Span(doc, *span) for span in spans])
    return docs


def test_the_teacher_is_the_reference():
    teacher = annotated([(0, 1, "PER"), (2, 3, "PER")], [], [(0, 1, "LOC")])
    student = annotated(
        [(0, 1, "PER"), (2, 3, "LOC"), (4, 5, "LOC")], [], [(0, 1, "LOC")]
    )
    result = compare_entities(teacher, student)
    assert (result.precision, result.recall) == (2 / 4, 2 / 3)
    assert round(result.f1, 6) == round(2 * 2 / 7, 6)
    assert result.documents == 2
    (worst,) = result.worst
    assert (worst.document, worst.text) == (0, TEXTS[0])
    assert worst.teacher == [Entity(0, 4, "PER"), Entity(9, 12, "PER")]
    assert worst.differences == 3
    assert result.compared == 3
    both = worst.side_by_side()
    assert both.describe_only(both.teacher) == ["Ben (PER)"]
    assert both.describe_only(both.student) == ["Ben (LOC)", "Rome (LOC)"]


def test_gold_entities_say_which_of_the_two_is_right():
    teacher = annotated([(0, 1, "PER"), (2, 3, "PER")], [], [(0, 1, "LOC")])
    student = annotated([(0, 1, "PER"), (2, 3, "LOC")], [], [])
    gold = annotated([(0, 1, "PER"), (2, 3, "PER")], [], [])
    result = compare_entities(teacher, student, gold=gold)
    assert result.f1 == compare_entities(teacher, student).f1
    first, second = (passage.side_by_side() for passage in result.worst)
    assert first.gold == [Entity(0, 4, "PER"), Entity(9, 12, "PER")]
    assert first.describe_only(first.teacher) == ["Ben (PER, right)"]
    assert first.describe_only(first.student) == ["Ben (LOC, wrong)"]
    # Rome is an entity in the teacher's eyes alone; here nothing is.
    assert second.gold == []
    assert second.describe_only(second.teacher)[0].endswith("(LOC, wrong)")


@pytest.mark.parametrize("fault", ["unannotated", "other text"])
def test_gold_that_says_nothing_of_a_text_is_left_out(fault):
    (teacher, *_), (student, *_) = annotated([(0, 1, "PER")]), annotated([])
    text = teacher.text if fault == "unannotated" else "Cem"
    gold = spacy.blank("en")(text)
    if fault == "other text":
        gold.set_ents([])
    (worst,) = compare_entities([teacher], [student], gold=[gold]).worst
    assert worst.gold is None
    both = worst.side_by_side()
    assert both.describe_only(both.teacher) == ["Anna (PER)"]


def test_documents_with_most_differences_come_first():
    teacher = annotated([(0, 1, "PER")], [], [(0, 1, "LOC"), (2, 3, "LOC")])
    student = annotated([], [(0, 1, "X")], [])
    worst = compare_entities(teacher, student, n_worst=2).worst
    assert [d.document for d in worst] == [2, 0]


def test_agreement_on_nothing_has_no_f1():
    result = compare_entities(annotated([], [], []), annotated([], [], []))
    assert (result.f1, result.documents, result.worst) == (None, 3, [])


def test_other_tokens_are_no_difference():
    whole, cut = (
        spacy.blank("en")("Anna-Lisa went"),
        spacy.blank("en")("Anna-Lisa went"),
    )
    with whole.retokenize() as retokenizer:
        retokenizer.merge(whole[:3])
    whole.set_ents([Span(whole, 0, 1, "PER")])
    cut.set_ents([Span(cut, 0, 3, "PER")])
    assert compare_entities([whole], [cut]).f1 == 1.0


def test_the_student_s_probabilities_are_kept():
    student = trained()
    teacher = [student.make_doc("Anna went to Paris .")]
    found = [student("Anna went to Paris .")]
    (worst,) = compare_entities(teacher, found, spans_key="ner").worst
    scores = found[0].spans["ner"].attrs["scores"].tolist()
    assert worst.probabilities == scores
    pair = worst.side_by_side()
    assert pair.probabilities == dict(zip(worst.student, scores))
    assert pair.teacher == []
    (worst,) = compare_entities(teacher, found).worst
    assert worst.probabilities == [None, None]
    assert worst.side_by_side().probabilities == {}


def test_of_a_long_text_the_passages_that_differ_are_named():
    nlp = spacy.blank("en")
    dull = "Nobody said a word about it. " * 20
    text = f"{dull}Anna saw Ben. {dull}Rome it was! {dull}"
    teacher, student = nlp(text), nlp(text)
    place = text.index("Rome")
    teacher.set_ents([teacher.char_span(place, place + 4, label="LOC")])
    place = text.index("Anna")
    ben = text.index("Ben")
    student.set_ents(
        [
            student.char_span(place, place + 4, label="PER"),
            student.char_span(ben, ben + 3, label="PER"),
        ]
    )
    first, second = compare_entities([teacher], [student]).worst
    assert (first.document, first.text) == (0, "Anna saw Ben.")
    assert first.student == [Entity(0, 4, "PER"), Entity(9, 12, "PER")]
    assert second.text == "Rome it was!"
    assert second.teacher == [Entity(0, 4, "LOC")]
    (worst, _) = compare_entities([teacher], [student], gold=[teacher]).worst
    assert worst.gold == []
