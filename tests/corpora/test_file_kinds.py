import gzip

import pytest

from spacy_distill.corpora.file_kinds import (
    COLUMNS,
    JSONL,
    MARKUP,
    SPACY,
    TEXT,
    UNKNOWN,
    file_kind,
    files_in,
    join_notes,
)

COLUMN_FILE = "-DOCSTART- -X- O\n\nMira NNP B-PER\nsails VBZ O\n"
MARKUP_FILE = "\n# news/a\n\n[Mira](PER) sails.\n"
TEXT_FILE = "The tram stopped.\n\nMira left [the town](https://example.org).\n"


@pytest.mark.parametrize("gz", ["", ".gz"])
@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        *[(name, COLUMN_FILE, COLUMNS) for name in ("a.txt", "train", "a.tsv", "a.b")],
        # With a heading as if it were mark-up.
        ("a.txt", "# news/a\n\n" + COLUMN_FILE, COLUMNS),
        # With a fault, which its reader tells.
        ("a.txt", COLUMN_FILE * 4 + "to\n", COLUMNS),
        ("a.conll", "Hello O\n", COLUMNS),
        # A single line may be any text.
        ("a.txt", "Hello O\n", TEXT),
        *[(name, MARKUP_FILE, MARKUP) for name in ("a.txt", "a.md")],
        ("a.txt", TEXT_FILE, TEXT),
        ("a.txt", "# Notes of a journey\n\nMira left.\n", TEXT),
        ("a.txt", "", TEXT),
        ("a.txt", "Vitamin E\nVitamin B\nVitamin K\n", TEXT),
        ("a.md", TEXT_FILE, UNKNOWN),
        ("a", "", UNKNOWN),
        ("a.jsonl", COLUMN_FILE, JSONL),
        ("a.spacy", COLUMN_FILE, SPACY),
    ],
)
def test_the_content_decides_where_the_name_does_not(tmp_path, name, text, kind, gz):
    data = text.encode("utf-8")
    path = tmp_path / f"{name}{gz}"
    path.write_bytes(gzip.compress(data) if gz else data)
    assert file_kind(path) == kind


def test_compressed_files_may_have_any_name(tmp_path):
    path = tmp_path / "train.txt"
    path.write_bytes(gzip.compress(COLUMN_FILE.encode("utf-8")))
    assert file_kind(path) == COLUMNS


def test_files_of_a_folder_are_sorted_and_hidden_ones_are_none(tmp_path):
    for name in ("b.txt", "a/z.txt", "a/c.txt", ".hidden/x.txt", ".DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = ["a/c.txt", "a/z.txt", "b.txt"]
    assert files_in(tmp_path) == [tmp_path / name for name in names]
    assert files_in(tmp_path / "b.txt") == [tmp_path / "b.txt"]
    assert files_in(tmp_path / "nowhere") == []


def test_equal_notes_are_one_line(tmp_path):
    names = ("a.txt", "b.txt", "c.txt")
    a, b, c = (tmp_path / name for name in names)
    notes = [(a, "mark-up"), (a, "2 dropped"), (b, "columns"), (c, "mark-up")]
    assert join_notes(notes) == [
        "a.txt and 1 more: mark-up",
        "a.txt: 2 dropped",
        "b.txt: columns",
    ]
