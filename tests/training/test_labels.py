"""Gold labels against the teacher's, and the label map that is suggested."""

import json
import shlex
from collections import Counter

import pytest
import spacy
from hash_teacher import HashTeacher
from hypothesis import given, settings
from hypothesis import strategies as st
from small import write_gold

from spacy_distill.corpora.tag_spellings import is_outside, similar_labels
from spacy_distill.errors import DistillError
from spacy_distill.teachers.mapped import MappedTeacher
from spacy_distill.training.labels import check_labels, count_labels, suggest_map

ONTONOTES = (
    *("CARDINAL", "DATE", "FAC", "GPE", "LOC", "NORP", "ORG", "PERCENT", "PERSON"),
    "PRODUCT",
)


def found(text):
    """Return the label map of a message."""
    (value,) = shlex.split(text.partition(" --label-map ")[2])
    return json.loads(value)


def test_labels_are_counted(tmp_path):
    path = write_gold(tmp_path / "gold.spacy", spacy.blank("en"), repeat=2)
    assert count_labels(path) == {"PER": 6, "LOC": 8}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (
            ["LOC", "MISC", "ORG", "PER"],
            {"FAC": "LOC", "GPE": "LOC", "LOC": "LOC", "ORG": "ORG", "PERSON": "PER"},
        ),
        # A place that is no GPE does not become one.
        (["GPE", "person"], {"GPE": "GPE", "PERSON": "person"}),
        (["LOCATION", "product"], {"FAC": "LOCATION", "GPE": "LOCATION"}),
        (["DISEASE"], {}),
    ],
)
def test_suggested_maps(wanted, expected):
    if "LOCATION" in wanted:
        expected = {**expected, "LOC": "LOCATION", "PRODUCT": "product"}
    assert suggest_map(ONTONOTES, wanted) == {**dict.fromkeys(ONTONOTES), **expected}


def test_of_a_map_what_fits_is_kept():
    given_map = {"PER": "HUMAN", "LOC": "SPOT", "ORG": None}
    suggested = suggest_map(["PER", "LOC", "ORG"], ["HUMAN", "LOC"], given_map)
    assert suggested == {"PER": "HUMAN", "LOC": "LOC", "ORG": None}


labels = st.lists(
    st.text("abPERpersonLOCgpeFAC '\"\\é", min_size=1, max_size=6).filter(str.strip),
    min_size=1,
    max_size=5,
    unique=True,
)


@settings(deadline=None, max_examples=200)
@given(teacher=labels, gold=labels)
def test_the_map_of_the_message_is_one_that_the_teacher_takes(teacher, gold):
    """Also with quotes in labels, once it went through a shell."""
    counts = Counter(gold)
    try:
        warning = check_labels(counts, teacher, original=teacher)
    except DistillError as error:
        warning = str(error)
        if " --label-map " not in warning:
            assert any(map(is_outside, gold)) or similar_labels(gold)
            return
        assert set(gold) - set(teacher)
    if warning is None:
        assert set(teacher) == set(gold)
        return
    suggested = found(warning)
    assert list(suggested) == teacher
    assert set(suggested.values()) <= {*gold, None}
    kept = {label for label in suggested.values() if label is not None}
    if kept:
        mapped = MappedTeacher(HashTeacher(labels=tuple(teacher)), suggested)
        assert set(mapped.task.labels) == kept
        # With it, only labels that no label of the teacher looks like are left.
        rest = {label: count for label, count in counts.items() if label in kept}
        assert not check_labels(rest, mapped.task.labels, original=teacher)


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        (
            {"PER": 7, "O": 2},
            "labels of entities in the gold annotation, got some of tokens outside of"
            " them: O (2). Take these entities out.",
        ),
        (
            {"PER": 7, "per": 2},
            "gold labels that differ in more than case and separators, got PER (7),"
            " per (2): give them one spelling.",
        ),
    ],
)
def test_gold_labels_that_no_map_leads_to(gold, message):
    with pytest.raises(DistillError) as error:
        check_labels(gold, ["PER", "LOC"], original=["PER", "LOC"])
    assert str(error.value) == f"Expected {message}"


def test_disjoint_labels():
    with pytest.raises(DistillError) as error:
        check_labels({"PER": 1200, "MISC": 3}, ["PERSON", "ORG"], original=["PERSON"])
    line = str(error.value)
    assert "got some that it lacks: MISC (3), PER (1,200)." in line
    assert "The teacher has PERSON, ORG; the gold annotation has MISC, PER." in line
    assert "No label of the teacher looks like MISC" in line
    assert found(line) == {"PERSON": "PER"}


def test_labels_that_only_the_teacher_has():
    warning = check_labels({"PER": 7}, ["PER", "DATE"], original=["PER", "DATE"])
    assert warning.startswith("The teacher's labels DATE do not occur in the gold")
    assert "(PER (7)), where their entities count as none." in warning
    assert found(warning) == {"PER": "PER", "DATE": None}


def test_nothing_to_say():
    assert check_labels({"A": 1, "B": 2}, ["B", "A"], original=["B", "A"]) is None
    # Without any gold annotation.
    assert check_labels({}, ["A"], original=["A"]) is None
