"""Scores of characters, against a count of their own."""

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_distill.tasks.ner.characters import KEY, character_scores, count_characters
from spacy_distill.tasks.ner.task import compact_ner_score, compact_ner_scorer_v1

LABELS = ("PER.NAM", "PER.NOM", "LOC")
VOCAB = Vocab()


def make_doc(text, labels, cuts, missing=()):
    """A Doc with tokens cut at `cuts`, and the runs of equal labels as entities.

    labels: label of each character, "" outside. They do not change within tokens.
    """
    edges = [0, *sorted(cuts), len(text)]
    words = [text[a:b] for a, b in zip(edges, edges[1:])]
    doc = Doc(VOCAB, words=words, spaces=[False] * len(words))
    spans, start = [], 0
    for end in range(1, len(text) + 1):
        if end == len(text) or labels[end] != labels[start]:
            if labels[start]:
                spans.append(doc.char_span(start, end, label=labels[start]))
            start = end
    unknown = [token for token in doc if token.idx in missing]
    doc.set_ents(
        [s for s in spans if not any(t in unknown for t in s)],
        missing=[Span(doc, t.i, t.i + 1) for t in unknown],
        default="outside",
    )
    return doc


@st.composite
def labelled_texts(draw):
    text = draw(st.text("\u96ea\u5c71\u9547a1\uff21", min_size=1, max_size=12))
    both = [
        draw(
            st.lists(
                st.sampled_from(("", *LABELS)), min_size=len(text), max_size=len(text)
            )
        )
        for _ in range(2)
    ]
    cuts = []
    for labels in both:
        needed = {i for i in range(1, len(text)) if labels[i] != labels[i - 1]}
        others = draw(st.sets(st.integers(1, len(text) - 1))) if len(text) > 1 else ()
        cuts.append(needed | set(others))
    return text, both, cuts


def by_hand(pairs):
    """Precision, recall and F1, micro and macro, from pairs of labels."""
    rows = []
    for label in sorted({label for pair in pairs for label in pair if label}):
        tp = sum(g == p == label for g, p in pairs)
        found = sum(p == label for _, p in pairs)
        there = sum(g == label for g, _ in pairs)
        rows.append((tp, found, there))

    def prf(tp, found, there):
        p = tp / found if found else 0.0
        r = tp / there if there else 0.0
        return p, r, 2 * p * r / (p + r) if p + r else 0.0

    if not rows:
        return (None,) * 3, (None,) * 3
    each = [prf(*row) for row in rows]
    micro = prf(*(sum(column) for column in zip(*rows)))
    return micro, tuple(sum(column) / len(each) for column in zip(*each))


@given(st.lists(labelled_texts(), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_any_annotation(drawn):
    examples, pairs = [], []
    for text, (gold, found), (gold_cuts, found_cuts) in drawn:
        predicted = make_doc(text, found, found_cuts)
        examples.append(Example(predicted, make_doc(text, gold, gold_cuts)))
        pairs += zip(gold, found)
    micro, macro = by_hand(pairs)
    scores = character_scores(examples)
    for name, one, mean in zip("prf", micro, macro):
        assert scores[f"{KEY}_{name}"] == (one and pytest.approx(one))
        assert scores[f"{KEY}_macro_{name}"] == (mean and pytest.approx(mean))
    per_type = scores[f"{KEY}_per_type"] or {}
    assert list(per_type) == sorted({x for pair in pairs for x in pair if x})


def test_a_wrong_label_is_an_error_of_both():
    text, gold = "\u96ea\u5c71\u9547\u7f8e", ["LOC", "LOC", "LOC", ""]
    found = ["LOC", "LOC", "PER.NAM", "PER.NAM"]
    cuts = {1, 2, 3}
    eg = Example(make_doc(text, found, cuts), make_doc(text, gold, cuts))
    counts = count_characters([eg])
    assert counts == {"LOC": (2, 0, 1), "PER.NAM": (0, 2, 0)}
    scores = character_scores([eg])
    assert scores[f"{KEY}_p"] == 2 / 4
    assert scores[f"{KEY}_r"] == 2 / 3
    assert scores[f"{KEY}_macro_r"] == pytest.approx((2 / 3 + 0) / 2)


def test_whitespace_and_missing_annotation_do_not_count():
    words = ["Ada", " ", "Lowe", "\n"]
    gold = Doc(VOCAB, words=words, spaces=[True, False, True, False])
    gold.set_ents([Span(gold, 0, 4, label="PER")])
    found = Doc(VOCAB, words=["Ada  Lowe \n"], spaces=[False])
    found.set_ents([Span(found, 0, 1, label="PER")])
    assert count_characters([Example(found, gold)]) == {"PER": (7, 0, 0)}
    text = "\u96ea\u5c71\u9547"
    gold = make_doc(text, ["LOC", "", ""], {1, 2}, missing={2})
    found = make_doc(text, ["LOC", "", "LOC"], {1, 2})
    assert count_characters([Example(found, gold)]) == {"LOC": (1, 0, 0)}


def test_they_are_scored_where_there_are_no_spaces_or_when_asked_for():
    for lang, characters, expected in [
        ("zh", None, True),
        ("ja", None, True),
        ("en", None, False),
        ("en", True, True),
        ("zh", False, False),
    ]:
        vocab = spacy.blank("zh" if lang == "zh" else "en").vocab
        vocab = Vocab() if lang == "ja" else vocab
        vocab.lex_attr_getters.setdefault(spacy.attrs.LANG, lambda _, lang=lang: lang)
        doc = Doc(vocab, words=["a", "b"])
        doc.set_ents([Span(doc, 0, 1, label="LOC")])
        scores = compact_ner_scorer_v1(characters)([Example(doc, doc)])
        assert (f"{KEY}_f" in scores) == expected, lang
    assert compact_ner_scorer_v1() is compact_ner_score
    assert f"{KEY}_f" not in compact_ner_score([])


def test_the_scorer_is_set_in_a_config():
    nlp = spacy.blank("en")
    scorer = {"@scorers": "spacy_distill.compact_ner_scorer.v1", "characters": True}
    nlp.add_pipe("compact_ner", config={"scorer": scorer})
    doc = nlp.make_doc("Ada Lowe left")
    doc.set_ents([Span(doc, 0, 2, label="PER")])
    nlp.initialize(lambda: [Example(nlp.make_doc(doc.text), doc)])
    scores = nlp.evaluate([Example(nlp.make_doc(doc.text), doc)])
    assert {f"{KEY}_f", f"{KEY}_macro_f"} <= scores.keys()
