"""Whatever a tool writes is read back as it was: texts, spans and tokens."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written_formats import (
    CONTAINERS,
    TAG_NAMES,
    TEXT_FORMS,
    TOKEN_FORMS,
    write_brat,
    write_records,
)

from spacy_distill.corpora.formats import is_annotated
from spacy_distill.corpora.formats.plain import plain_texts
from spacy_distill.corpora.formats.read import read_checked

# Also characters of two UTF-16 code units, combining ones, and line ends within texts.
CHARACTERS = st.sampled_from('abM.é̈ß😀👩Ж中 \u00a0\t\n\u2028"\\[{#')
LABELS = st.sampled_from(["PER", "LOC"])


@st.composite
def annotated_texts(draw, characters=CHARACTERS):
    text = draw(st.text(characters, min_size=1, max_size=30))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    spans = []
    for start, end in zip(cuts[::2], cuts[1::2]):
        words = text[start:end]
        if words.strip() == words:
            spans.append((start, end, draw(LABELS)))
    return text, spans


@st.composite
def annotated_words(draw):
    # Not Chinese, whose words have no spaces between them: see test_chinese_forms.
    word = st.text(st.sampled_from("abM.é😀Ж[{#-"), min_size=1, max_size=5)
    words = draw(st.lists(word, min_size=1, max_size=8))
    cuts = sorted(draw(st.sets(st.integers(0, len(words)), max_size=6)))
    spans = [(a, b, draw(LABELS)) for a, b in zip(cuts[::2], cuts[1::2])]
    return words, spans


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("formats")


@pytest.mark.parametrize("form", TEXT_FORMS)
@settings(deadline=None, max_examples=40)
@given(
    texts=st.lists(annotated_texts(), min_size=1, max_size=3),
    container=st.sampled_from(CONTAINERS),
    name=st.sampled_from(["a.json", "a.jsonl", "a.txt", "a", "a.jsonl.gz"]),
)
def test_forms_with_texts(folder, form, texts, container, name):
    records = [TEXT_FORMS[form](text, spans) for text, spans in texts]
    path = write_records(folder / name, records, container)
    assert is_annotated(path)
    found = read_checked(path)
    assert [(t.text, [tuple(s[:3]) for s in t.spans]) for t in found] == texts
    assert not any(t.invalid or t.repaired or t.left_out or t.unknown for t in found)
    assert [t.document for t in found] == list(range(len(texts)))
    assert all(t.words is None for t in found)
    assert plain_texts(path) == list(dict.fromkeys(text for text, _ in texts))


@pytest.mark.parametrize("form", TOKEN_FORMS)
@settings(deadline=None, max_examples=40)
@given(
    texts=st.lists(annotated_words(), min_size=1, max_size=3),
    container=st.sampled_from(CONTAINERS),
)
def test_forms_with_tokens(folder, form, texts, container):
    (folder / "features.json").write_text(json.dumps({"ner_tags": TAG_NAMES}))
    records = [TOKEN_FORMS[form](words, spans) for words, spans in texts]
    path = write_records(folder / "tokens.json", records, container)
    assert is_annotated(path)
    found = read_checked(path)
    assert [list(t.words) for t in found] == [words for words, _ in texts]
    assert [t.text for t in found] == [" ".join(words) for words, _ in texts]
    assert not any(t.invalid or t.left_out or t.unknown for t in found)
    for text, (words, spans) in zip(found, texts):
        expected = [(" ".join(words[a:b]), label) for a, b, label in spans]
        assert [(text.text[s.start : s.end], s.label) for s in text.spans] == expected


@settings(deadline=None)
@given(
    annotated=annotated_texts(st.sampled_from("abM.é😀中 \n")),
    newline=st.sampled_from(["\n", "\r\n"]),
    counted=st.sampled_from(["\n", "\r\n"]),
)
def test_brat(folder, annotated, newline, counted):
    text, spans = annotated
    path = write_brat(folder / "b.ann", text, spans, newline=counted)
    # The text may have got other line ends after it was annotated.
    shown = text.replace("\n", newline)
    if not spans or newline == counted or (newline, counted) == ("\r\n", "\n"):
        path.with_suffix(".txt").write_bytes(shown.encode("utf-8"))
    assert is_annotated(path)
    assert is_annotated(path.with_suffix(".txt"))
    found = read_checked(path)
    expected = [(" ".join(text[a:b].split()), label) for a, b, label in spans]
    read = [
        (" ".join(t.text[s.start : s.end].split()), s.label)
        for t in found
        for s in t.spans
    ]
    assert read == expected
    assert not any(t.invalid or t.repaired for t in found)
    # A line is a text, but for those that a span joins.
    lines = [line.rstrip() for line in text.split("\n")]
    assert [line.rstrip() for t in found for line in t.text.split("\n")] == [
        line for line in lines if line
    ] or any("\n" in text[a:b] for a, b, _ in spans)
