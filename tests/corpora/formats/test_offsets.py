"""Spans whose offsets point elsewhere than to the text they repeat."""

import pytest
from annotated import write_lines
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.corpora.formats.offsets import WINDOW
from spacy_distill.corpora.formats.read import read_checked


def span(start, end, own=None, label="PER"):
    more = {} if own is None else {"text": own}
    return {"start": start, "end": end, "label": label, **more}


def read(folder, *records):
    """Return the spans of each text as (text, start), and the checked texts."""
    lines = [{"text": text, "spans": list(spans)} for text, *spans in records]
    found = read_checked(write_lines(folder / "a.jsonl", *lines))
    return [[(t.text[s[0] : s[1]], s[0]) for s in t.spans] for t in found], found


def test_moved_to_its_own_text(tmp_path):
    text = "Then Mira Voss met Ben."
    spans, (found,) = read(tmp_path, (text, span(3, 12, "Mira Voss"), span(19, 22)))
    assert spans == [[("Mira Voss", 5), ("Ben", 19)]]
    (repair,) = found.repaired
    assert (repair.found, repair.text) == ("n Mira Vo", "Mira Voss")
    assert (repair.stated.start, repair.stated.end) == (3, 12)
    assert str(repair.place).endswith("a.jsonl:1")
    described = repair.as_invalid()
    assert described.text == "n Mira Vo"
    assert described.reason == "has the text 'Mira Voss' of its own"


@pytest.mark.parametrize("offsets", [(40, 44), (-3, 1), (4, 4), (4, 0)])
def test_impossible_offsets_are_repaired_too(tmp_path, offsets):
    spans, _ = read(tmp_path, ("Here is Mira.", span(*offsets, "Mira")))
    assert spans == [[("Mira", 8)]]


@pytest.mark.parametrize("own", ["Mira", " Mira ", "Mira\n"])
def test_whitespace_does_not_contradict(tmp_path, own):
    spans, (found,) = read(tmp_path, ("So Mira left.", span(3, 7, own)))
    assert spans == [[("Mira", 3)]]
    assert not found.repaired


def test_line_ends_as_spaces_do_not_contradict(tmp_path):
    spans, (found,) = read(tmp_path, ("So Mira\nVoss left.", span(3, 12, "Mira Voss")))
    assert spans == [[("Mira\nVoss", 3)]]
    assert not found.repaired


@pytest.mark.parametrize(
    ("text", "own", "number"),
    [("Ben met Ben.", "Ben", "2 times"), ("Ben met Ida.", "Eva", "nowhere")],
)
def test_dropped_if_not_once_nearby(tmp_path, text, own, number):
    spans, (found,) = read(tmp_path, (text, span(4, 7, own), span(8, 11)))
    assert [s for s in spans[0] if s[1] != 8] == []
    (invalid,) = found.invalid
    assert (invalid.place, invalid.text) == ("line 1", "met")
    assert invalid.reason == (
        f"has the text '{own}' of its own, which occurs {number} within 100 characters"
    )
    # Nobody knows which of the places is meant.
    assert found.unknown == ([(0, 3), (8, 11)] if number == "2 times" else [])


@pytest.mark.parametrize("distance", [WINDOW, WINDOW + 1])
def test_nearby_is_a_hundred_characters(tmp_path, distance):
    gap = "." * (distance - 4)
    # Before the stated start, and after the stated end.
    before = "Mira" + gap + "Else", span(distance, distance + 4, "Mira")
    after = "Else" + gap + "Mira", span(0, 4, "Mira")
    spans, _ = read(tmp_path, before, after)
    near = distance == WINDOW
    assert spans == [[("Mira", start)] if near else [] for start in (0, WINDOW)]


def test_far_away_does_not_count(tmp_path):
    text = "Mira " + "word " * 60 + "Mira"
    spans, _ = read(tmp_path, (text, span(3, 7, "Mira")))
    assert spans == [[("Mira", 0)]]


TEXT = "😀 Éva and Mira 😀 met Ben in Łódź."


def utf16(text, start, end):
    size = len(text[:start].encode("utf-16-le")) // 2
    return size, size + len(text[start:end].encode("utf-16-le")) // 2


def utf8(text, start, end):
    size = len(text[:start].encode("utf-8"))
    return size, size + len(text[start:end].encode("utf-8"))


@pytest.mark.parametrize(
    ("count", "name"), [(utf16, "UTF-16 code units"), (utf8, "bytes of UTF-8")]
)
def test_other_units_are_found_out_from_the_file(tmp_path, count, name):
    places = [(2, 5), (10, 14), (21, 24), (28, 32)]
    stated = [
        # The first has no text of its own, and shifts with the others.
        span(*count(TEXT, *place), own)
        for place, own in zip(places, [None, "Mira", "Ben", "Łódź"])
    ]
    spans, (found,) = read(tmp_path, (TEXT, *stated))
    assert spans == [[("Éva", 2), ("Mira", 10), ("Ben", 21), ("Łódź", 28)]]
    assert [repair.unit for repair in found.repaired] == [name] * 4
    reasons = [repair.reason for repair in found.repaired]
    assert reasons[0] == f"has offsets that count {name}, as other spans show"
    assert (
        reasons[1]
        == f"has the text 'Mira' of its own, where offsets counted in {name} fit"
    )


def test_characters_are_the_rule(tmp_path):
    """Spans that fit as they are, or that contradict each other, prove no unit."""
    right = span(10, 14, "Mira")
    spans, (found,) = read(tmp_path, (TEXT, right, span(21, 24, "Ben")))
    assert spans == [[("Mira", 10), ("Ben", 21)]]
    assert not found.repaired
    # One in UTF-16, one in characters: each is looked at by itself.
    spans, (found,) = read(
        tmp_path, (TEXT, right, span(23, 26, "Ben"), span(28, 32, "Łódź"))
    )
    assert spans == [[("Mira", 10), ("Ben", 21), ("Łódź", 28)]]
    assert [repair.unit for repair in found.repaired] == [None]


def test_without_texts_of_their_own_nobody_knows(tmp_path):
    spans, (found,) = read(tmp_path, (TEXT, span(11, 15)))
    assert spans == [[("ira ", 11)]] or found.invalid
    assert not found.repaired


@settings(deadline=None)
@given(
    st.text(st.sampled_from("ab éЖ😀"), min_size=1, max_size=40),
    st.sampled_from([utf16, utf8]),
    st.data(),
)
def test_any_text_in_other_units(tmp_path_factory, text, count, data):
    """Spans in another unit come back as they were, if one at least is wrong."""
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    spans = [
        (a, b) for a, b in zip(cuts[::2], cuts[1::2]) if text[a:b].strip() == text[a:b]
    ]
    stated = [span(*count(text, a, b), text[a:b]) for a, b in spans]
    folder = tmp_path_factory.getbasetemp()
    (found,), (checked,) = read(folder, (text, *stated))
    moved = [(a, b) for a, b in spans if count(text, a, b) != (a, b)]
    # Python cuts what is out of range.
    wrong = [
        (a, b)
        for a, b in moved
        if count(text, a, b)[1] > len(text)
        or text[slice(*count(text, a, b))] != text[a:b]
    ]
    if wrong:
        assert found == [(text[a:b], a) for a, b in spans]
        assert len(checked.repaired) == len(moved)
    else:
        assert not checked.repaired
