import pytest
from hypothesis import given
from hypothesis import strategies as st
from tag_renderings import label_sets, spellings

from spacy_distill.corpora.tag_spellings import (
    OUTSIDE,
    Tag,
    fold,
    read_tag_set,
    similar_labels,
)


@given(
    labels=label_sets,
    spelling=spellings(),
    outside=st.sampled_from(["O", "o", "OUT", "Outside"]),
    plain=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_any_labels_in_any_spelling(labels, spelling, outside, plain, order):
    write, prefixes = spelling
    expected = {
        write(prefix, label): (prefix, label) for label in labels for prefix in prefixes
    }
    names = [*expected, outside]
    order.shuffle(names)
    found = read_tag_set(names, plain=plain)
    assert found.tags.pop(outside) == OUTSIDE
    read = {name: (tag.prefix, tag.label) for name, tag in found.tags.items()}
    assert read == expected
    assert (found.strays, found.certain, found.one_family) == ((), True, True)


@given(labels=label_sets)
def test_labels_without_prefixes(labels):
    # "B0" and "I0" are 0 without a separator.
    found = read_tag_set(["O", *(f"x{label}" for label in labels)], plain=True)
    assert found.spelling is None
    assert found.labels == tuple(f"x{label}" for label in labels)
    assert {tag.letter for tag in found.tags.values()} == {"I", "O"}


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        # Separators, and what looks like a prefix, are part of the label.
        ("O B-date-time I-date-time B-ORG_X I-ORG_X", ["date-time", "ORG_X"]),
        ("O B-PER.NAM I-PER.NAM B-PER.NOM I-PER.NOM", ["PER.NAM", "PER.NOM"]),
        ("O B-E-MAIL I-E-MAIL B-ORG-S I-ORG-S", ["E-MAIL", "ORG-S"]),
        ("O B-TYPE_B I-TYPE_B B-TYPE_I I-TYPE_I", ["TYPE_B", "TYPE_I"]),
        ("O E-MAIL-B E-MAIL-I S-BAHN-B S-BAHN-I", ["E-MAIL", "S-BAHN"]),
        ("O BPER IPER BBOOK IBOOK", ["PER", "BOOK"]),
        ("O B-X I-X", ["X"]),
        # O with a prefix.
        ("B-O I-O B-PER I-PER", ["PER"]),
        ("B_o i_o B_PER I_PER", ["PER"]),
        ("O-B O-I PER-B PER-I", ["PER"]),
        # An unfinished set, as in a short file.
        ("B-PER O", ["PER"]),
        ("I-PER O", ["PER"]),
    ],
)
@pytest.mark.parametrize("plain", [True, False])
def test_labels_are_kept_whole(names, labels, plain):
    found = read_tag_set(names.split(), plain=plain)
    assert list(found.labels) == labels
    assert not found.strays
    assert found.certain


def test_spaces():
    found = read_tag_set(["O ", "B PER\n", " I PER"], plain=True)
    assert [tag.biluo for tag in found.tags.values()] == ["O", "B-PER", "I-PER"]


@pytest.mark.parametrize(
    "names",
    [
        "E-MAIL S-BAHN O",
        "B_cell T_cell gene O",
        "b-cell t-cell O",
        "BEGIN_DATE END_DATE OUTCOME O",
        "VITAMIN_B VITAMIN_C O",
        "BOOK ISBN O",
        "LOC PER O",
    ],
)
def test_labels_that_look_like_prefixed_ones(names):
    names = names.split()
    found = read_tag_set(names, plain=True)
    assert found.spelling is None
    assert list(found.labels) == names[:-1]
    assert found.certain


@pytest.mark.parametrize(
    ("names", "reading"),
    [
        ("B_cell O", Tag("B", "cell")),
        ("PLAN-B O", Tag("B", "PLAN")),
        ("IN_TRANSIT O", Tag("I", "TRANSIT")),
        ("b-per o", Tag("B", "per")),
    ],
)
def test_a_name_that_may_be_either(names, reading):
    names = names.split()
    assert not read_tag_set(names, plain=True).certain
    assert read_tag_set(names, plain=True).tags[names[0]] == reading
    # Where there are no labels without prefixes, there is no doubt what is meant.
    assert read_tag_set(names, plain=False).tags[names[0]] == reading


@pytest.mark.parametrize(
    ("names", "strays"),
    [
        ("O B-PER I-PER LOC", ["LOC"]),
        ("O B-PER I-PER B-ORG B_LOC I_LOC", ["B_LOC", "I_LOC"]),
        ("O b_per i_per LOC-B", ["LOC-B"]),
        ("O B-PER I-PER X", ["X"]),
        ("O B-PER I-", ["I-"]),
    ],
)
@pytest.mark.parametrize("plain", [True, False])
def test_names_of_another_spelling_are_strays(names, strays, plain):
    assert list(read_tag_set(names.split(), plain=plain).strays) == strays


def test_labels_without_prefixes_are_strays_where_they_are_not_allowed():
    found = read_tag_set(["O", "PER", "LOC"], plain=False)
    assert found.strays == ("PER", "LOC")


@pytest.mark.parametrize(
    ("names", "one"),
    [
        ("B-A I-A L-A U-A", True),
        ("B-A M-A E-A S-A", True),
        ("B-A L-A S-A", False),
        ("B-A I-A M-A", False),
        ("B-A E-A U-A", False),
    ],
)
def test_families(names, one):
    assert read_tag_set(names.split(), plain=True).one_family == one


def test_similar_labels():
    labels = ["PER", "date-time", "LOC", "Per", "DATE_TIME", "per", "PERS"]
    assert similar_labels(labels) == [("PER", "Per", "per"), ("date-time", "DATE_TIME")]
    assert similar_labels(["PER", "PERSON", "U.S.", "US"]) == []
    assert fold(" Date Time ") == fold("date.time") == "date_time"
