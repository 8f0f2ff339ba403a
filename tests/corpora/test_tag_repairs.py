import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.corpora.tag_repairs import repair_tags
from spacy_distill.corpora.tag_schemes import entity_bounds
from spacy_distill.corpora.tagged_tokens import TaggedToken
from spacy_distill.errors import DistillError


def tokens(tags):
    return [TaggedToken("w", tag, i) for i, tag in enumerate(tags, start=1)]


@pytest.mark.parametrize(
    ("scheme", "before", "after"),
    [
        ("IOB2", "O I-X I-X O", "O B-X I-X O"),
        ("IOB2", "B-X I-Y I-Y", "B-X B-Y I-Y"),
        ("IOB2", "B-X B-X I-X", "B-X B-X I-X"),
        ("IOB1", "I-X B-X I-Y", "I-X B-X I-Y"),
        ("BILUO", "B-X O", "U-X O"),
        ("BILUO", "B-X I-X", "B-X L-X"),
        ("BILUO", "I-X I-X L-Y", "B-X L-X U-Y"),
        ("BILUO", "B-X B-X L-X U-X L-X", "U-X B-X L-X U-X U-X"),
        ("BILUO", "B-X I-X L-X O", "B-X I-X L-X O"),
    ],
)
def test_repaired_tags(scheme, before, after):
    old = tokens(before.split())
    repaired, faults = repair_tags(old, scheme)
    assert [token.tag for token in repaired] == after.split()
    assert faults == [a for a, b in zip(old, repaired) if a.tag != b.tag]


def test_prefixes_of_another_scheme_are_left_to_the_reader():
    repaired, faults = repair_tags(tokens(["B-X", "L-X"]), "IOB1")
    assert [token.tag for token in repaired] == ["B-X", "L-X"]
    assert not faults


def runs(tags):
    """Entities of BILUO tags by the rule of conlleval, for comparison."""
    found, start, label = [], None, None
    for i, tag in enumerate([*tags, "O"]):
        prefix, _, name = tag.partition("-")
        continues = start is not None and name == label and prefix in "IL"
        if start is not None and not continues:
            found.append((start, i, label))
            start = None
        if tag != "O" and not continues:
            start, label = i, name
        if prefix in ("L", "U"):
            found.append((start, i + 1, name))
            start = None
    return found


@given(
    tags=st.lists(
        st.sampled_from(["O", *(f"{p}-{label}" for p in "BILU" for label in "XY")]),
        max_size=12,
    )
)
def test_repaired_tags_are_valid_and_valid_ones_stay(tags):
    repaired, faults = repair_tags(tokens(tags), "BILUO")
    assert entity_bounds(repaired, "BILUO", source="x") == runs(tags)
    try:
        entity_bounds(tokens(tags), "BILUO", source="x")
    except DistillError:
        assert faults
    else:
        assert repaired == tokens(tags)
    pairs = [tag for tag in tags if tag[0] not in "LU"]
    repaired, _ = repair_tags(tokens(pairs), "IOB2")
    # IOB1 reads the same entities, as any tag may begin one there.
    assert entity_bounds(repaired, "IOB2", source="x") == entity_bounds(
        tokens(pairs), "IOB1", source="x"
    )
