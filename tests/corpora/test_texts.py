import gzip
import json
import tempfile
from pathlib import Path

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span

from spacy_distill.corpora.texts import (
    FileTexts,
    MemoryTexts,
    as_texts,
    read_texts,
)
from spacy_distill.errors import DistillError

NLP = spacy.blank("en")


def texts_of(path, *part):
    docs = list(FileTexts(path).read(NLP, *part))
    assert all(doc.vocab is NLP.vocab for doc in docs)
    return [doc.text for doc in docs]


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = data if isinstance(data, bytes) else data.encode("utf-8")
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


@pytest.mark.parametrize("gz", ["", ".gz"])
def test_txt_is_a_document_a_line(tmp_path, gz):
    text = "First one.\r\n\n   \nZweite Zeile, schön.\n  indented \nlast"
    path = write(tmp_path / f"a.txt{gz}", text)
    expected = ["First one.", "Zweite Zeile, schön.", "  indented ", "last"]
    assert texts_of(path) == expected
    assert len(FileTexts(path)) == 4
    assert not FileTexts(path).own_tokens


def test_only_newlines_end_a_line(tmp_path):
    path = write(tmp_path / "a.txt", "one\u2028still one\x0cstill\x85still\ntwo\n")
    assert texts_of(path) == ["one\u2028still one\x0cstill\x85still", "two"]


def test_byte_order_mark_is_no_text(tmp_path):
    path = write(tmp_path / "a.txt", "\ufeffone\n\ufefftwo\n")
    assert texts_of(path) == ["one", "\ufefftwo"]


@pytest.mark.parametrize("gz", ["", ".gz"])
def test_jsonl_keeps_empty_and_blank_texts(tmp_path, gz):
    texts = ["One\ntwo", "", "   ", "né"]
    lines = [json.dumps({"text": text, "meta": {"n": 1}}) for text in texts]
    path = write(tmp_path / f"a.jsonl{gz}", "\n\n".join(lines) + "\n")
    assert texts_of(path) == texts
    assert len(FileTexts(path)) == 4


def test_an_annotated_text_counts_once_and_only_if_accepted(tmp_path):
    records = [
        {"text": "one", "spans": [], "annotator": "a"},
        {"text": "two", "spans": [], "answer": "ignore"},
        {"text": "three", "spans": [], "answer": "reject"},
        {"text": "one", "spans": [{"start": 0}], "annotator": "b"},
        {"text": "three", "spans": [], "answer": "accept"},
        {"text": "four"},
        {"text": "four"},
        {"text": "five", "answer": "forty-two"},
        {"text": "one"},
    ]
    path = write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, records)))
    expected = ["one", "three", "four", "four", "five", "one"]
    assert texts_of(path) == expected
    assert len(FileTexts(path)) == len(expected)
    for skip in range(len(expected) + 1):
        assert texts_of(path, skip) == expected[skip:]


@pytest.mark.parametrize("gz", ["", ".gz"])
def test_spacy_keeps_tokens_and_drops_annotation(tmp_path, gz):
    vocab = spacy.blank("en").vocab
    words = ["NewYork", "-", "ish", "\n"]
    doc = Doc(vocab, words=words, spaces=[False, False, True, False])
    doc.ents = [Span(doc, 0, 1, label="PLACE_OF_THIS_TEST")]
    doc.user_data["x"] = 1
    unknown = Doc(vocab, words=["a", "b"])
    data = DocBin(store_user_data=True, docs=[doc, unknown]).to_bytes()
    path = write(tmp_path / f"a.spacy{gz}", data)
    found, without_spaces = read_texts(path, NLP)
    assert [t.text for t in found] == words
    assert found.text == doc.text
    assert not found.ents
    assert not found.user_data
    assert "PLACE_OF_THIS_TEST" not in NLP.vocab.strings
    assert without_spaces.has_unknown_spaces
    assert not found.has_unknown_spaces
    assert len(FileTexts(path)) == 2
    assert FileTexts(path).own_tokens


def test_folder_is_read_in_order_and_in_depth(tmp_path):
    write(tmp_path / "b.txt", "three\n")
    write(tmp_path / "a" / "z.jsonl", '{"text": "two"}\n')
    write(tmp_path / "a" / "c.txt.gz", "one\n")
    write(tmp_path / ".hidden" / "x.txt", "no\n")
    write(tmp_path / ".DS_Store", b"\xff")
    assert texts_of(tmp_path) == ["one", "two", "three"]
    assert len(FileTexts(tmp_path)) == 3


def test_a_part_of_the_documents_is_read(tmp_path):
    write(tmp_path / "a.txt", "1\n2\n3\n")
    write(tmp_path / "b.jsonl", '{"text": "4"}\n{"text": "5"}\n')
    for start in range(6):
        assert texts_of(tmp_path, start) == list("12345")[start:]
        for stop in range(6):
            assert texts_of(tmp_path, start, stop) == list("12345")[start:stop]


def test_hash_is_of_names_order_and_contents(tmp_path):
    for folder in ("x", "y"):
        write(tmp_path / folder / "a.txt", "1\n")
        write(tmp_path / folder / "b.txt", "2\n")
    assert FileTexts(tmp_path / "x").hash == FileTexts(tmp_path / "y").hash
    before = FileTexts(tmp_path / "x").hash
    write(tmp_path / "x" / ".seen", "")
    assert FileTexts(tmp_path / "x").hash == before
    write(tmp_path / "x" / "b.txt", "3\n")
    assert FileTexts(tmp_path / "x").hash != before
    # A single file may be moved, but not change what it is.
    one, two, other = (
        FileTexts(write(tmp_path / name, '{"text": "x"}\n')).hash
        for name in ("one.txt", "two.txt", "one.jsonl")
    )
    assert one == two != other


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", b"fine\n\nsch\xf6n\n", r"a\.txt:3.*UTF-8"),
        ("a.txt", "fünf".encode("utf-16"), r"a\.txt:1.*UTF-8"),
        ("a.jsonl", b'{"text": "a"}\n{"txt": "b"}\n', r'a\.jsonl:2.*{"txt": "b"}'),
        ("a.jsonl", b'{"text": 3}\n', r"a\.jsonl:1.*int"),
        ("a.jsonl", b'{"text": null}\n', r"a\.jsonl:1.*NoneType"),
        ("a.jsonl", b'["text"]\n', r"object.*a\.jsonl:1"),
        ("a.jsonl", b'\n{"text": "a"\n', r"a\.jsonl:2.*JSON|JSON.*a\.jsonl:2"),
        ("a.jsonl", b'{"text": "\\ud83d"}\n', r"a\.jsonl:1"),
        ("a.jsonl", b'{"text": "\xff"}\n', r"a\.jsonl:1.*UTF-8|UTF-8.*a\.jsonl:1"),
        ("a.txt", b"\n  \n", "found none"),
        ("a.txt", b"", "found none"),
        ("a.spacy", b"not a DocBin", r"a\.spacy"),
        ("a.spacy", DocBin().to_bytes()[:-4], r"a\.spacy"),
        ("a.spacy", DocBin().to_bytes(), "found none"),
        ("a.docx", b"", r"\.txt, \.jsonl or \.spacy.*a\.docx"),
        ("a", b"", r"\.txt, \.jsonl or \.spacy"),
        ("a.gz", b"", r"\.txt, \.jsonl or \.spacy"),
    ],
)
def test_errors_say_where(tmp_path, name, data, message):
    path = write(tmp_path / name, data)
    with pytest.raises(DistillError, match=message) as info:
        list(read_texts(path, NLP))
    assert "\n" not in str(info.value)


@pytest.mark.parametrize("name", ["a.txt.gz", "a.spacy.gz"])
@pytest.mark.parametrize("damage", ["cut", "plain"])
def test_damaged_gzip(tmp_path, name, damage):
    data = gzip.compress(b"one\ntwo\n" * 100)
    (tmp_path / name).write_bytes(data[:-12] if damage == "cut" else b"one\n")
    with pytest.raises(DistillError, match=name):
        list(read_texts(tmp_path / name, NLP))


def test_missing_path_and_empty_folder(tmp_path):
    with pytest.raises(DistillError, match="not there"):
        FileTexts(tmp_path / "nowhere")
    with pytest.raises(DistillError, match="found none"):
        len(FileTexts(tmp_path))


def test_unknown_file_in_a_folder_is_not_passed_over(tmp_path):
    write(tmp_path / "a.txt", "one\n")
    write(tmp_path / "README.md", "read me\n")
    with pytest.raises(DistillError, match=r"README\.md"):
        len(FileTexts(tmp_path))


COLUMN_FILE = "Ada NNP B-PER\nleft VBD O\n\n# O O\n7 CD O\n"


@pytest.mark.parametrize("name", ["a.txt", "a.conll", "a", "a.tsv.gz"])
def test_column_files_keep_their_tokens(tmp_path, name):
    texts = FileTexts(write(tmp_path / name, COLUMN_FILE))
    assert [[t.text for t in doc] for doc in texts.read(NLP)] == [
        ["Ada", "left"],
        ["#", "7"],
    ]
    assert not any(doc.has_annotation("ENT_IOB") for doc in texts.read(NLP))
    assert len(texts) == 2
    assert texts.own_tokens
    assert texts.has_columns
    assert texts.notes == [
        f"{name}: read as columns, words from column 1 of 3, tags left out"
    ]
    assert [doc.text for doc in texts.read(NLP, 1)] == ["# 7"]


def test_column_and_spacy_files_may_be_in_one_folder(tmp_path):
    write(tmp_path / "a.conll", COLUMN_FILE)
    write(tmp_path / "b.spacy", DocBin(docs=[NLP("Bo left")]).to_bytes())
    assert FileTexts(tmp_path).own_tokens
    assert texts_of(tmp_path) == ["Ada left", "# 7", "Bo left"]


def test_columns_that_are_named_make_a_column_file(tmp_path):
    path = write(tmp_path / "a.txt", "Ada\nleft\nPorto\n\nBo\nstayed\n")
    assert texts_of(path) == ["Ada", "left", "Porto", "Bo", "stayed"]
    texts = FileTexts(path, word_column=1)
    assert [doc.text for doc in texts.read(NLP)] == ["Ada left Porto", "Bo stayed"]
    path = write(tmp_path / "b.txt", "1 NNP Ada\n2 VBD left\n\n" * 3)
    texts = FileTexts(path, word_column=3)
    assert [doc.text for doc in texts.read(NLP)] == ["Ada left"] * 3
    # Prose beside a gold file for which a column was named.
    path = write(tmp_path / "c.txt", "Ada left Porto .\n\nBo stayed .\nIt rained .\n")
    texts = FileTexts(path, word_column=3, tag_column=4)
    assert len(list(texts.read(NLP))) == 3


def test_markup_is_a_sentence_a_line_without_headings(tmp_path):
    write(tmp_path / "a.txt", "# x/a\n\nA \\[bell\\] rang.\nAda left.\n")
    write(tmp_path / "b.txt", "# just text\nBo left.\n")
    texts = FileTexts(tmp_path)
    assert [doc.text for doc in texts.read(NLP)] == [
        *["A [bell] rang.", "Ada left.", "# just text", "Bo left."],
    ]
    assert not texts.own_tokens
    assert texts.notes == [
        "a.txt: read as mark-up, a sentence each line, headings left out",
        "b.txt: read as plain text, a document each line",
    ]
    write(tmp_path / "c.txt", "# x/c\n[Ada](PER) left.\n")
    with pytest.raises(DistillError, match=r"c\.txt:2: expected unlabelled text"):
        texts_of(tmp_path)


def test_text_and_tokens_do_not_mix(tmp_path):
    write(tmp_path / "a.txt", "one\n")
    docs = [Doc(NLP.vocab, words=["a"])]
    write(tmp_path / "b.spacy", DocBin(docs=docs).to_bytes())
    with pytest.raises(DistillError, match="two folders"):
        _ = FileTexts(tmp_path).own_tokens


def test_document_beyond_max_length(tmp_path):
    nlp = spacy.blank("en")
    nlp.max_length = 10
    path = write(tmp_path / "a.txt", "short\nthis is longer\n")
    with pytest.raises(DistillError, match=r"10 characters.*a\.txt:2, got 14"):
        list(read_texts(path, nlp))


@settings(
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(texts=st.lists(st.text(), min_size=1, max_size=4))
def test_jsonl_round_trip(tmp_path, texts):
    lines = [json.dumps({"text": text}) for text in texts]
    path = write(tmp_path / "a.jsonl", "\n".join(lines))
    assert texts_of(path) == texts


@settings(
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    files=st.lists(
        st.tuples(
            st.sampled_from(["txt", "jsonl"]),
            st.booleans(),
            # Sentences, which are no columns; a line end is none of theirs.
            st.lists(
                st.text("abcXYZ\u00e9 .,[]()", min_size=1, max_size=9).map(
                    "In {}!".format
                )
            ),
        ),
        max_size=4,
    )
)
def test_a_folder_gives_the_texts_of_its_files(tmp_path, files):
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    expected = []
    for number, (ending, compressed, texts) in enumerate(files):
        lines = [json.dumps({"text": t}) for t in texts] if ending == "jsonl" else texts
        name = f"{number}.{ending}{'.gz' if compressed else ''}"
        write(folder / name, "".join(line + "\n" for line in lines))
        expected += texts
    if not expected:
        with pytest.raises(DistillError, match="found none"):
            texts_of(folder)
        return
    assert texts_of(folder) == expected
    assert len(FileTexts(folder)) == len(expected)


@settings(
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.binary(max_size=60), ending=st.sampled_from(["txt", "jsonl", "spacy"]))
def test_any_bytes_are_read_or_refused_in_one_line(tmp_path, data, ending):
    path = write(tmp_path / f"a.{ending}", data)
    told = None
    try:
        assert len(FileTexts(path)) == len(texts_of(path))
    except DistillError as error:
        told = str(error)
    assert told is None or str(path) in told


def test_texts_in_memory():
    texts = MemoryTexts(text for text in ["one", "", "two words"])
    assert len(texts) == 3
    assert not texts.own_tokens
    assert [doc.text for doc in texts.read(NLP)] == ["one", "", "two words"]
    assert [doc.text for doc in texts.read(NLP, 1, 2)] == [""]
    assert texts.hash == MemoryTexts(["one", "", "two words"]).hash
    assert texts.hash != MemoryTexts(["one", "two words", ""]).hash
    assert texts.hash != MemoryTexts(["one", "", "two", "words"]).hash


def test_docs_in_memory():
    other = spacy.blank("de")
    doc = Doc(other.vocab, words=["New York", "is", "here"], spaces=[True, True, False])
    doc.ents = [Span(doc, 0, 1, label="LOC")]
    unknown = Doc(other.vocab, words=["no", "spaces"])
    texts = MemoryTexts([doc, unknown])
    assert texts.own_tokens
    found = list(texts.read(NLP))
    assert [[t.text for t in doc] for doc in found] == [
        ["New York", "is", "here"],
        ["no", "spaces"],
    ]
    assert [doc.has_unknown_spaces for doc in found] == [False, True]
    assert not found[0].ents
    assert found[0].vocab is NLP.vocab
    # Tokens count, not the text alone.
    split = Doc(other.vocab, words=["New", "York", "is", "here"])
    assert MemoryTexts([split, unknown]).hash != texts.hash


@pytest.mark.parametrize(
    ("documents", "found"),
    [([], "nothing"), ([1], "int"), (["text", NLP("doc")], "Doc, str")],
)
def test_texts_in_memory_are_of_one_kind(documents, found):
    with pytest.raises(DistillError, match=f"Expected texts .*got {found}: give"):
        MemoryTexts(documents)


def test_anything_that_has_texts(tmp_path):
    path = write(tmp_path / "a.txt", "one\n")
    for source in (
        path,
        str(path),
        ["one"],
        (t for t in ["one"]),
        MemoryTexts(["one"]),
    ):
        assert [doc.text for doc in as_texts(source).read(NLP)] == ["one"]
