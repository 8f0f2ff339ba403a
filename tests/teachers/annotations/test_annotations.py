from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import spacy
from annotated import CITY, PERSON, TEXT, line, three_annotators, write_lines
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from taught import logits_of

from spacy_distill.errors import DistillError
from spacy_distill.tasks.ner.tags import tags_to_spans
from spacy_distill.teachers.annotations.teacher import (
    CERTAINTY,
    AnnotationsTeacher,
    annotations_teacher_v1,
)
from spacy_distill.teachers.base import Teacher


def make(folder, *lines, name="labels.jsonl", **options):
    return annotations_teacher_v1(write_lines(folder / name, *lines), **options)


def probabilities(teacher, doc):
    (logits,) = logits_of(teacher, [doc])
    assert logits.dtype == np.float32
    assert logits.shape == (len(doc), len(teacher.task.columns))
    out = np.exp(logits)
    np.testing.assert_allclose(out.sum(axis=1), 1.0, rtol=1e-5)
    return [dict(zip(teacher.task.columns, row.tolist())) for row in out]


def best_spans(teacher, doc):
    """Return the spans of the best tags."""
    (logits,) = logits_of(teacher, [doc])
    return tags_to_spans([teacher.task.columns[i] for i in logits.argmax(axis=1)])


def test_one_annotator(tmp_path):
    teacher = make(tmp_path, line(TEXT, PERSON, (*CITY, 0.8)))
    assert isinstance(teacher, Teacher)
    assert teacher.name == "labels.jsonl"
    assert teacher.task.columns[1::4] == ("B-PER", "B-LOC")
    assert teacher.whole_documents
    assert teacher.word_pieces() is None
    doc = teacher.nlp.make_doc(TEXT)
    rows = probabilities(teacher, doc)
    spread = (1 - CERTAINTY) / 9
    assert rows[0]["B-PER"] == pytest.approx(CERTAINTY + spread)
    assert rows[1]["L-PER"] == pytest.approx(CERTAINTY + spread)
    assert rows[2]["O"] == pytest.approx(CERTAINTY + spread)
    assert rows[4]["U-LOC"] == pytest.approx(CERTAINTY * 0.8 + spread, rel=1e-5)
    assert rows[4]["O"] == pytest.approx(CERTAINTY * 0.2 + spread, rel=1e-5)
    assert teacher.sizes([doc]) == [len(doc)]
    (prediction,) = teacher.predict([doc])
    assert prediction.dropped == ()
    assert prediction.unaligned is None


def test_several_annotators(tmp_path):
    teacher = make(tmp_path, *three_annotators(), certainty=0.9)
    rows = probabilities(teacher, teacher.nlp.make_doc(TEXT))
    doubt = 0.1 / 0.9
    assert rows[0]["B-PER"] == pytest.approx((3 + doubt / 9) / (3 + doubt))
    assert rows[4]["U-LOC"] == pytest.approx((1.5 + doubt / 9) / (3 + doubt))


def test_annotators_have_weights(tmp_path):
    weights = {"three": 4.0}
    teacher = make(
        tmp_path, *three_annotators(), certainty=1.0, annotator_weights=weights
    )
    rows = probabilities(teacher, teacher.nlp.make_doc(TEXT))
    assert rows[4]["U-LOC"] == pytest.approx(1.5 / 6, rel=1e-2)
    assert rows[4]["O"] == pytest.approx(4.5 / 6, rel=1e-2)


def test_logits_are_finite_in_float16(tmp_path):
    teacher = make(tmp_path, line(TEXT, PERSON), certainty=1.0)
    (logits,) = logits_of(teacher, [teacher.nlp.make_doc(TEXT)])
    assert np.isfinite(logits.astype(np.float16)).all()


def test_docs_of_any_vocab_and_in_any_order(tmp_path):
    teacher = make(tmp_path, line(TEXT, PERSON), line("Only rain."))
    texts = ["Only rain.", TEXT, "", " \n ", TEXT]
    docs = [spacy.blank("en").make_doc(text) for text in texts]
    predictions = teacher.predict(docs)
    found = [prediction.logits for prediction in predictions]
    assert [len(logits) for logits in found] == [len(doc) for doc in docs]
    np.testing.assert_array_equal(found[1], found[4])
    columns = teacher.task.columns
    best = [[columns[i] for i in logits.argmax(axis=1)] for logits in found]
    assert best[1][:2] == ["B-PER", "L-PER"]
    assert set(best[0]) == {"O"}
    assert best[2] == []
    assert set(best[3]) == {"O"}
    assert [prediction.dropped for prediction in predictions] == [()] * 5


def test_docs_with_custom_tokens(tmp_path):
    """Spans are aligned to the Doc's tokens, not to those of the tokenizer."""
    lines = line("Lisbon-based Mara", (0, 6, "LOC"), (13, 17, "PER"))
    teacher = make(tmp_path, lines)
    words, spaces = ["Lisbon", "-based", "Mara"], [False, True, False]
    doc = Doc(spacy.blank("de").vocab, words=words, spaces=spaces)
    assert best_spans(teacher, doc) == [(0, 1, "LOC"), (2, 3, "PER")]
    teacher.check_texts(lambda: iter([doc]))
    whole = Doc(doc.vocab, words=["Lisbon-based", "Mara"])
    for call in (lambda: teacher.predict([whole]), check(teacher, whole)):
        with pytest.raises(DistillError, match="'Lisbon' as LOC ends inside 'Lisbon-"):
            call()


def test_tokenizer_of_the_language(tmp_path):
    teacher = make(tmp_path, line("Das ist z.B. Rom.", (13, 16, "LOC")), lang="de")
    assert teacher.nlp.lang == "de"
    doc = teacher.nlp.make_doc("Das ist z.B. Rom.")
    assert doc[2].text == "z.B."
    assert best_spans(teacher, doc) == [(3, 4, "LOC")]


def check(teacher, *docs):
    return lambda: teacher.check_texts(lambda: iter(docs))


BAD = [
    line(TEXT, (0, 3, "PER"), CITY, (0, 99, "X")),
    line(TEXT, PERSON, (20, 22, "LOC"), (5, 3, "PER")),
    line("Rain again.", (0, 4, "LOC", 7)),
]


def test_strict_reports_all_invalid_spans(tmp_path):
    told = (
        r"labels\.jsonl, got 3 that are not: line 1: '.*' as X is 0 to 99, outside"
        r".*; line 2: '' as PER has its end.*; line 3: 'Rain' as LOC has 7 as score.*"
        r"--skip"
    )
    with pytest.raises(DistillError, match=told) as info:
        make(tmp_path, *BAD)
    assert "\n" not in str(info.value)


@pytest.mark.parametrize("way", ["check_texts", "predict"])
def test_strict_reports_all_misaligned_spans(tmp_path, way):
    lines = [
        line(TEXT, (0, 3, "PER"), CITY),
        line("Rain.", (0, 3, "LOC")),
        line(TEXT, PERSON, (20, 22, "LOC")),
        line("Not in the texts.", (0, 2, "LOC")),
    ]
    teacher = make(tmp_path, *lines)
    docs = [teacher.nlp.make_doc(text) for text in ("Rain.", TEXT)]
    told = (
        r"got 3 that are not: line 2: 'Rai' as LOC ends inside 'Rain'; line 1: 'Mar' as"
        r" PER ends inside 'Mara'; line 3: 'is' as LOC begins inside 'Lisbon'\. Correct"
    )
    calls = {
        "check_texts": check(teacher, *docs),
        "predict": lambda: teacher.predict(docs),
    }
    with pytest.raises(DistillError, match=told):
        calls[way]()


def test_skip_drops_invalid_spans(tmp_path, caplog):
    teacher = make(tmp_path, *BAD, on_invalid="skip", certainty=1.0)
    (record,) = caplog.records
    assert "left out 3 invalid spans: line 1: " in record.getMessage()
    docs = [teacher.nlp.make_doc(text) for text in ("Rain again.", TEXT)]
    check(teacher, *docs)()
    rows = probabilities(teacher, docs[1])
    # On the tokens of an invalid span, only other annotators vote.
    assert rows[4]["U-LOC"] == pytest.approx(1.0, rel=1e-2)
    assert rows[0]["B-PER"] == pytest.approx(1.0, rel=1e-2)
    assert rows[2]["O"] == pytest.approx(1.0, rel=1e-2)
    rain, mara = teacher.predict(docs)
    assert not rain.logits.argmax(axis=1).any()
    assert list(rain.dropped) == [
        (0, "Rain", "LOC", "has 7 as score, not a number from 0 to 1 (line 3)")
    ]
    assert list(mara.dropped) == [
        (0, TEXT, "X", "is 0 to 99, outside a text of 33 characters (line 1)"),
        (0, "Mar", "PER", "ends inside 'Mara' (line 1)"),
        (1, "", "PER", "has its end 3 not after its start 5 (line 2)"),
        (4, "is", "LOC", "begins inside 'Lisbon' (line 2)"),
    ]


def test_lines_that_were_not_accepted_are_counted(tmp_path, caplog):
    lines = [line(TEXT, PERSON), *(line("No.", answer=a) for a in ("reject", "ignore"))]
    make(tmp_path, *lines)
    (record,) = caplog.records
    assert "do not count (1 reject, 1 ignore)" in record.getMessage()


def test_texts_that_are_not_in_the_file(tmp_path):
    teacher = make(tmp_path, line("Rain."), line(TEXT, PERSON))
    texts = [f"Number {i}." for i in range(12)] + ["Number 1.", TEXT]
    docs = [teacher.nlp.make_doc(text) for text in texts]
    told = (
        r"got none of 12: 'Number 0\.'; .*'Number 9\.'; and 2 more\. Annotate them or"
    )
    for call in (check(teacher, *docs), lambda: teacher.predict(docs)):
        with pytest.raises(DistillError, match=told) as info:
            call()
        assert "labels.jsonl" in str(info.value)
    # The message mentions a line with almost the same text.
    other = teacher.nlp.make_doc(TEXT.replace(" in ", "\u00a0in\n"))
    with pytest.raises(DistillError, match=r"\(line 2 has other whitespace or char"):
        teacher.predict([other])


def test_a_text_that_was_only_rejected_is_not_in_the_file(tmp_path):
    teacher = make(tmp_path, line(TEXT, PERSON), line("No.", answer="reject"))
    with pytest.raises(DistillError, match=r"got none of 1: 'No\.'"):
        teacher.predict([teacher.nlp.make_doc("No.")])


def test_hash_changes_only_with_the_logits(tmp_path):
    lines = three_annotators()
    base = make(tmp_path, *lines)
    (tmp_path / "elsewhere").mkdir()
    same = [
        make(tmp_path / "elsewhere", *lines, name="b.jsonl"),
        make(tmp_path, *lines, on_invalid="skip"),
        make(tmp_path, *lines, labels=["PER", "LOC"]),
    ]
    assert {teacher.hash for teacher in same} == {base.hash}
    others = [
        make(tmp_path, *lines, certainty=0.9),
        make(tmp_path, *lines, annotator_weights={"one": 2.0}),
        make(tmp_path, *lines, labels=["LOC", "PER"]),
        make(tmp_path, *lines, labels=["PER", "LOC", "ORG"]),
        make(tmp_path, *lines, line("more")),
    ]
    hashes = {teacher.hash for teacher in others}
    assert len(hashes) == len(others)
    assert base.hash not in hashes


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"lang": "xyz"}, r"spaCy knows.*got 'xyz'"),
        ({"on_invalid": "ignore"}, '"strict" or "skip", got \'ignore\''),
        ({"certainty": 0.0}, "certainty of more than 0"),
        ({"certainty": 1.1}, "certainty of more than 0"),
        ({"certainty": float("nan")}, "certainty of more than 0"),
        ({"labels": []}, r"unique labels.*got \[\]"),
        ({"labels": ["PER", "PER"]}, "unique labels"),
        ({"labels": ["PER "]}, "unique labels"),
        ({"labels": [""]}, "unique labels"),
        (
            {"annotator_weights": {"four": 1.0}},
            r"\(one; two; three\), got one for 'four'",
        ),
        ({"annotator_weights": {"one": 0.0}}, "more than 0.*got 0.0 for 'one'"),
        ({"annotator_weights": {"one": float("inf")}}, "got inf for 'one'"),
    ],
)
def test_invalid_options(tmp_path, options, told):
    with pytest.raises(DistillError, match=told):
        make(tmp_path, *three_annotators(), **options)
    with pytest.raises(DistillError, match="none has a name"):
        make(tmp_path, line(TEXT, PERSON), annotator_weights={"one": 1.0})


WORDS = st.lists(st.sampled_from(["Mara", "in", "Lisbon", "don't", "U.K.", "?"]))
SPANS = st.lists(
    st.tuples(st.integers(-1, 30), st.integers(-1, 30), st.sampled_from("AB")),
    max_size=8,
)
NLP = spacy.blank("en")


# Few examples, since each creates pipelines. The parser is tested separately.
@settings(max_examples=30, deadline=None)
@given(WORDS, SPANS)
def test_every_span_is_in_the_logits_or_dropped(tmp_path_factory, words, spans):
    path: Path = tmp_path_factory.getbasetemp() / "random.jsonl"
    text = " ".join(["Begin", *words])
    write_lines(path, line(text, *spans), line("known", (0, 5, "A")))
    teacher = AnnotationsTeacher(path, on_invalid="skip", labels=["A", "B"])
    doc = NLP.make_doc(text)
    kept = best_spans(teacher, doc)
    ((_, _, dropped),) = teacher.predict([doc])
    assert len(kept) + len(dropped) == len(spans)
    as_given = Counter((text[a:b] if a >= 0 and b >= 0 else "", c) for a, b, c in spans)
    found = Counter((doc[start:end].text, label) for start, end, label in kept)
    found.update((span.text, span.label) for span in dropped)
    assert found == as_given
    for start, end, label in kept:
        span = doc[start:end]
        assert (span.start_char, span.end_char, label) in spans
    assert all(0 <= span.token < len(doc) for span in dropped)
