import numpy as np
import pytest
import spacy
import torch
from all_paths import COLUMNS, GRAMMAR, all_paths, matches, path_scores, random_scores
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from spacy_distill.tasks.ner.decoding import (
    allowed_tags,
    blocked_tokens,
    decode_entities,
    decode_tags,
)
from spacy_distill.tasks.ner.lattice.transitions import grammar_transitions
from spacy_distill.tasks.ner.tags import tags_to_spans

pytestmark = pytest.mark.usefixtures("both_ways")

VOCAB = spacy.blank("en").vocab
some_words = st.lists(st.sampled_from(["a", "a", "a", " "]), min_size=1, max_size=5)
batches = st.lists(some_words, min_size=1, max_size=3)
seeds = st.integers(0, 2**32 - 1)


def make_doc(words, presets=(), blocked=()):
    doc = Doc(VOCAB, words=words)
    if presets or blocked:
        doc.set_ents(
            [Span(doc, *preset) for preset in presets],
            blocked=[doc[i : i + 1] for i in blocked],
            default="missing",
        )
    return doc


def random_presets(rng, words):
    """Non-overlapping spans, some with a label that is not among the tags."""
    presets, blocked, i = [], [], 0
    while i < len(words):
        size = int(rng.integers(1, 3))
        chance = rng.random()
        if chance < 0.2 and i + size <= len(words):
            label = str(rng.choice(["PER", "LOC", "ORG"]))
            presets.append((i, i + size, label))
            i += size
        elif chance < 0.3:
            blocked.append(i)
            i += 1
        else:
            i += 1
    return presets, blocked


def reference(scores, doc, is_crf):
    """(best tags, {(start, end, label): probability}) from all sequences."""
    n = len(doc)
    allowed = np.ones((n, len(COLUMNS)), dtype=bool)
    for token in doc:
        for k, tag in enumerate(COLUMNS):
            if token.is_space and tag[0] in "BLU":
                allowed[token.i, k] = False
            if token.ent_iob in (1, 3):
                allowed[token.i, k] = tag == "O"
    for ent in doc.ents:
        if ent.label_ in ("PER", "LOC"):
            prefixes = "U" if len(ent) == 1 else "B" + "I" * (len(ent) - 2) + "L"
            for i, prefix in enumerate(prefixes, ent.start):
                allowed[i] = [tag == f"{prefix}-{ent.label_}" for tag in COLUMNS]
    paths = matches(all_paths(COLUMNS, n), allowed)
    if not is_crf:
        masked = scores.emissions.masked_fill(~torch.tensor(allowed), -1e30)
        zeros = [torch.zeros_like(part) for part in scores[1:]]
        scores = type(scores)(masked.log_softmax(1), *zeros)
    totals = path_scores(scores, paths)
    best = paths[int(totals.argmax())]
    spans = {}
    for start, end, label in tags_to_spans([COLUMNS[k] for k in best]):
        if is_crf:
            through = (paths[:, start:end] == best[start:end]).all(axis=1)
            p = (totals[through].logsumexp(0) - totals.logsumexp(0)).exp()
        else:
            rows = torch.arange(start, end)
            p = scores.emissions[rows, torch.tensor(best[start:end])].sum().exp()
        spans[(start, end, label)] = p.item()
    return best, spans


@settings(deadline=None, max_examples=150)
@given(batches, st.booleans(), st.booleans(), seeds)
def test_best_valid_sequence_and_its_spans_probabilities(words, is_crf, preset, seed):
    rng = np.random.default_rng(seed)
    docs = [make_doc(w, *(random_presets(rng, w) if preset else ())) for w in words]
    lengths = [len(doc) for doc in docs]
    scores = random_scores(rng, sum(lengths), scale=2.0, float32=True)
    learned = [part.detach().numpy() for part in scores[1:]] if is_crf else None
    crf = grammar_transitions(GRAMMAR, learned) if is_crf else None
    logits = scores.emissions.detach().numpy().astype(np.float32)
    allowed = allowed_tags(docs, COLUMNS)
    tags = decode_tags(logits, lengths, COLUMNS, crf=crf, allowed=allowed)
    spans = decode_entities(logits, lengths, COLUMNS, crf=crf, allowed=allowed)
    parts = zip(docs, np.split(tags, np.cumsum(lengths)[:-1]), spans)
    row = 0
    for doc, found, found_spans in parts:
        here = type(scores)(scores.emissions[row : row + len(doc)], *scores[1:])
        row += len(doc)
        best, expected = reference(here, doc, is_crf)
        assert found.tolist() == best.tolist()
        assert [tuple(span[:3]) for span in found_spans] == list(expected)
        for span in found_spans:
            assert span.score == pytest.approx(expected[span[:3]], rel=1e-4, abs=1e-9)
            assert 0.0 <= span.score <= 1.0
            if doc[span.start].ent_iob != 3:
                assert not doc[span.start].is_space
                assert not doc[span.end - 1].is_space
            else:
                assert span.score == pytest.approx(1.0)


@pytest.mark.parametrize("scale", [300.0, 5000.0])
def test_crf_probabilities_of_scores_that_lie_far_apart(scale):
    """Plain sums underflow, so that log-sums are taken instead."""
    rng = np.random.default_rng(0)
    learned = random_scores(rng, 4, scale=scale, float32=True)
    arrays = [part.detach().numpy() for part in learned[1:]]
    crf = grammar_transitions(GRAMMAR, arrays)
    found = 0
    for _ in range(30):
        scores = random_scores(rng, 4, scale=scale, float32=True)
        logits = scores.emissions.detach().numpy().astype(np.float32)
        here = type(scores)(scores.emissions, *learned[1:])
        best, expected = reference(here, make_doc(["a"] * 4), True)
        assert decode_tags(logits, [4], COLUMNS, crf=crf).tolist() == best.tolist()
        (spans,) = decode_entities(logits, [4], COLUMNS, crf=crf)
        assert [tuple(span[:3]) for span in spans] == list(expected)
        for span in spans:
            found += 1
            assert span.score == pytest.approx(expected[span[:3]], rel=1e-4, abs=1e-9)
    assert found > 20


def test_nothing_to_forbid():
    assert allowed_tags([make_doc(["a", "b"]), make_doc(["a"])], COLUMNS) is None


def test_each_doc_has_its_own_rows():
    docs = [make_doc(["a", "a"]), make_doc([" ", "a"]), make_doc(["a"], blocked=[0])]
    allowed = allowed_tags(docs, COLUMNS)
    assert allowed.shape == (5, len(COLUMNS))
    assert allowed[[0, 1, 3]].all()
    assert [COLUMNS[k] for k in np.flatnonzero(allowed[2])] == ["O", "I-PER", "I-LOC"]
    assert np.flatnonzero(allowed[4]).tolist() == [0]


def test_white_space_may_lie_inside():
    allowed = allowed_tags([make_doc(["a", "\n", "b"])], COLUMNS)
    assert allowed[[0, 2]].all()
    assert [COLUMNS[k] for k in np.flatnonzero(allowed[1])] == ["O", "I-PER", "I-LOC"]


def test_blocked_tokens():
    doc = make_doc(["a", "b", "c", "d"], presets=[(0, 1, "PER")], blocked=[2])
    assert blocked_tokens(doc) == [2]
    allowed = allowed_tags([doc], COLUMNS)
    assert [np.flatnonzero(row).tolist() for row in allowed[[0, 2]]] == [
        [COLUMNS.index("U-PER")],
        [0],
    ]
    assert allowed[[1, 3]].all()


def test_extreme_logits():
    doc = make_doc(["a", " ", "a"])
    for value in (1e12, -1e12):
        logits = np.zeros((3, len(COLUMNS)), dtype=np.float32)
        logits[:, COLUMNS.index("B-PER")] = value
        tags = decode_tags(logits, [3], COLUMNS, allowed=allowed_tags([doc], COLUMNS))
        path = [COLUMNS[k] for k in tags]
        assert GRAMMAR.start[tags[0]]
        assert GRAMMAR.end[tags[-1]]
        assert GRAMMAR.follow[tags[:-1], tags[1:]].all(), path
        assert path[1][0] in "IO"
