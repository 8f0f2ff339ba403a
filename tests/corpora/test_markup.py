import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.corpora.markup import (
    MarkedDocument,
    MarkedEntity,
    MarkedSentence,
    parse_markup,
    write_markup,
)
from spacy_distill.errors import DistillError

LABELS = ("PER", "ORG", "LOC", "MISC")

words = st.text(
    st.one_of(
        st.sampled_from("[]\\()#'\""),
        st.characters(exclude_categories=["Z", "C"]),
    ),
    min_size=1,
    max_size=6,
)
slugs = st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True)


@st.composite
def sentences(draw):
    """Words with single spaces; runs of them are entities, some without a gap."""
    text, entities = "", []
    for i in range(draw(st.integers(1, 6))):
        if i and draw(st.booleans()):
            text += " "
        piece = " ".join(draw(st.lists(words, min_size=1, max_size=3)))
        label = draw(st.sampled_from((None, *LABELS)))
        if not text and label is None:
            piece = piece.lstrip("#") or "x"
        if label:
            entities.append(MarkedEntity(len(text), len(text) + len(piece), label))
        text += piece
    return MarkedSentence(text, tuple(entities))


documents = st.lists(
    st.builds(
        MarkedDocument,
        register=slugs,
        topic=slugs,
        sentences=st.lists(sentences(), min_size=1, max_size=3).map(tuple),
    ),
    max_size=3,
    unique_by=lambda document: document.name,
)


@settings(deadline=None)
@given(documents)
def test_written_documents_are_read_back(x):
    assert parse_markup(write_markup(x), labels=LABELS) == x


@settings(deadline=None)
@given(st.text(st.sampled_from("# ab/-[]()\\PER\n\t"), max_size=60))
def test_anything_is_read_or_refused_with_file_and_line(text):
    try:
        found, fault = parse_markup(text, source="x.txt"), ""
    except DistillError as error:
        found, fault = [], str(error)
    assert not fault or fault.startswith("x.txt:")
    assert "\n" not in fault
    assert parse_markup(write_markup(found)) == found


def test_text_entities_and_lines_are_found():
    text = (
        "# science/tide-gauges\n"
        "\n"
        "The gauge at [Viana do Castelo](LOC) stopped.\n"
        "Notes \\[sic\\] say C:\\\\temp.\n"
        "\n"
        "# news/second\n"
        "Nobody was hurt.\n"
    )
    first, second = parse_markup(text, source="a.txt", labels=LABELS)
    assert (first.name, first.line, first.source) == (
        "science/tide-gauges",
        1,
        "a.txt",
    )
    assert first.sentences[0].text == "The gauge at Viana do Castelo stopped."
    assert first.sentences[0].entities == (MarkedEntity(13, 29, "LOC"),)
    assert first.sentences[0].line == 3
    assert first.sentences[1].text == "Notes [sic] say C:\\temp."
    assert second.sentences == (MarkedSentence("Nobody was hurt."),)


@pytest.mark.parametrize(
    ("line", "expected", "got"),
    [
        ("[Ada](PER", "expected a label", "'(PER' after '[Ada]'"),
        ("[Ada] met Ben", "expected a label", "' met Ben'"),
        ("Ben met [Ada]", "expected a label", "the end of the line"),
        ("[Ada]() came", "expected a label", "'() came'"),
        ("[Ada](P ER) came", "expected a label", "'(P ER) came'"),
        ("[Ada](PERS) came", "expected one of the labels PER, ORG", "'PERS'"),
        ("[](PER) came", "expected words", "'[]'"),
        ("x [ Ada](PER) came", "without white space at its edges", "'[ Ada]'"),
        ("x [Ada ](PER) came", "without white space at its edges", "'[Ada ]'"),
        ("[Ada [Lowe](PER)](PER)", "']' before the next '['", "'[Lowe](PER)](PER)'"),
        ("Ada](PER) came", "'[' before ']'", "'Ada]'"),
        ("Then [Ada came", "']' to close an entity", "'[Ada came'"),
        ("a \\ b", "after a backslash", "' b'"),
        ("a b\\", "after a backslash", "the end of the line"),
        ("a\tb", "plain spaces only", "a tab"),
        ("a b\r", "plain spaces only", "a carriage return"),
        ("a\u00a0b", "plain spaces only", "'\\xa0'"),
        ("a\x0bb", "plain spaces only", "'\\x0b'"),
        ("a\u2028b", "plain spaces only", "'\\u2028'"),
        ("a\x00b", "plain spaces only", "'\\x00'"),
        (" a b", "no two in a row", "' a b'"),
        ("a b ", "no two in a row", "'a b '"),
        ("a  b", "no two in a row", "'a  b'"),
        (" ", "no two in a row", "' '"),
        ("#news/other", "a heading '# register/topic'", "'#news/other'"),
        ("# news", "a heading '# register/topic'", "'# news'"),
        ("# News/other", "a heading '# register/topic'", "'# News/other'"),
        ("# news/a/b", "a heading '# register/topic'", "'# news/a/b'"),
        ("## news/other", "a heading '# register/topic'", "'## news/other'"),
        ("# news/topic", "a heading of its own", "again (first in line 1)"),
    ],
)
def test_a_fault_names_file_line_and_what_came(line, expected, got):
    text = f"# news/topic\n\nAll is well.\n{line}\nThe end.\n"
    with pytest.raises(DistillError) as caught:
        parse_markup(text, source="x.txt", labels=LABELS)
    message = str(caught.value)
    assert message.startswith("x.txt:4: expected ")
    assert expected in message
    assert got in message
    assert "\n" not in message


def test_a_sentence_needs_a_heading_and_a_heading_sentences():
    with pytest.raises(DistillError, match=r"^x:2: expected a heading"):
        parse_markup("\nHello.\n", source="x")
    with pytest.raises(DistillError, match=r"^x:1: expected sentences under '# a/b'"):
        parse_markup("# a/b\n\n# c/d\nHello.\n", source="x")
    with pytest.raises(DistillError, match=r"^x:3: expected sentences under '# c/d'"):
        parse_markup("# a/b\nHello.\n# c/d\n", source="x")


def test_unlabelled_text_has_no_entities():
    with pytest.raises(DistillError, match=r"^x:2: expected unlabelled text"):
        parse_markup("# a/b\n[Ada](PER) came.\n", source="x", labels=())


@pytest.mark.parametrize(
    "sentence",
    [
        MarkedSentence(""),
        MarkedSentence("a\nb"),
        MarkedSentence("a\n# c/d\nb"),
        MarkedSentence("a  b"),
        MarkedSentence("# c"),
        MarkedSentence("#c"),
        MarkedSentence("abc", (MarkedEntity(0, 2, "X"), MarkedEntity(1, 3, "X"))),
        MarkedSentence("abc", (MarkedEntity(2, 3, "X"), MarkedEntity(0, 1, "X"))),
        MarkedSentence("abc", (MarkedEntity(1, 1, "X"),)),
        MarkedSentence("abc", (MarkedEntity(1, 9, "X"),)),
        MarkedSentence("a c", (MarkedEntity(0, 2, "X"),)),
        MarkedSentence("abc", (MarkedEntity(0, 3, "X Y"),)),
    ],
)
def test_what_the_form_cannot_hold_is_not_written(sentence):
    with pytest.raises(DistillError, match="xpected"):
        write_markup([MarkedDocument("a", "b", (MarkedSentence("Hi."), sentence))])
