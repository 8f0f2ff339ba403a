"""Layouts of column files: found by their content, chosen by options, or refused."""

import pytest
from spacy.vocab import Vocab

from spacy_distill.corpora.columns import read_columns
from spacy_distill.errors import DistillError

PEOPLE = [[("Ada", "PER")], [("Porto", "LOC")]]


def read(tmp_path, text, **options):
    path = tmp_path / "some.data"
    path.write_text(text, encoding="utf-8")
    return read_columns(path, Vocab(), **options)


def entities(file):
    return [[(e.text, e.label_) for e in s.doc.ents] for s in file.sentences]


def texts(file):
    return [s.doc.text for s in file.sentences]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        pytest.param(
            "Ada NNP I-NP B-PER\nsang VBD I-VP O\n\nPorto NNP I-NP B-LOC\nslept VBD"
            " I-VP O\n",
            "words from column 1, tags from column 4 of 4 (IOB2)",
            id="CoNLL-2003",
        ),
        pytest.param(
            "1\tAda\tB-PER\n2\tsang\tO\n\n1\tPorto\tB-LOC\n2\tslept\tO\n",
            "words from column 2, tags from column 3 of 3 (IOB2)",
            id="token numbers first",
        ),
        pytest.param(
            "0 Ada B-PER\n4 sang O\n\n9 Porto B-LOC\n15 slept O\n",
            "words from column 2, tags from column 3 of 3 (IOB2)",
            id="offsets first",
        ),
        pytest.param(
            "#\thttp://example.org/1\t[2020-01-01]\n1\tAda\tB-PER\tO\n2\tsang\tO\tO\n\n"
            "#\thttp://example.org/2\t[2020-01-01]\n1\tPorto\tB-LOC\tO\n2\tslept\tO\tO\n",
            "words from column 2, tags from column 3 of 4 (IOB2)",
            id="GermEval without nested tags",
        ),
        pytest.param(
            "# id 1a-2b\tdomain=en\nAda _ _ B-PER\nsang _ _ O\n\n\n"
            "# id 3c-4d\tdomain=en\nPorto _ _ B-LOC\nslept _ _ O\n",
            "words from column 1, tags from column 4 of 4 (IOB2)",
            id="MultiCoNER",
        ),
        pytest.param(
            "B-PER Ada\nO sang\n\nB-LOC Porto\nO slept\n",
            "words from column 2, tags from column 1 of 2 (IOB2)",
            id="tags first",
        ),
        pytest.param(
            "a.txt s1 w1 Ada B-PER\na.txt s1 w2 sang O\n\n"
            "a.txt s2 w3 Porto B-LOC\na.txt s2 w4 slept O\n\na.txt s3 w5 . O\n",
            "words from column 4, tags from column 5 of 5 (IOB2)",
            id="names of file, sentence and token first",
        ),
        pytest.param(
            "Ada U-PER\nsang O\n\nPorto U-LOC\nslept O\n",
            "words from column 1, tags from column 2 of 2 (BILUO)",
            id="BILUO",
        ),
        pytest.param(
            "Ada\tPER-S\nsang\tO\n\nPorto\tLOC-S\nslept\tO\n",
            "words from column 1, tags from column 2 of 2 (BILUO)",
            id="prefixes last",
        ),
        pytest.param(
            "-DOCSTART- O\n\nAda i_per\nsang o\n\nPorto i_loc\nslept o\n",
            "words from column 1, tags from column 2 of 2 (IOB1)",
            id="lower case",
        ),
    ],
)
def test_layouts_are_found_by_their_content(tmp_path, text, columns):
    file = read(tmp_path, text)
    assert texts(file) == ["Ada sang", "Porto slept", "."][: len(file.sentences)]
    assert [
        [(text, label.upper()) for text, label in sentence]
        for sentence in entities(file)[:2]
    ] == PEOPLE
    assert file.notes == (columns,)


def test_of_nested_tags_the_outer_ones_are_read(tmp_path):
    text = (
        "1\tBraga\tB-ORG\tB-LOC\n2\tFair\tI-ORG\tO\n3\tin\tO\tO\n4\tLima\tB-LOC\tO\n\n"
        "1\tPorto\tB-ORG\tB-LOC\n2\tFair\tI-ORG\tO\n"
    )
    file = read(tmp_path, text)
    assert entities(file) == [
        [("Braga Fair", "ORG"), ("Lima", "LOC")],
        [("Porto Fair", "ORG")],
    ]
    assert file.notes == (
        "words from column 2, tags from column 3 of 4 (IOB2)",
        "2 nested entities of column 4 left out",
    )
    inner = read(tmp_path, text, tag_column=-1)
    assert entities(inner) == [[("Braga", "LOC")], [("Porto", "LOC")]]


def test_chunks_are_no_entities_even_where_there_are_none(tmp_path):
    file = read(tmp_path, "It PRP B-NP O\nrained VBD B-VP O\n")
    assert entities(file) == [[]]
    assert file.notes == ("words from column 1, tags from column 4 of 4 (IOB2)",)
    # But they are read if there is nothing else, as in CoNLL-2000.
    file = read(tmp_path, "It PRP B-NP\nrained VBD B-VP\n")
    assert entities(file) == [[("It", "NP"), ("rained", "VP")]]


def test_two_columns_of_tags_are_refused_with_both(tmp_path):
    text = "Ada B-PER O\nsaw O O\nPorto O B-LOC\n"
    message = (
        r"some\.data: expected one column of entity tags, got 2 that may be: column 2"
        r" \('B-PER', 'O'\) and column 3 \('O', 'B-LOC'\)\. Choose one with"
        r" --tag-column 2 or --tag-column 3\."
    )
    with pytest.raises(DistillError, match=message):
        read(tmp_path, text)
    assert entities(read(tmp_path, text, tag_column=2)) == [[("Ada", "PER")]]
    assert entities(read(tmp_path, text, tag_column=3)) == [[("Porto", "LOC")]]


def test_tags_in_the_same_places_are_refused(tmp_path):
    text = "Ada B-PER B-writer\nsaw O O\nPorto B-LOC B-city\n"
    with pytest.raises(DistillError, match="--tag-column 2 or --tag-column 3"):
        read(tmp_path, text)


def test_two_columns_of_words_are_refused_with_both(tmp_path):
    text = "NNP Ada B-PER\nNNP Lowe I-PER\nVBD saw O\nNNP Porto B-LOC\n"
    message = (
        r"some\.data: expected one column of words, got 2 that may be: column 1"
        r" \('NNP', 'VBD'\) and column 2 \('Ada', 'Lowe', 'saw', \.\.\.\)\. Choose one"
        r" with --word-column 1 or --word-column 2\."
    )
    with pytest.raises(DistillError, match=message):
        read(tmp_path, text)
    assert texts(read(tmp_path, text, word_column=2)) == ["Ada Lowe saw Porto"]
    assert texts(read(tmp_path, text, word_column=-2)) == ["Ada Lowe saw Porto"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"word_column": 0}, "expected --word-column from 1 to 3, .* got 0"),
        ({"word_column": 4}, "expected --word-column from 1 to 3, .* got 4"),
        ({"tag_column": -4}, "expected --tag-column from 1 to 3, .* got -4"),
        (
            {"word_column": 3, "tag_column": -1},
            "expected words and tags in two columns, got --word-column 3 and"
            " --tag-column -1",
        ),
        ({"tag_column": 2}, "expected a tag .* got 'NNP' for 'Ada'"),
        (
            {"word_column": 3},
            r"expected a column of entity tags .* got none: column 1 \('Ada', 'sang'\)",
        ),
    ],
)
def test_columns_that_cannot_be_meant_are_refused(tmp_path, options, message):
    with pytest.raises(DistillError, match=message):
        read(tmp_path, "Ada NNP B-PER\nsang VBD O\n", **options)


def test_a_word_with_a_space_is_one_in_files_with_tabs(tmp_path):
    file = read(tmp_path, "10 000\tO\nin\tO\nPorto \tB-LOC\n")
    assert [t.text for t in file.sentences[0].doc] == ["10 000", "in", "Porto"]


def test_a_hash_is_a_word_if_it_has_a_tag(tmp_path):
    file = read(tmp_path, "# a comment\n# O\n1 O\nin O\n#Porto B-LOC\n\n# O\n2 O\n")
    assert texts(file) == ["# 1 in #Porto", "# 2"]
    assert entities(file) == [[("#Porto", "LOC")], []]


def test_whitespace_may_be_a_word(tmp_path):
    file = read(tmp_path, "Porto\tB-LOC\n\u00a0\tI-LOC\n\u3000\tO\n \tO\nslept\tO\n")
    assert [t.text for t in file.sentences[0].doc] == [
        *["Porto", "\u00a0", "\u3000", " ", "slept"],
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Ada\tB-PER\n\tO\n", r":2: expected a word in column 1, got nothing"),
        ("Ada O\n#Porto\nslept O\n", r":2: expected 2 columns.*got 1 in '#Porto'"),
        ("Ada O\n# in between\n", r":2: expected 2 columns.*got 3 in '# in between'"),
        ("1\tAda\tO\n2-3\tit's\tO\n2\tit\tO\n", r":2: expected the words of the range"),
        ("1-2\tit's\tO\n1\tit\tO\n2-3\ta\tO\n", r":1: expected the words of the range"),
    ],
)
def test_faulty_lines_are_named(tmp_path, text, message):
    with pytest.raises(DistillError, match=r"some\.data" + message):
        read(tmp_path, text)


def test_words_alone_need_no_tags(tmp_path):
    text = "Ada NNP\nsang VBD\n\nPorto NNP\n"
    assert texts(read(tmp_path, text, tags=False)) == ["Ada sang", "Porto"]
    file = read(tmp_path, "Ada\nsang\n\nPorto\n", tags=False, word_column=1)
    assert texts(file) == ["Ada sang", "Porto"]
    assert not file.sentences[0].doc.has_annotation("ENT_IOB")
