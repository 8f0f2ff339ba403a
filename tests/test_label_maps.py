import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.cli.common import parse_label_map
from spacy_distill.label_maps import label_map_option, suggest_map


@pytest.mark.parametrize(
    ("label", "wanted", "suggested"),
    [
        ("person", ["LOC", "PER"], "PER"),
        ("PER", ["PERSON"], "PERSON"),
        ("GPE", ["LOC", "PER"], "LOC"),
        ("GPE", ["GPE", "LOC"], "GPE"),
        ("work-of-art", ["WORK_OF_ART"], "WORK_OF_ART"),
        ("Organisation", ["ORG"], "ORG"),
        ("DATE", ["PER"], None),
        ("LOC", [], None),
        ("-", ["_"], None),
    ],
)
def test_suggestions(label, wanted, suggested):
    assert suggest_map([label], wanted) == {label: suggested}


LABELS = st.text(min_size=1, max_size=9)


@given(st.dictionaries(LABELS, st.none() | LABELS, max_size=5))
def test_an_option_is_read_as_it_was_written(label_map):
    option, value = shlex.split(label_map_option(label_map))
    assert option == "--label-map"
    assert parse_label_map(value) == label_map


def test_a_map_that_exists_is_kept_where_it_leads_to_a_wanted_label():
    given_map = {"A": "PER", "B": "gone"}
    assert suggest_map(["A", "B"], ["PER"], given_map) == {"A": "PER", "B": None}


def test_a_place_is_no_gpe_where_both_are_labels():
    suggested = suggest_map(["GPE", "LOC"], ["GPE"])
    assert suggested == {"GPE": "GPE", "LOC": None}
