"""What the operations keep, for any document."""

from collections import Counter
from random import Random

import pytest
import spacy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from tagged_docs import NAMES, NOUNS, TAGS, VERBS, docs, tagged_doc

from spacy_distill.corpora.augmentation.operations import (
    Variant,
    change_words,
    make_variant,
    sample_ngram,
    sample_sentences,
)
from spacy_distill.corpora.augmentation.passage import Passage
from spacy_distill.corpora.augmentation.replacements import TaggedWords
from spacy_distill.corpora.augmentation.settings import Augmentation

seeds = st.integers(0, 2**32)
rates = st.sampled_from((0.0, 0.25, 0.5))


@st.composite
def all_settings(draw):
    chosen = [draw(rates) for _ in range(4)]
    assume(any(chosen))
    return Augmentation(
        mask_rate=chosen[0],
        replace_rate=chosen[1],
        ngram_rate=chosen[2],
        sentence_rate=chosen[3],
        ngram_words=draw(st.integers(1, 6)),
    )


def replacements():
    """All words as replacements, so that any of them could come."""
    words = TaggedWords()
    words.add(Passage(tagged_doc([*NOUNS, *VERBS, *NAMES])))
    return words


def ents_of(doc):
    return [(ent.text, ent.label_) for ent in doc.ents]


def is_mark(token):
    return token.is_punct or token.is_space


@settings(deadline=None)
@given(docs(), all_settings(), seeds)
def test_variants_are_made_of_the_words_and_what_may_stand_for_them(
    doc, augmentation, seed
):
    variant = make_variant(Passage(doc), augmentation, replacements(), Random(seed))
    if variant is None:
        return
    assert list(variant.tokens) == sorted(set(variant.tokens))
    changed = 0
    for i, word in zip(variant.tokens, variant.words):
        token = doc[i]
        if word == token.text:
            continue
        changed += 1
        assert not is_mark(token)
        assert token.ent_iob_ == "O"
        assert word == "[MASK]" or (TAGS[word] == token.tag_ and word in TAGS)
    if not (augmentation.mask_rate or augmentation.replace_rate):
        assert changed == 0
    # It is a text with a word of its own.
    assert variant.text.strip()
    assert any(
        word != "[MASK]" and (not is_mark(doc[i]) or doc[i].ent_iob_ != "O")
        for i, word in zip(variant.tokens, variant.words)
    )
    assert variant.to_doc().text == variant.text


@settings(deadline=None)
@given(docs(), all_settings(), seeds)
def test_entities_stay_whole_or_go(doc, augmentation, seed):
    variant = make_variant(Passage(doc), augmentation, replacements(), Random(seed))
    if variant is None:
        return
    kept = set(variant.tokens)
    expected = [
        (ent.text, ent.label_)
        for ent in doc.ents
        if kept & set(range(ent.start, ent.end))
    ]
    for ent in doc.ents:
        assert len(kept & set(range(ent.start, ent.end))) in (0, len(ent))
    new = variant.to_doc()
    assert ents_of(new) == expected
    for ent in new.ents:
        assert new.text[ent.start_char : ent.end_char] == ent.text


@settings(deadline=None)
@given(docs(), st.integers(1, 8), seeds)
def test_ngrams_are_runs_of_so_many_words(doc, longest, seed):
    passage = Passage(doc)
    tokens = sample_ngram(passage, longest=longest, rng=Random(seed))
    free = [i for i in passage.words if doc[i].ent_iob_ == "O"]
    if tokens is None:
        # Only entities that are too long, or no word at all.
        assert not free
        assert all(len(ent) > longest for ent in doc.ents)
        return
    assert list(tokens) == list(range(tokens[0], tokens[-1] + 1))
    assert 1 <= len(set(tokens) & set(passage.words)) <= longest
    for end in (tokens[0], tokens[-1]):
        assert not is_mark(doc[end]) or doc[end].ent_iob_ != "O"


@settings(deadline=None)
@given(docs(), seeds)
def test_sentences_are_whole(doc, seed):
    passage = Passage(doc)
    sentences = passage.sentences
    assert sentences[0][0] == 0
    assert sentences[-1][1] == len(doc)
    assert [end for _, end in sentences[:-1]] == [start for start, _ in sentences[1:]]
    tokens = sample_sentences(passage, rng=Random(seed))
    if len(sentences) == 1:
        assert tokens is None
        return
    kept = set(tokens)
    whole = [set(range(*s)) & kept for s in sentences]
    for (start, end), part in zip(sentences, whole):
        left_out = set(range(start, end)) - part
        assert not part or all(doc[i].is_space for i in left_out)
    assert 0 < sum(map(bool, whole)) < len(sentences)


@settings(deadline=None)
@given(docs(), all_settings(), seeds)
def test_the_same_seed_gives_the_same_variant(doc, augmentation, seed):
    one, other = (
        make_variant(Passage(doc), augmentation, replacements(), Random(seed))
        for _ in range(2)
    )
    assert one == other


def test_rates_are_shares_of_the_free_words():
    doc = tagged_doc(["mill", "runs", ".", "Mira"] * 2_000)
    doc.set_ents([Span(doc, i, i + 1, "PER") for i in range(3, len(doc), 4)])
    passage = Passage(doc)
    assert len(passage.free) == 4_000
    changes = change_words(
        passage,
        mask_rate=0.1,
        replace_rate=0.3,
        replacements=replacements(),
        rng=Random(0),
    )
    assert len(changes.masked) == pytest.approx(400, abs=80)
    assert len(changes.replaced) == pytest.approx(1_200, abs=120)
    assert not set(changes.masked) & set(changes.replaced)
    assert {doc[i].text for i in (*changes.masked, *changes.replaced)} == {
        "mill",
        "runs",
    }


def test_all_lengths_of_ngrams_are_equally_likely():
    passage = Passage(tagged_doc(["mill", "runs"] * 20))
    rng = Random(0)
    lengths = Counter(
        len(sample_ngram(passage, longest=5, rng=rng)) for _ in range(2000)
    )
    assert set(lengths) == {1, 2, 3, 4, 5}
    assert all(300 < n < 500 for n in lengths.values())


def test_entities_that_are_too_long_give_no_ngram():
    doc = tagged_doc(["Mira", "Graz", "Linden"], ents=[(0, 3, "PER")])
    assert sample_ngram(Passage(doc), longest=2, rng=Random(0)) is None
    assert sample_ngram(Passage(doc), longest=3, rng=Random(0)) == (0, 1, 2)


def test_every_sentence_is_sampled_and_spaces_are_kept():
    nlp = spacy.blank("en")
    passage = Passage(nlp("A cat. A dog sleeps! Is it late?"))
    rng = Random(0)
    texts = set()
    for _ in range(200):
        tokens = sample_sentences(passage, rng=rng)
        words = tuple(passage.doc[i].text for i in tokens)
        texts.add(Variant(passage.doc, tokens, words).text)
    assert texts == {
        "A cat.",
        "A dog sleeps!",
        "Is it late?",
        "A cat. A dog sleeps!",
        "A cat. Is it late?",
        "A dog sleeps! Is it late?",
    }


def test_sentences_of_the_pipeline_come_first():
    doc = spacy.blank("en")("A cat. A dog sleeps")
    for token in doc:
        token.is_sent_start = token.text == "sleeps"
    assert Passage(doc).sentences == [(0, 5), (5, 6)]
    assert not doc[3].is_sent_start


def test_the_sentencizer_leaves_the_doc_as_it_was():
    doc = spacy.blank("en")("A cat. A dog.")
    assert len(Passage(doc).sentences) == 2
    assert not doc.has_annotation("SENT_START")


def test_a_sentence_that_ends_within_an_entity_goes_on():
    doc = spacy.blank("en")("He met St. Mary today. It rained.")
    doc.set_ents([Span(doc, 2, 4, "PER")])
    for token in doc:
        token.is_sent_start = token.text in ("Mary", "It")
    sentences = [doc[start:end].text for start, end in Passage(doc).sentences]
    assert sentences == ["He met St. Mary today.", "It rained."]


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ("I don't know Mira's cat.", ["I", "know", "cat"]),
        ("a well-known cat (late)", ["a", "well", "known", "cat", "late"]),
        ("... !", []),
    ],
)
def test_words_that_are_written_together_are_not_changed(text, free):
    passage = Passage(spacy.blank("en")(text))
    assert [passage.doc[i].text for i in passage.free] == free


def test_scripts_without_spaces_have_free_words():
    nlp = spacy.blank("en")
    doc = Doc(nlp.vocab, words=["我", "喜欢", "猫", "。"], spaces=[False] * 4)
    passage = Passage(doc)
    assert passage.free == [0, 1, 2]
    settings_ = Augmentation(mask_rate=0.5, replace_rate=0.0, ngram_rate=0.0)
    made = [make_variant(passage, settings_, None, Random(i)) for i in range(20)]
    assert "我[MASK]猫。" in {variant.text for variant in made if variant is not None}


def test_nothing_but_masks_is_no_text():
    doc = tagged_doc(["mill", "."])
    settings_ = Augmentation(mask_rate=1.0, replace_rate=0.0)
    assert make_variant(Passage(doc), settings_, None, Random(0)) is None


def test_an_entity_of_whitespace_is_no_text():
    doc = tagged_doc(["\n"], ents=[(0, 1, "PER")])
    settings_ = Augmentation(mask_rate=1.0, replace_rate=0.0)
    assert make_variant(Passage(doc), settings_, None, Random(0)) is None


def test_missing_entities_stay_missing():
    doc = tagged_doc(["mill", "runs", "Mira"])
    doc.set_ents([Span(doc, 2, 3, "PER")], missing=[doc[0:1]], outside=[doc[1:2]])
    new = Variant(doc, (0, 1, 2), ("road", "runs", "Mira")).to_doc()
    assert [token.ent_iob_ for token in new] == ["", "O", "B"]


def test_the_end_of_a_cut_text_has_no_space():
    doc = tagged_doc(["mill", "runs", "."], [True, True, True])
    assert Variant(doc, (0, 1), ("mill", "runs")).text == "mill runs"
    assert Variant(doc, (1, 2), ("runs", ".")).text == "runs ."
    assert Variant(doc, (0, 1, 2), ("mill", "runs", ".")).text == doc.text
