import pytest
from spacy.vocab import Vocab

from spacy_distill.corpora.columns import read_columns
from spacy_distill.errors import DistillError

FOUR_COLUMNS = """-DOCSTART- -X- -X- O

Ada NNP I-NP I-PER
Lowe NNP I-NP I-PER
saw VBD I-VP O
Porto NNP I-NP I-LOC
. . O O

It PRP I-NP O
rained VBD I-VP O

-DOCSTART- -X- -X- O

Braga NNP I-NP I-ORG
"""


def write(tmp_path, text):
    path = tmp_path / "eng.train"
    path.write_text(text, encoding="utf-8")
    return path


def test_four_columns(tmp_path):
    found, notes = read_columns(write(tmp_path, FOUR_COLUMNS), Vocab())
    assert [s.document for s in found] == [0, 0, 1]
    assert [s.doc.text for s in found] == ["Ada Lowe saw Porto .", "It rained", "Braga"]
    assert [[(e.text, e.label_) for e in s.doc.ents] for s in found] == [
        [("Ada Lowe", "PER"), ("Porto", "LOC")],
        [],
        [("Braga", "ORG")],
    ]
    assert [t.ent_iob_ for t in found[1].doc] == ["O", "O"]
    assert notes == ("words from column 1, tags from column 4 of 4 (IOB1)",)


def test_two_columns_with_tabs_and_no_blank_line_at_the_end(tmp_path):
    text = "\u96ea0\tB-PER.NAM\n\u5b501\tI-PER.NAM\n\u3000\tO\n\n\u597d0  \tO"
    found = read_columns(write(tmp_path, text), Vocab()).sentences
    assert [[t.text for t in s.doc] for s in found] == [
        ["\u96ea0", "\u5b501", "\u3000"],
        ["\u597d0"],
    ]
    assert [e.label_ for e in found[0].doc.ents] == ["PER.NAM"]
    assert [s.document for s in found] == [0, 0]


def test_a_scheme_can_be_given(tmp_path):
    path = write(tmp_path, "Ada B-PER\n\nBen B-PER\n\nPorto I-LOC\n")
    with pytest.raises(DistillError, match=r"eng\.train:5: expected 'B-LOC'"):
        read_columns(path, Vocab(), strict=True)
    assert len(read_columns(path, Vocab(), scheme="IOB1", strict=True).sentences) == 3
    with pytest.raises(DistillError, match=r"eng\.train:5: .*IOB2 allows"):
        read_columns(path, Vocab(), scheme="BIO", strict=True)


@pytest.mark.parametrize(
    ("text", "scheme", "entities", "note"),
    [
        (
            "Ada B-PER\nLowe I-PER\nof O\nPorto I-LOC\nand O\nBen B-PER\n",
            "IOB2",
            [("Ada Lowe", "PER"), ("Porto", "LOC"), ("Ben", "PER")],
            "repaired 1 tags that IOB2 does not allow in their place, first 'I-LOC' of"
            " 'Porto' in line 4",
        ),
        (
            "Ada B-PER\nLowe M-PER\n\nBen S-PER\nof O\nBraga E-ORG\nFair M-ORG\n"
            "Porto B-LOC\nLima S-LOC\n",
            "BILUO, written as BMES",
            [
                *[("Ada Lowe", "PER"), ("Ben", "PER"), ("Braga", "ORG")],
                *[("Fair", "ORG"), ("Porto", "LOC"), ("Lima", "LOC")],
            ],
            "repaired 4 tags that BILUO does not allow in their place, first 'M-PER' of"
            " 'Lowe' in line 2",
        ),
    ],
)
def test_tags_in_the_wrong_place_are_repaired_and_counted(
    tmp_path, text, scheme, entities, note
):
    found, notes = read_columns(write(tmp_path, text), Vocab())
    assert [(e.text, e.label_) for s in found for e in s.doc.ents] == entities
    assert notes == (f"words from column 1, tags from column 2 of 2 ({scheme})", note)
    with pytest.raises(DistillError, match=r"eng\.train:\d+: expected"):
        read_columns(tmp_path / "eng.train", Vocab(), strict=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Ada NNP I-PER\nLowe I-PER\n", r":2: expected 3 columns.*got 2 in 'Lowe I"),
        ("Ada I-PER\nLowe\n", r":2: expected 2 columns.*got 1 in 'Lowe'"),
        ("\n\nAda\n", r":3: expected 2 or more columns.*got 1"),
        ("Ada X-PER\n", r": expected a column of entity tags .*column 2 \('X-PER'\)"),
        ("\n-DOCSTART- -X- O\n\n", r":1: .*got no sentence"),
        ("", r":1: .*got no sentence"),
    ],
)
def test_a_fault_names_file_and_line(tmp_path, text, message):
    with pytest.raises(DistillError, match=r"eng\.train" + message):
        read_columns(write(tmp_path, text), Vocab())


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "eng.train"
    path.write_bytes(b"Ada O\nCaf\xe9 O\n")
    with pytest.raises(DistillError, match=r"eng\.train:2: expected UTF-8"):
        read_columns(path, Vocab())
