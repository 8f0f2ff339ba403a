import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tag_renderings import label_sets, spellings

from spacy_distill.corpora.tag_schemes import (
    SCHEMES,
    TaggedToken,
    detect_scheme,
    entity_bounds,
    read_entities,
)
from spacy_distill.errors import DistillError


def tokens(tags):
    return [TaggedToken(f"w{i}", tag, i + 1) for i, tag in enumerate(tags.split())]


def write_tags(entities, n, scheme):
    """Tag `n` tokens by the book; `entities` do not overlap."""
    tags = ["O"] * n
    for start, end, label in entities:
        for i in range(start, end):
            tags[i] = f"I-{label}"
        same_before = any(e[1] == start and e[2] == label for e in entities)
        if scheme != "IOB1" or same_before:
            tags[start] = f"B-{label}"
        if scheme in ("BILUO", "BIOS") and end - start == 1:
            tags[start] = f"U-{label}"
        elif scheme == "BILUO":
            tags[end - 1] = f"L-{label}"
    return " ".join(tags)


@st.composite
def tagged(draw):
    entities, n = [], 0
    for gap, length, label in draw(
        st.lists(
            st.tuples(
                st.integers(0, 2), st.integers(1, 3), st.sampled_from(["PER", "LOC"])
            ),
            min_size=1,
            max_size=5,
        )
    ):
        entities.append((n + gap, n + gap + length, label))
        n += gap + length
    return entities, n + draw(st.integers(0, 2))


@settings(deadline=None)
@given(tagged(), st.sampled_from(SCHEMES))
def test_entities_come_back_in_every_scheme(sentence, scheme):
    entities, n = sentence
    found = tokens(write_tags(entities, n, scheme))
    assert entity_bounds(found, scheme, source="x") == entities


@settings(deadline=None)
@given(st.lists(tagged(), min_size=1, max_size=3), st.sampled_from(SCHEMES))
def test_the_scheme_is_found_out(sentences, scheme):
    # IOB1 and IOB2 differ at the first entity of a sentence; BILUO needs an end.
    written = [tokens(write_tags(e, n, scheme)) for e, n in sentences]
    prefixes = {token.tag[0] for sentence in written for token in sentence} - {"O"}
    if scheme == "BIOS" and len(prefixes) < 3:
        # With single tokens only it is also BILUO, without any also IOB2.
        scheme = "BILUO" if prefixes == {"U"} else "IOB2"
    assert detect_scheme(written, source="x") == scheme


def test_two_names_side_by_side():
    for scheme, tags in [
        ("IOB1", "I-PER I-PER B-PER O I-LOC"),
        ("IOB2", "B-PER I-PER B-PER O B-LOC"),
        ("BILUO", "B-PER L-PER U-PER O U-LOC"),
        ("BIOS", "B-PER I-PER U-PER O U-LOC"),
    ]:
        assert detect_scheme([tokens(tags)], source="x") == scheme
        assert entity_bounds(tokens(tags), scheme, source="x") == [
            (0, 2, "PER"),
            (2, 3, "PER"),
            (4, 5, "LOC"),
        ]


def test_a_b_that_iob1_does_not_need_is_a_beginning():
    found = tokens("I-PER O I-LOC I-LOC O B-MISC I-MISC")
    assert detect_scheme([found], source="x") == "IOB1"
    bounds = entity_bounds(found, "IOB1", source="x")
    assert bounds == [(0, 1, "PER"), (2, 4, "LOC"), (5, 7, "MISC")]


def test_an_i_that_begins_an_entity_of_iob2_is_a_fault():
    found = tokens("B-PER O B-LOC I-LOC O I-MISC")
    with pytest.raises(DistillError, match=r"^x:6: expected 'B-MISC' for 'w5'.*2 agai"):
        detect_scheme([found], source="x")
    with pytest.raises(DistillError, match=r"^x:6: .*IOB2 allows outside of entities"):
        entity_bounds(found, "IOB2", source="x")
    assert len(entity_bounds(found, "IOB1", source="x")) == 3


def test_without_entities_any_scheme_will_do():
    assert detect_scheme([tokens("O O")], source="x") in SCHEMES


@pytest.mark.parametrize(
    ("tags", "scheme", "line"),
    [
        ("B-PER O", "BILUO", 2),
        ("B-PER U-PER", "BILUO", 2),
        ("B-PER L-LOC", "BILUO", 2),
        ("O L-PER", "BILUO", 2),
        ("I-PER L-PER", "BILUO", 1),
        ("U-PER B-PER", "BILUO", 2),
        ("B-PER L-PER", "IOB2", 2),
        ("U-PER", "IOB1", 1),
        ("U-PER", "IOB2", 1),
        ("B-PER L-PER", "BIOS", 2),
        ("U-PER I-PER", "BIOS", 2),
        ("B-PER I-LOC", "IOB2", 2),
        ("B-", "IOB2", 1),
        ("BPER", "IOB2", 1),
        ("PER", "IOB2", 1),
        ("E-PER", "BILUO", 1),
    ],
)
def test_a_misplaced_tag_names_its_line(tags, scheme, line):
    with pytest.raises(DistillError, match=f"^x:{line}: expected .*got '"):
        entity_bounds(tokens(tags), scheme, source="x")


@settings(deadline=None)
@given(data=st.data(), labels=label_sets, spelling=spellings())
def test_entities_come_back_in_every_spelling(data, labels, spelling):
    write, prefixes = spelling
    # Each label has a name of one token and one of two, so that all prefixes occur.
    spans = [(0, 1), (1, 3), (5, 8)]
    expected, sentences = [], []
    for label in labels:
        entities = [(start, end, label) for start, end in spans]
        expected.append(entities)
        scheme = {"BI": "IOB2", "BIU": "BIOS", "BILU": "BILUO"}[prefixes]
        tags = write_tags(entities, 9, scheme).split()
        sentences.append(
            [
                TaggedToken("w", tag if tag == "O" else write(tag[0], tag[2:]), i)
                for i, tag in enumerate(tags)
            ]
        )
    assert read_entities(sentences, source="x") == expected


def test_a_short_file_in_another_spelling():
    found = read_entities([tokens("PER_B O PER_B O o")], source="x")
    assert found == [[(0, 1, "PER"), (2, 3, "PER")]]
    found = read_entities([tokens("S-PER O O S-LOC")], source="x", scheme="BIOES")
    assert found == [[(0, 1, "PER"), (3, 4, "LOC")]]


def test_a_tag_is_named_as_it_is_written():
    with pytest.raises(DistillError, match=r"^x:4: expected 'B-LOC' .*got 'LOC_I'"):
        read_entities([tokens("PER_B PER_I O LOC_I O PER_B")], source="x")
    with pytest.raises(DistillError, match=r"^x:2: .*BILUO allows.*got 'S_LOC'"):
        read_entities([tokens("B_PER S_LOC E_PER")], source="x")


def test_o_with_a_prefix(caplog):
    with caplog.at_level(logging.WARNING, logger="spacy"):
        found = read_entities([tokens("B-PER I-O B-O O B-PER I-O")], source="x")
    assert found == [[(0, 1, "PER"), (4, 5, "PER")]]
    (record,) = caplog.records
    assert (
        record.getMessage() == "x: 3 tags without a label are read as O: 'I-O', 'B-O'"
    )


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ("B-PER I-PER O B_LOC", "x:4: expected a tag 'O', 'B-LABEL', .*got 'B_LOC'"),
        ("B_PER I_PER O LOC-B", "x:4: expected a tag 'O', 'B_LABEL', .*got 'LOC-B'"),
        ("B-PER I-PER O X", "x:4: expected .*got 'X' for 'w3'; correct it"),
        ("B-PER I-PER O PER", "x:4: expected .*got 'PER' for 'w3'; correct it"),
        ("O PER PER O", "x:2: expected a tag 'O', 'B-LABEL', .*got 'PER'"),
        ("B-PER L-PER S-PER", "x:1: expected tags of one scheme.*'B-PER', 'L-PER', 'S"),
        ("B-PER B-PER B-Per O", "x:3: expected one spelling.*got 'Per' beside 'PER'"),
        ("B-A-B O B-A_B O B-A_B", "x:1: expected one spelling.*got 'A-B' beside 'A_B'"),
    ],
)
def test_mixed_spellings_name_their_line(tags, told):
    with pytest.raises(DistillError, match=f"^{told}") as info:
        read_entities([tokens(tags)], source="x")
    assert "\n" not in str(info.value)


def test_an_unknown_scheme_is_refused():
    with pytest.raises(
        DistillError, match="IOB1, IOB2, BILUO, BIOS, BIO, .*got 'BIEO'"
    ):
        entity_bounds(tokens("O"), "BIEO", source="x")
