"""CoNLL-U: ten columns, words of several parts, spaces, tags in MISC."""

import pytest
from spacy.vocab import Vocab

from spacy_distill.corpora.columns import read_columns
from spacy_distill.errors import DistillError


def row(number, word, misc="_", *more):
    return "\t".join([number, word, *["_"] * 7, misc, *more]) + "\n"


def read(tmp_path, text, **options):
    path = tmp_path / "x.conllu"
    path.write_text(text, encoding="utf-8")
    return read_columns(path, Vocab(), **options)


def entities(file):
    return [[(e.text, e.label_) for e in s.doc.ents] for s in file.sentences]


SENTENCE = [
    ("1", "Mira", "NE=B-PER"),
    ("2", "sails", "SpaceAfter=No|NE=O"),
    ("3", ".", "SpaceAfter=No"),
]


@pytest.mark.parametrize("key", ["NE", "NER", "Entity", "ner"])
def test_tags_may_be_pairs_in_misc(tmp_path, key):
    rows = "".join(row(n, w, m.replace("NE=", f"{key}=")) for n, w, m in SENTENCE)
    text = f"# newdoc id = a\n# sent_id = 1\n# text = Mira sails.\n{rows}\n"
    file = read(tmp_path, text + text)
    assert [s.doc.text for s in file.sentences] == ["Mira sails."] * 2
    assert [s.document for s in file.sentences] == [0, 1]
    assert entities(file) == [[("Mira", "PER")]] * 2
    assert file.notes == (
        f"words from column 2, tags from {key}= in column 10 of 10 (IOB2)",
    )


def test_tags_may_be_in_misc_itself_or_in_a_column_more(tmp_path):
    tags = ["B-PER", "_", "_"]
    rows = [row(n, w, tag) for (n, w, _), tag in zip(SENTENCE, tags)]
    assert entities(read(tmp_path, "".join(rows))) == [[("Mira", "PER")]]
    rows = [row(n, w, "_", tag) for (n, w, _), tag in zip(SENTENCE, tags)]
    file = read(tmp_path, "".join(rows))
    assert entities(file) == [[("Mira", "PER")]]
    assert file.notes == ("words from column 2, tags from column 11 of 11 (IOB2)",)


def test_spaces_are_those_of_the_text_or_of_misc(tmp_path):
    words = [("1", "Mira", "NE=B-PER"), ("2", "sails", "_"), ("3", ".", "_")]
    rows = "".join(row(*word) for word in words)
    stated = "".join(row(*word) for word in SENTENCE)
    for text, expected in (
        ("# text = Mira sails.\n" + rows, "Mira sails."),
        ("# text = Mira \u00a0sails .\n" + rows, "Mira sails ."),
        (stated, "Mira sails."),
        # A text with other words does not say where spaces are.
        ("# text = Mira sailed.\n" + stated, "Mira sails."),
        ("# text = Mira sailed.\n" + rows, "Mira sails ."),
        (rows, "Mira sails ."),
    ):
        (sentence,) = read(tmp_path, text).sentences
        assert sentence.doc.text == expected
        assert len(sentence.doc) == 3


def test_words_are_those_of_the_text(tmp_path):
    text = (
        "# text = Vine del Porto.\n"
        + row("1", "Vine", "NE=O")
        + row("2-3", "del", "_")
        + row("2", "de", "NE=O")
        + row("3", "el", "NE=B-LOC")
        + row("3.1", "vino", "_")
        + row("4", "Porto", "NE=I-LOC|SpaceAfter=No")
        + row("5", ".", "NE=O")
    )
    file = read(tmp_path, text)
    (sentence,) = file.sentences
    assert [t.text for t in sentence.doc] == ["Vine", "del", "Porto", "."]
    assert sentence.doc.text == "Vine del Porto."
    assert entities(file) == [[("Porto", "LOC")]]
    assert file.notes[1:] == (
        "1 entities that begin or end within a word trimmed to whole words, first"
        " 'el Porto' in line 5",
    )


def test_entities_and_the_parts_of_words(tmp_path):
    text = (
        row("1-2", "Adas")
        + row("1", "Ada", "NE=B-PER")
        + row("2", "is", "NE=I-PER")
        + row("3-4", "dellos")
        + row("3", "de", "NE=O")
        + row("4", "ellos", "NE=B-PER")
        # The tag of the whole word, whose parts have none.
        + row("5-6", "Braga's", "NE=B-LOC")
        + row("5", "Braga")
        + row("6", "'s")
        + row("7", "fair", "NE=I-LOC")
    )
    file = read(tmp_path, text)
    assert entities(file) == [[("Adas", "PER"), ("Braga's fair", "LOC")]]
    assert file.notes[1:] == (
        "1 entities that begin or end within a word dropped, first 'ellos' in line 6",
    )


def test_without_tags_it_is_unlabelled_text(tmp_path):
    text = "# text = It rained.\n" + "".join(
        [row("1", "It"), row("2", "rained", "SpaceAfter=No"), row("3", ".")]
    )
    with pytest.raises(DistillError, match="expected a column of entity tags .* none"):
        read(tmp_path, text)
    (sentence,) = read(tmp_path, text, tags=False).sentences
    assert sentence.doc.text == "It rained."


def test_brackets_of_coreference_are_no_tags(tmp_path):
    text = row("1", "Mira", "Entity=(e1-person") + row("2", "Lowe", "Entity=e1)")
    with pytest.raises(DistillError, match="expected a column of entity tags"):
        read(tmp_path, text)
