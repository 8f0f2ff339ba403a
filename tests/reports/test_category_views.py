"""Texts with the categories of two pipelines, as page and picture."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.evaluation.categories import CategoryPair
from spacy_distill.reports.category_page import draw_category_page
from spacy_distill.reports.category_picture import draw_category_svg
from spacy_distill.reports.text_lists import list_categories

SAME = CategoryPair(0, "bread & soup", {"food": 0.9, "<b>": 0.1}, {"food": 0.8}, True)
OTHER = CategoryPair(1, "a match", {"food": 0.7}, {"sport": 0.6}, True, ["sport"])
NOTHING = CategoryPair(2, "nothing", {"food": 0.2}, {"food": 0.3}, False, [])


def parse_page(page):
    return ElementTree.fromstring(
        re.sub("<(meta[^>]*|br|input[^>]*)>", r"<\1/>", page.partition("\n")[2])
    )


def test_differences_come_first_on_the_page():
    page = draw_category_page([SAME, OTHER])
    assert "2 texts: the same category in 1, differences in 1." in page
    sections = parse_page(page).findall(".//section")
    assert ["a match" in "".join(s.itertext()) for s in sections] == [True, False]
    assert [s.get("class") for s in sections] == ["text", "text same"]


def test_a_text_has_gold_both_decisions_and_bars():
    (section,) = parse_page(draw_category_page([OTHER])).findall(".//section")
    rows = ["".join(row.itertext()) for row in section.findall("div")]
    assert rows == ["goldsport", "teacherfood0.70", "studentsport0.60"]
    marks = [mark.get("class") for mark in section.iter("mark")]
    assert marks == ["entity", "entity odd", "entity odd"]
    texts = [e.text for e in section.iter("text")]
    assert texts[:2] == ["food", "0.70"]


def test_no_category():
    page = draw_category_page([NOTHING])
    assert "1 text: the same categories in 1" in page
    (section,) = parse_page(page).findall(".//section")
    rows = ["".join(row.itertext()) for row in section.findall("div")]
    assert rows == ["goldno category", "teacherno category", "studentno category"]
    assert "no category" in draw_category_svg([NOTHING])
    assert list_categories([NOTHING], ("one", "two")).splitlines()[1:] == [
        "  - gold: no category",
        "  - one: no category",
        "  - two: no category",
    ]


def test_the_picture():
    drawn = draw_category_svg([SAME, OTHER])
    root = ElementTree.fromstring(drawn)
    texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
    assert [text for text in texts if " 0." in text] == [
        "food 0.90",
        "food 0.80",
        "food 0.70",
        "sport 0.60",
    ]
    assert texts.count("TEACHER") == texts.count("STUDENT") == 2
    # Both decisions of the text on which they differ.
    assert drawn.count('class="odd"') == 2


def test_long_texts_are_cut_in_the_picture():
    pair = CategoryPair(0, "word " * 200, {"a": 1.0}, {"a": 1.0}, True)
    drawn = draw_category_svg([pair])
    assert 20 < drawn.count(">word<") < 120
    assert "…" in drawn


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@given(
    st.lists(
        st.builds(
            CategoryPair,
            st.just(0),
            st.text(max_size=60),
            st.dictionaries(st.text(max_size=8), st.floats(0, 1), max_size=4),
            st.dictionaries(st.text(max_size=8), st.floats(0, 1), max_size=4),
            st.booleans(),
            st.none() | st.lists(st.text(max_size=8), max_size=2),
        ),
        max_size=3,
    )
)
@settings(max_examples=40, deadline=None)
def test_they_are_valid_whatever_the_names_and_texts(direction, pairs):
    parse_page(draw_category_page(pairs, direction=direction))
    ElementTree.fromstring(draw_category_svg(pairs, direction=direction))
    list_categories(pairs, ("one", "two"))
