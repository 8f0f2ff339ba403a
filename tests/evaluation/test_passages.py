from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.evaluation.agreement import move, passages
from spacy_distill.evaluation.entities import Entity

DULL = "and so on and on it went for a while " * 12


def cut(text, *entities):
    return [text[start:end] for start, end in passages(text, entities)]


def test_a_short_text_stays_whole():
    assert cut("One. Two.\nThree.") == ["One. Two.\nThree."]
    assert cut("") == [""]


def test_a_long_text_is_cut_behind_sentences_and_lines():
    text = f'One. "Two?" Three!\nFour\n\n{DULL}.'
    assert cut(text) == ["One.", '"Two?"', "Three!", "Four", f"{DULL}."]
    text = f"一二。三四。{DULL}"
    assert cut(text) == ["一二。", "三四。", DULL]


def test_no_entity_is_cut():
    text = f"He met Dr. No. And left. {DULL}"
    assert cut(text, Entity(7, 14, "PER"))[0] == "He met Dr. No."
    assert cut(text)[0] == "He met Dr."


def test_move():
    assert move(Entity(7, 9, "X"), 5) == Entity(2, 4, "X")


@given(st.data())
def test_nothing_but_white_space_is_left_out(data):
    parts = st.sampled_from(["word", "Dr.", "Why?", "x。", '."', " ", "\n", ".", "..."])
    text = " ".join(data.draw(st.lists(parts, min_size=150, max_size=160)))
    places = data.draw(st.lists(st.integers(0, len(text)), max_size=6).map(sorted))
    entities = [
        Entity(start, end, "X")
        for start, end in zip(places[::2], places[1::2])
        if text[start:end].strip() == text[start:end] != ""
    ]
    found = passages(text, entities)
    assert "".join("".join(cut(text, *entities)).split()) == "".join(text.split())
    for (_, end), (start, _) in zip(found, found[1:]):
        assert end <= start
    for entity in entities:
        assert any(start <= entity.start and entity.end <= end for start, end in found)
