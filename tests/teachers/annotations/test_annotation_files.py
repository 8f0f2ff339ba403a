import json
from collections import Counter
from pathlib import Path

import pytest
from annotated import CITY, PERSON, TEXT, line, three_annotators, write_lines
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.corpora.formats.spans import name_spans
from spacy_distill.errors import DistillError
from spacy_distill.teachers.annotations.files import read_annotations


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_votes_on_each_text(tmp_path, name):
    lines = [*three_annotators(), "", line("No more.", note="anything")]
    found = read_annotations(write_lines(tmp_path / name, *lines))
    assert list(found.votes) == [TEXT, "No more."]
    assert [vote.place for vote in found.votes[TEXT]] == ["line 1", "line 2", "line 3"]
    assert [vote.annotator for vote in found.votes[TEXT]] == ["one", "two", "three"]
    assert found.votes[TEXT][1].spans == [(*PERSON, 1.0), (*CITY, 0.5)]
    assert found.votes["No more."][0].annotator is None
    assert found.votes["No more."][0].place == "line 5"
    assert found.labels == ("PER", "LOC")
    assert found.annotators == ("one", "two", "three")
    assert found.left_out == {}
    assert found.invalid == []


def test_spans_may_come_in_any_order_and_with_more_fields(tmp_path):
    record = line(TEXT, CITY, PERSON)
    record["spans"][0].update(score=None, token_start=4, source="some-model")
    record.update(_input_hash=7, tokens=[{"text": "Mara", "id": 0}], meta={"n": 1})
    found = read_annotations(write_lines(tmp_path / "a.jsonl", record))
    assert found.votes[TEXT][0].spans == [(*PERSON, 1.0), (*CITY, 1.0)]
    assert found.labels == ("PER", "LOC")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"_annotator_id": "a", "_session_id": "s", "annotator": "x"}, "a"),
        ({"_session_id": "s", "annotator": "x"}, "s"),
        ({"_annotator_id": None, "_session_id": None, "annotator": 3}, "3"),
        ({}, None),
    ],
)
def test_names_of_annotators(tmp_path, names, expected):
    path = write_lines(tmp_path / "a.jsonl", line(TEXT, PERSON, **names))
    assert read_annotations(path).votes[TEXT][0].annotator == expected


def test_only_accepted_lines_count(tmp_path):
    path = write_lines(
        tmp_path / "a.jsonl",
        line(TEXT, PERSON, answer="accept"),
        line(TEXT, CITY, answer="reject"),
        {"text": "never seen", "answer": "ignore"},
        {"text": "nor this", "answer": "ignore", "spans": [{"start": "?"}]},
    )
    found = read_annotations(path)
    assert list(found.votes) == [TEXT]
    assert len(found.votes[TEXT]) == 1
    assert found.labels == ("PER",)
    assert found.left_out == {"reject": 1, "ignore": 2}


@pytest.mark.parametrize(
    ("span", "reason", "text"),
    [
        ((9, 9, "X"), "has its end 9 not after its start 9", ""),
        ((9, 4, "X"), "has its end 4 not after its start 9", ""),
        ((-4, 4, "X"), "is -4 to 4, outside a text of 33 characters", ""),
        ((29, 34, "X"), "is 29 to 34, outside a text of 33 characters", "May."),
        ((90, 99, "X"), "is 90 to 99, outside a text of 33 characters", ""),
        ((4, 9, "X"), "begins or ends with whitespace", " Feld"),
        ((0, 5, "X"), "begins or ends with whitespace", "Mara "),
        ((0, 4), "has nothing as label", "Mara"),
        ((0, 4, ""), "has '' as label", "Mara"),
        ((0, 4, " X"), "has ' X' as label", "Mara"),
        ((0, 4, 7), "has 7 as label", "Mara"),
        ((0, 4, "\ud83d"), "has half of a surrogate pair in its label", "Mara"),
        (("0", 4, "X"), "has '0' as start, not a number of characters", ""),
        ((0.0, 4, "X"), "has 0.0 as start, not a number of characters", ""),
        ((False, 4, "X"), "has False as start, not a number of characters", ""),
        ((0, None, "X"), "has nothing as end, not a number of characters", ""),
        ((0, 4, "X", 1.01), "has 1.01 as score, not a number from 0 to 1", "Mara"),
        ((0, 4, "X", -0.1), "has -0.1 as score, not a number from 0 to 1", "Mara"),
        ((0, 4, "X", "1"), "has '1' as score, not a number from 0 to 1", "Mara"),
        ((0, 4, "X", True), "has True as score, not a number from 0 to 1", "Mara"),
    ],
)
def test_invalid_spans_are_listed(tmp_path, span, reason, text):
    path = write_lines(tmp_path / "a.jsonl", line("Fine."), line(TEXT, CITY, span))
    found = read_annotations(path)
    assert found.votes[TEXT][0].spans == [(*CITY, 1.0)]
    (invalid,) = found.invalid
    assert (invalid.place, invalid.reason, invalid.text) == ("line 2", reason, text)
    assert 0 <= invalid.start <= len(TEXT)
    assert found.labels == ("LOC",)


@pytest.mark.parametrize("span", [None, 3, "PER", [0, 4, "PER"]])
def test_spans_that_are_no_objects(tmp_path, span):
    record = {**line(TEXT, CITY), "spans": [*line(TEXT, CITY)["spans"], span]}
    (invalid,) = read_annotations(write_lines(tmp_path / "a.jsonl", record)).invalid
    assert invalid.reason.startswith("is no object but")


def test_not_a_number(tmp_path):
    """Test NaN, which is not valid JSON but is written by json.dumps."""
    path = write_lines(
        tmp_path / "a.jsonl", line(TEXT, CITY, (0, 4, "X", float("nan")))
    )
    (invalid,) = read_annotations(path).invalid
    assert invalid.reason == "has nan as score, not a number from 0 to 1"


def test_best_of_overlapping_spans_is_kept(tmp_path):
    spans = [(0, 4, "A", 0.6), (0, 9, "B", 0.7), (5, 9, "C", 0.65), (*CITY, 0.1)]
    found = read_annotations(write_lines(tmp_path / "a.jsonl", line(TEXT, *spans)))
    (vote,) = found.votes[TEXT]
    assert vote.spans == [spans[1], spans[3]]
    assert {(s.text, s.label) for s in vote.invalid} == {("Mara", "A"), ("Feld", "C")}
    assert {s.reason for s in vote.invalid} == {
        "overlaps with another span of the text"
    }
    # Different annotators may choose different boundaries.
    lines = [line(TEXT, span) for span in spans]
    assert not read_annotations(write_lines(tmp_path / "b.jsonl", *lines)).invalid


def test_the_same_span_twice_in_a_line(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", line(TEXT, CITY, CITY))
    found = read_annotations(path)
    assert found.votes[TEXT][0].spans == [(*CITY, 1.0)]
    assert [s.reason for s in found.invalid] == [
        "overlaps with another span of the text"
    ]


def test_requested_labels(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", line(TEXT, PERSON, CITY))
    found = read_annotations(path, labels=["ORG", "LOC"])
    assert found.labels == ("ORG", "LOC")
    assert found.votes[TEXT][0].spans == [(*CITY, 1.0)]
    (invalid,) = found.invalid
    assert invalid.reason == "has a label that is none of ORG, LOC"


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["{"], r"a\.jsonl:2"),
        (['["text"]'], r"object.*a\.jsonl:2"),
        ([{"spans": []}], r'"text" in .*a\.jsonl:2'),
        ([{"text": None, "spans": []}], r"a\.jsonl:2.*NoneType"),
        ([{"text": "a"}], r'list "spans" in .*a\.jsonl:2, got none: use an empty'),
        ([{"text": "a", "spans": None}], r"a\.jsonl:2, got NoneType"),
        ([{"text": "a", "spans": {}}], r"a\.jsonl:2, got dict"),
        ([line("a", answer="yes")], r'"answer" in .*a\.jsonl:2.*\'yes\''),
        ([line("a", answer=["accept"])], r'"answer" in .*a\.jsonl:2'),
        ([line("a", annotator=["x"])], r'"annotator" in .*a\.jsonl:2'),
        (['{"text": "\\ud83d", "spans": []}'], r"valid Unicode in .*a\.jsonl:2"),
        (["[" * 100_000], r"a\.jsonl:2"),
    ],
)
def test_lines_that_cannot_be_read(tmp_path, lines, told):
    path = write_lines(tmp_path / "a.jsonl", line(TEXT, PERSON), *lines)
    with pytest.raises(DistillError, match=told) as info:
        read_annotations(path)
    assert "\n" not in str(info.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(DistillError, match=r"none\.jsonl, got no file"):
        read_annotations(tmp_path / "none.jsonl")
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "fine", "spans": []}\n"sch\xf6n"\n')
    with pytest.raises(DistillError, match=r"UTF-8 in .*a\.jsonl:2"):
        read_annotations(tmp_path / "a.jsonl")
    (tmp_path / "a.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(DistillError, match=r"Could not read .*a\.jsonl\.gz"):
        read_annotations(tmp_path / "a.jsonl.gz")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], "in 0 accepted texts: add"),
        ([line(TEXT), line("More.")], "in 2 accepted texts: add"),
        ([line(TEXT, PERSON, answer="reject")], "in 0 accepted texts: add"),
        (
            [line(TEXT, (4, 2, "PER"))],
            r"1 accepted texts \(line 1: '' as PER has its end 2 not after",
        ),
    ],
)
def test_no_labels(tmp_path, lines, told):
    with pytest.raises(DistillError, match=told):
        read_annotations(write_lines(tmp_path / "a.jsonl", *lines))


def test_long_lists_are_shortened(tmp_path):
    lines = [line(TEXT, CITY), *(line(TEXT, (n, n, "PER")) for n in range(13))]
    invalid = read_annotations(write_lines(tmp_path / "a.jsonl", *lines)).invalid
    told = name_spans(invalid)
    assert told.startswith(
        "line 2: '' as PER has its end 0 not after its start 0; line"
    )
    assert "line 11:" in told
    assert "line 12:" not in told
    assert told.endswith("; and 3 more")
    assert "more" not in name_spans(invalid[:10])


OFFSETS = st.one_of(st.integers(-2, 9), st.sampled_from([None, "1", 1.0, True]))
SPANS = st.fixed_dictionaries(
    {},
    optional={
        "start": OFFSETS,
        "end": OFFSETS,
        "label": st.sampled_from(["A", "B", "", " A", None, 1]),
        "score": st.sampled_from([None, 0, 0.25, 1, 1.5, -0.5, "1", False]),
    },
)
GOOD_SPANS = st.builds(
    lambda start, length, label, score: {
        "start": start,
        "end": start + length,
        "label": label,
        "score": score,
    },
    st.integers(0, 6),
    st.integers(1, 4),
    st.sampled_from("AB"),
    st.sampled_from([0.25, 0.5, 1.0]),
)


def is_valid(span, text):
    """A reference implementation of validation."""
    if not {"start", "end", "label"} <= set(span):
        return False
    start, end, label, score = (span.get(k) for k in ("start", "end", "label", "score"))
    if not type(start) is type(end) is int or label not in ("A", "B"):
        return False
    if score is not None and (type(score) not in (int, float) or not 0 <= score <= 1):
        return False
    if not 0 <= start < end <= len(text):
        return False
    return text[start:end] == text[start:end].strip()


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text("ab \n", max_size=8), st.lists(SPANS | GOOD_SPANS, max_size=6)
        ),
        max_size=4,
    )
)
def test_validation_matches_reference(tmp_path_factory, lines):
    path: Path = tmp_path_factory.getbasetemp() / "random.jsonl"
    known = line("known", (0, 5, "A"))
    rows = [{"text": text, "spans": spans} for text, spans in lines]
    found = read_annotations(write_lines(path, known, *rows))
    votes = {
        vote.place: (text, vote) for text, vs in found.votes.items() for vote in vs
    }
    assert sorted(votes) == sorted(f"line {n + 1}" for n in range(len(lines) + 1))
    for number, (text, spans) in enumerate(lines, start=2):
        found_text, vote = votes[f"line {number}"]
        assert found_text == text.rstrip()
        assert len(vote.spans) + len(vote.invalid) == len(spans)
        assert all(span.place == f"line {number}" for span in vote.invalid)
        valid = [
            (
                s["start"],
                s["end"],
                s["label"],
                1.0 if s.get("score") is None else s["score"],
            )
            for s in spans
            if is_valid(s, text)
        ]
        assert not Counter(map(tuple, vote.spans)) - Counter(valid)
        taken = [set(range(s.start, s.end)) for s in vote.spans]
        assert sum(map(len, taken)) == len(set().union(*taken))
        # Valid spans are left out only if they overlap one with at least their score.
        for start, end, _, score in Counter(valid) - Counter(map(tuple, vote.spans)):
            assert any(
                s.start < end and start < s.end and s.score >= score for s in vote.spans
            )
        n_overlaps = sum("overlaps" in span.reason for span in vote.invalid)
        assert n_overlaps == len(valid) - len(vote.spans)
    assert len(found.invalid) == sum(len(vote.invalid) for _, vote in votes.values())


def read_or_refuse(path):
    try:
        return read_annotations(path), ""
    except DistillError as error:
        return None, str(error)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    path: Path = tmp_path_factory.getbasetemp() / "bytes.jsonl"
    path.write_bytes(data)
    found, error = read_or_refuse(path)
    assert error == "" or ("bytes.jsonl" in error and "\n" not in error)
    assert found is None or found.labels


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["start", "end", "label", "x"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {"text": JSON, "spans": st.lists(JSON, max_size=3) | JSON},
        optional={"answer": JSON, "annotator": JSON},
    )
)
def test_any_json_is_read_or_refused(tmp_path_factory, record):
    path: Path = tmp_path_factory.getbasetemp() / "json.jsonl"
    write_lines(path, json.dumps(line("known", (0, 5, "A"))), json.dumps(record))
    found, error = read_or_refuse(path)
    if found is None:
        assert "json.jsonl:2" in error
    else:
        votes = [
            vote for vs in found.votes.values() for vote in vs if vote.place == "line 2"
        ]
        assert sum(len(v.spans) + len(v.invalid) for v in votes) == len(record["spans"])
