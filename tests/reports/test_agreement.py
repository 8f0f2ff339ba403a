import spacy
from spacy.tokens import Span

from spacy_distill.reports.agreement import compare_entities

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
    assert worst.document == 0
    assert worst.text == TEXTS[0]
    assert worst.only_teacher == ["Ben (PER)"]
    assert worst.only_student == ["Ben (LOC)", "Rome (LOC)"]


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
