import gzip
import json

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span

from spacy_distill.corpora.sources import read_gold_source, read_unlabelled_source
from spacy_distill.errors import DistillError

LABELS = ("PER", "LOC")


@pytest.fixture(scope="module")
def nlp():
    return spacy.blank("en")


@pytest.fixture
def sources(tmp_path, nlp):
    """The same sentence in the three forms."""
    marked = tmp_path / "marked"
    marked.mkdir()
    (marked / "a.txt").write_text("# x/a\n[Ada](PER) left.\n", encoding="utf-8")
    (tmp_path / "columns").write_text("Ada I-PER\nleft O\n. O\n", encoding="utf-8")
    doc = Doc(nlp.vocab, words=["Ada", "left", "."], spaces=[True, False, False])
    doc.set_ents([doc.char_span(0, 3, label="PER")])
    DocBin(docs=[doc]).to_disk(tmp_path / "docs.spacy")
    return [marked, tmp_path / "columns", tmp_path / "docs.spacy"]


def test_all_forms_say_the_same(sources, nlp):
    for path in sources:
        (sentence,) = read_gold_source(path, nlp, labels=LABELS)
        assert [t.text for t in sentence.doc] == ["Ada", "left", "."]
        assert [(e.text, e.label_) for e in sentence.doc.ents] == [("Ada", "PER")]
        assert sentence.doc.vocab is nlp.vocab
    marked, columns, docs = (read_gold_source(path, nlp)[0] for path in sources)
    assert (marked.topic, marked.register) == ("x/a", "x")
    assert columns.topic is docs.topic is docs.register is None


def test_a_label_that_is_not_allowed_is_refused_in_all_forms(sources, nlp):
    for path in sources:
        with pytest.raises(DistillError, match="one of the labels LOC, got 'PER'"):
            read_gold_source(path, nlp, labels=["LOC"])


def test_unlabelled_text_loses_its_annotation(sources, nlp):
    for path in sources[1:]:
        (sentence,) = read_unlabelled_source(path, nlp)
        assert [t.text for t in sentence.doc] == ["Ada", "left", "."]
        assert not sentence.doc.has_annotation("ENT_IOB")
    with pytest.raises(DistillError, match=r"a\.txt:2: expected unlabelled text"):
        read_unlabelled_source(sources[0], nlp)


def test_unlabelled_text_may_be_jsonl(tmp_path, nlp):
    path = tmp_path / "texts.jsonl"
    path.write_text('{"text": "Ada left."}\n{"text": "Bo stayed."}\n', encoding="utf8")
    sentences = read_unlabelled_source(path, nlp)
    assert [s.doc.text for s in sentences] == ["Ada left.", "Bo stayed."]
    assert [s.document for s in sentences] == [0, 1]


def test_gold_needs_annotation(tmp_path, nlp):
    path = tmp_path / "docs.spacy"
    DocBin(docs=[nlp.make_doc("No entities known.")]).to_disk(path)
    with pytest.raises(DistillError, match="expected entity annotation .* in Doc 1"):
        read_gold_source(path, nlp)


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = data if isinstance(data, bytes) else data.encode("utf-8")
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def spacy_bytes(nlp, text, entities):
    doc = nlp.make_doc(text)
    doc.ents = [Span(doc, start, end, label="LOC") for start, end in entities]
    return DocBin(docs=[doc]).to_bytes()


COLUMN_FILE = "Ada B-PER\nleft O\n\nBo B-PER\nstayed O\n"
MARKUP_FILE = "# x/a\n[Ada](PER) left.\n"


@pytest.mark.parametrize("gz", ["", ".gz"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        *[(name, COLUMN_FILE) for name in ("train.txt", "train", "train.tsv", "a.bio")],
        ("a.txt", MARKUP_FILE),
        ("a.md", MARKUP_FILE),
        ("a.json", '[["Ada left", {"entities": [[0, 3, "PER"]]}]]'),
    ],
)
def test_gold_is_told_by_its_content(tmp_path, nlp, name, text, gz):
    source = read_gold_source(write(tmp_path / f"{name}{gz}", text), nlp)
    assert [(e.text, e.label_) for e in source[0].doc.ents] == [("Ada", "PER")]
    (note,) = source.notes
    kind = {"A": "columns, words from column 1", "#": "mark-up", "[": "annotated text"}
    assert note.startswith(f"{name}{gz}: {kind[text[0]]}")
    assert source.own_tokens == source.has_columns == (text[0] == "A")


def test_a_folder_of_gold_may_have_any_files(tmp_path, nlp):
    folder = tmp_path / "gold"
    write(folder / "a.txt", "# x/a\n[Ada](PER) left.\n\n# x/b\n[Bo](PER) left.\n")
    write(folder / "b.conll", COLUMN_FILE)
    write(folder / "c.spacy", spacy_bytes(nlp, "Porto slept", [(0, 1)]))
    write(folder / "README.md", "# What this is\n\nA [link](https://example.org).\n")
    source = read_gold_source(folder, nlp)
    assert [s.doc.text for s in source] == [
        *["Ada left.", "Bo left.", "Ada left", "Bo stayed", "Porto slept"],
    ]
    assert [s.document for s in source] == [0, 1, 2, 2, 3]
    assert [s.topic for s in source] == ["x/a", "x/b", None, None, None]
    assert source.notes == (
        "README.md: not read",
        "a.txt: mark-up",
        "b.conll: columns, words from column 1, tags from column 2 of 2 (IOB2)",
        "c.spacy: .spacy file",
    )
    assert source.own_tokens
    assert source.has_columns
    write(folder / "d.txt", "# x/a\n[Ada](PER) left.\n")
    with pytest.raises(DistillError, match=r"d\.txt:1: .*first in .*a\.txt:1"):
        read_gold_source(folder, nlp)


@pytest.mark.parametrize(
    ("spans", "entities", "trimmed"),
    [
        # tokens: They met in Graz \n on Friday \n\n
        ([(3, 5)], ["Graz"], (1, 0)),
        ([(3, 4), (7, 8)], ["Graz"], (0, 1)),
        ([(3, 5), (6, 8)], ["Graz", "Friday"], (2, 0)),
        ([(3, 4)], ["Graz"], (0, 0)),
        ([(3, 7)], ["Graz\non Friday"], (0, 0)),
    ],
)
def test_whitespace_is_trimmed_from_entities(tmp_path, nlp, spans, entities, trimmed):
    text = "They met in Graz\non Friday\n\n"
    path = write(tmp_path / "a.spacy", spacy_bytes(nlp, text, spans))
    source = read_gold_source(path, nlp)
    assert [e.text for e in source[0].doc.ents] == entities
    assert source.trimmed == trimmed
    assert source[0].doc.text == text
    assert all(token.ent_iob_ != "" for token in source[0].doc)


def test_whitespace_is_trimmed_in_columns_and_annotated_text(tmp_path, nlp):
    text = "in\tO\n\u00a0\tB-LOC\nGraz\tI-LOC\n\u3000\tI-LOC\n\u00a0\tB-LOC\n"
    source = read_gold_source(write(tmp_path / "a.tsv", text), nlp)
    assert [e.text for e in source[0].doc.ents] == ["Graz"]
    assert [t.ent_iob_ for t in source[0].doc] == ["O", "O", "B", "O", "O"]
    assert source.trimmed == (1, 1)
    record = {"text": "In Graz .", "spans": [{"start": 2, "end": 8, "label": "LOC"}]}
    source = read_gold_source(write(tmp_path / "a.jsonl", json.dumps(record)), nlp)
    assert [e.text for e in source[0].doc.ents] == ["Graz"]
    assert source.trimmed == (1, 0)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "# x/a\nAda left.\n"),
        ("a.conll", "Ada O\nleft O\n"),
        ("a.jsonl", '{"text": "Ada left", "spans": []}\n'),
        # Whitespace alone.
        ("a.tsv", "Ada\tO\n\u00a0\tB-PER\n"),
    ],
)
def test_gold_without_entities_is_refused(tmp_path, nlp, name, text):
    path = write(tmp_path / name, text)
    with pytest.raises(DistillError, match=f"Expected entities or .*{name}, got none"):
        read_gold_source(path, nlp)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", "Ada left.\nBo stayed.\n", r"which begins with 'Ada left\.'"),
        ("a.txt", "[Ada](PER) left.\n", r"a\.txt:1: expected a heading"),
        ("a.txt", "# X/a\n[Ada](PER) left.\n", r"a\.txt:1: expected a heading"),
        ("a.txt", "", r"a\.txt, got an empty file"),
        ("a.conll", " \n\n", r"a\.conll, got an empty file"),
        ("a.spacy", DocBin().to_bytes(), r"a\.spacy, got none"),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff", r"a\.png, got a binary one"),
        ("a", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff", r"/a, got a binary one"),
        ("a.conll", "Ada\u00e9 O\nl O\n".encode("latin-1"), r"a\.conll:1: .*UTF-8"),
        ("a.tsv", "Ada\tNNP\nleft\tVBD\n", r"a\.tsv: expected a column of entity tags"),
        ("a.csv", "Ada,B-PER\n", r"a\.csv, which begins with 'Ada,B-PER'"),
    ],
)
def test_what_is_no_gold_is_refused_in_one_line(tmp_path, nlp, name, data, message):
    with pytest.raises(DistillError, match=message) as info:
        read_gold_source(write(tmp_path / name, data), nlp)
    assert "\n" not in str(info.value)


def test_labels_to_allow_are_named(tmp_path, nlp):
    path = write(tmp_path / "a", "Ada B-person\nin O\nPorto B-place\n")
    with pytest.raises(DistillError, match=r"got 'person' .*--labels person,place\."):
        read_gold_source(path, nlp, labels=LABELS)
    assert read_gold_source(path, nlp, labels=["person", "place"])


def test_columns_that_are_named_make_a_column_file(tmp_path, nlp):
    path = write(tmp_path / "a.txt", "1 NNP Ada PER-S\n")
    source = read_gold_source(path, nlp, word_column=3, tag_column=-1)
    assert [(e.text, e.label_) for e in source[0].doc.ents] == [("Ada", "PER")]


@pytest.mark.parametrize("gz", ["", ".gz"])
@pytest.mark.parametrize(
    ("name", "text", "texts", "own_tokens", "note"),
    [
        (
            *("a.txt", "Ada left.\n\nBo [stayed](x).\n"),
            *(["Ada left.", "Bo [stayed](x)."], False),
            "read as plain text, a document each line",
        ),
        (
            *("a.txt", "# x/a\nAda left.\n\n# x/b\nBo stayed.\n"),
            *(["Ada left.", "Bo stayed."], False),
            "read as mark-up, a sentence each line, headings left out",
        ),
        (
            *("a.txt", COLUMN_FILE, ["Ada left", "Bo stayed"], True),
            "read as columns, words from column 1 of 2, tags left out",
        ),
        *[
            (
                *(name, "Ada B-PER\nleft I-PER\n\nBo I-LOC\n", ["Ada left", "Bo"]),
                *(True, "read as columns, words from column 1 of 2, tags left out"),
            )
            for name in ("a", "a.tsv")
        ],
        ("a.jsonl", '{"text": "Ada left."}\n', ["Ada left."], False, None),
        (
            *("a.jsonl", '{"tokens": ["Ada", "left"], "ner_tags": ["O", "O"]}\n'),
            *(["Ada left"], True, None),
        ),
    ],
)
def test_unlabelled_text_may_be_of_any_kind(
    tmp_path, nlp, name, text, texts, own_tokens, note, gz
):
    for path in (tmp_path / f"{name}{gz}", tmp_path / "folder" / f"{name}{gz}"):
        write(path, text)
        given = path if path.parent == tmp_path else path.parent
        source = read_unlabelled_source(given, nlp)
        assert [s.doc.text for s in source] == texts
        assert not any(s.doc.has_annotation("ENT_IOB") for s in source)
        assert source.own_tokens == own_tokens
        assert source.notes == ((f"{name}{gz}: {note}",) if note else ())


def test_documents_are_counted_over_the_files_of_a_folder(tmp_path, nlp):
    write(tmp_path / "a.txt", "# x/a\nA.\nB.\n\n# x/b\nC.\n")
    write(tmp_path / "b.txt", "D.\nE.\n")
    write(tmp_path / "c.jsonl", '{"text": "F."}\n')
    source = read_unlabelled_source(tmp_path, nlp)
    assert [s.doc.text for s in source] == ["A.", "B.", "C.", "D.", "E.", "F."]
    assert [s.document for s in source] == [0, 0, 1, 2, 3, 4]
    assert [s.topic for s in source] == ["x/a", "x/a", "x/b", None, None, None]


def test_missing_and_broken_sources_are_refused(tmp_path, nlp):
    for read in (read_gold_source, read_unlabelled_source):
        with pytest.raises(DistillError, match="Expected a file or folder of .*nope"):
            read(tmp_path / "nope", nlp)
        (tmp_path / "bad.spacy").write_bytes(b"not a DocBin")
        with pytest.raises(DistillError, match=r"bad\.spacy"):
            read(tmp_path / "bad.spacy", nlp)
