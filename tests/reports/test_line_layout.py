import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.evaluation.entities import Entity
from spacy_distill.reports.line_layout import TextStyle, has_wide, lay_out, text_width

STYLE = TextStyle()


def lines_of(text, *entities, width=200.0, probabilities=None):
    return lay_out(
        text, entities, width=width, style=STYLE, probabilities=probabilities or {}
    )


def words(line):
    return [piece.text for piece in line]


def test_words_follow_each_other_with_a_space():
    (line,) = lines_of("one two")
    assert words(line) == ["one", "two"]
    assert line[0].x == 0
    assert line[1].x == pytest.approx(line[0].width + STYLE.gap)


def test_lines_break_at_spaces():
    assert [words(line) for line in lines_of("aaaa bbbb\n cccc", width=80)] == [
        ["aaaa", "bbbb"],
        ["cccc"],
    ]


def test_what_touches_an_entity_stays_with_it():
    entity = Entity(4, 8, "PER")
    for width in range(110, 200, 7):
        lines = lines_of("xxx Anna, yes", entity, width=width)
        (line,) = [line for line in lines if "Anna" in words(line)]
        assert words(line)[words(line).index("Anna") + 1] == ","


def test_a_box_has_room_for_label_and_probability():
    entity = Entity(0, 4, "PER")
    ((plain,),) = lines_of("Anna", entity)
    ((scored,),) = lines_of("Anna", entity, probabilities={entity: "0.98"})
    assert (scored.label, scored.probability) == ("PER", "0.98")
    extra = STYLE.label_width("0.98")
    assert scored.width == pytest.approx(plain.width + extra)
    assert plain.width > text_width("Anna", STYLE.size) + STYLE.label_width("PER")


def test_a_long_entity_is_cut_and_labelled_at_its_end():
    text = "the Institute for Very Long Names and More of Them"
    lines = lines_of(text, Entity(4, len(text), "ORG"), width=150)
    boxes = [p for line in lines for p in line if p.entity is not None]
    assert len(boxes) > 2
    assert [box.label for box in boxes] == [""] * (len(boxes) - 1) + ["ORG"]
    assert " ".join(box.text for box in boxes) == text[4:]


def test_chinese_breaks_anywhere_and_fills_the_line():
    first, second = lines_of("一二三四五六七八九十", Entity(2, 4, "X"), width=120)
    assert "".join(words(first) + words(second)) == "一二三四五六七八九十"
    assert words(first)[2] == "三四"
    assert len(words(first)) > 3
    assert has_wide("一")
    assert not has_wide("👩‍🚀")


@given(st.data())
def test_nothing_is_lost_and_nothing_sticks_out(data):
    text = data.draw(st.text(alphabet="ab W\n.界é\u0301", max_size=60))
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=6).map(sorted))
    entities = [
        Entity(start, end, "LAB")
        for start, end in zip(cuts[::2], cuts[1::2])
        if text[start:end].strip() == text[start:end] != ""
    ]
    lines = lines_of(text, *entities, width=90)
    pieces = [piece for line in lines for piece in line]
    assert "".join(p.text for p in pieces).replace(" ", "") == "".join(text.split())
    for line in lines:
        assert line[0].x == 0
        for left, right in zip(line, line[1:]):
            assert right.x >= left.x + left.width - 1e-6
        last = line[-1]
        assert last.x + last.width <= 90 + 1e-6 or len(line) == 1


def test_text_width():
    assert text_width("Wi", 10) == pytest.approx(9.44 + 2.22)
    assert text_width("é", 10) == text_width("e", 10)
    assert text_width("界", 10) == 10
    assert text_width("", 10) == 0
