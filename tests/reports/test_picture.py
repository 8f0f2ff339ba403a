import re
from xml.etree import ElementTree

import pytest
from rule_teacher import make_rule_teacher
from small import TEXTS, trained

from spacy_distill.evaluation.entities import (
    Entity,
    SideBySide,
    format_probability,
    put_side_by_side,
)
from spacy_distill.reports.page import draw_page
from spacy_distill.reports.picture import draw_svg
from spacy_distill.reports.web_page import label_colors

SVG = "{http://www.w3.org/2000/svg}"
# What markup must survive: marks of its own, and a character XML does not know.
ODD = SideBySide(
    text='<b>A&B</b> met "C"\x01 {x}',
    teacher=[Entity(3, 6, "<ORG>")],
    student=[Entity(3, 6, "<ORG>"), Entity(16, 17, "PER")],
    probabilities={Entity(3, 6, "<ORG>"): 0.5, Entity(16, 17, "PER"): 0.999},
)


@pytest.fixture(scope="module")
def pairs():
    teacher, student = make_rule_teacher(), trained()
    return [
        put_side_by_side(teacher(text), student(text), spans_key="ner")
        for text in TEXTS
    ]


def texts_in(svg):
    root = ElementTree.fromstring(svg)
    return [element.text for element in root.iter(f"{SVG}text")]


def edges_in(svg):
    root = ElementTree.fromstring(svg)
    boxes = [group for group in root.iter(f"{SVG}g") if group.get("class") == "box"]
    return [
        sum(rect.get("class") == "odd" for rect in box.iter(f"{SVG}rect"))
        for box in boxes
    ]


def test_side_by_side(pairs):
    assert pairs[0].differing == set()
    assert len(pairs[0].probabilities) == 2
    assert pairs[1].differing == {Entity(16, 24, "LOC"), Entity(16, 29, "LOC")}
    without = put_side_by_side(trained()(TEXTS[0]), make_rule_teacher()(TEXTS[0]))
    assert without.probabilities == {}


@pytest.mark.parametrize(
    ("probability", "shown"),
    [
        (None, ""),
        (0.0, "0.00"),
        (0.001, "<0.01"),
        (0.5, "0.50"),
        (0.994, "0.99"),
        (0.9951, ">0.99"),
        (1.0, "1.00"),
    ],
)
def test_probabilities_do_not_claim_certainty(probability, shown):
    assert format_probability(probability) == shown


def test_colors_are_fixed_where_it_matters():
    colors = label_colors(["ORG", "PER", "X", "Y", "X"])
    assert len(set(colors.values())) == 4
    assert colors["PER"] == label_colors(["PER"])["PER"]


def test_svg_shows_teacher_and_student(pairs):
    shown = texts_in(draw_svg(pairs))
    assert shown.count("TEACHER") == shown.count("STUDENT") == len(pairs)
    assert shown.count("New York City") == 1
    assert shown.count("New York") == 1
    for pair in pairs:
        for probability in pair.probabilities.values():
            assert format_probability(probability) in shown


def test_svg_marks_differences(pairs):
    assert edges_in(draw_svg(pairs[:1])) == [0, 0, 0, 0]
    assert "only one of the two" not in draw_svg(pairs[:1])
    assert edges_in(draw_svg(pairs[1:2])) == [0, 1, 0, 1]
    assert "only one of the two" in draw_svg(pairs[1:2])


def test_svg_is_xml_whatever_the_text():
    shown = texts_in(draw_svg([ODD]))
    assert shown.count("A&B") == 2
    assert "<ORG>" in shown
    assert '"\ufffd' in shown


def test_svg_of_a_text_without_entities():
    shown = texts_in(draw_svg([SideBySide("Nothing here.", [], [])]))
    assert shown.count("Nothing") == 2


def test_svg_of_text_from_right_to_left_begins_on_the_right():
    pair = SideBySide("a b", [], [])
    for direction, ordered in (("ltr", True), ("rtl", False)):
        root = ElementTree.fromstring(draw_svg([pair], direction=direction))
        x = {e.text: float(e.get("x")) for e in root.iter(f"{SVG}text")}
        assert (x["a"] < x["b"]) == ordered


def test_page_shows_teacher_and_student(pairs):
    page = draw_page(pairs)
    assert page.count("<section") == len(pairs)
    assert "4 texts: the same entities in 2, differences in 2." in page
    assert "<b>only teacher:</b> New York (LOC)" in page
    assert "<b>only student:</b> New York City (LOC)" in page
    scores = [p for pair in pairs for p in pair.probabilities.values()]
    assert page.count('class="probability"') == len(scores) == 7
    assert all(f'title="probability {p:.4f}' in page for p in scores)


def test_differences_come_first_on_the_page(pairs):
    shown = re.findall('<section class="(.*?)"', draw_page(pairs))
    assert shown == ["text", "text", "text same", "text same"]
    assert [bool(pair.differing) for pair in pairs] != [True, True, False, False]


def test_page_needs_no_other_file(pairs):
    page = draw_page(pairs)
    assert not any(mark in page for mark in ("http", "<script", "<link", "src="))


def test_page_escapes_text_and_labels():
    page = draw_page([ODD])
    assert "&lt;b&gt;" in page
    assert "A&amp;B" in page
    assert "&lt;ORG&gt;" in page
    assert "<ORG>" not in page
    assert "{x}" in page
