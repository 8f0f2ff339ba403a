"""Augmenters as spaCy's corpus calls them."""

import random

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Corpus, Example
from spacy.util import registry
from tagged_docs import tagged_doc, tagging_pipeline

from spacy_distill.corpora.augmentation import augmenters
from spacy_distill.errors import DistillError

NAMES = ("augment_texts", "mask_words", "replace_words", "sample_ngram")
NAMES = tuple(f"spacy_distill.{name}.v1" for name in (*NAMES, "sample_sentences"))
WORDS = ["mill", "stands", ".", "Mira", "Graz", "sleeps", ",", "cat", "runs", "."]


def example(nlp=None, **kwargs):
    nlp = spacy.blank("en") if nlp is None else nlp
    doc = tagged_doc(WORDS, ents=[(3, 5, "PER")])
    doc.cats = {"GOOD": 1.0}
    return Example(nlp.make_doc(doc.text), doc)


def run(augmenter, eg, nlp=None, times=40, seed=0):
    random.seed(seed)
    nlp = spacy.blank("en") if nlp is None else nlp
    return [list(augmenter(nlp, eg)) for _ in range(times)]


def new_ones(runs):
    return [eg for first, *others in runs for eg in others]


@pytest.mark.parametrize("name", NAMES)
def test_the_example_itself_and_new_ones(name):
    eg = example()
    runs = run(registry.augmenters.get(name)(), eg)
    assert all(found[0] is eg for found in runs)
    assert eg.reference.cats == {"GOOD": 1.0}
    new = new_ones(runs)
    assert new
    for other in new:
        assert other.reference.text == other.predicted.text != eg.reference.text
        # The teacher's to say.
        assert other.reference.cats == {}
        assert not other.reference.has_annotation("TAG")
        for ent in other.reference.ents:
            assert (ent.text, ent.label_) == ("Mira Graz", "PER")
            assert "Mira Graz" in other.reference.text
    assert any(other.reference.ents for other in new)


@pytest.mark.parametrize("name", NAMES)
def test_entities_reach_the_tokens_of_the_pipeline(name):
    new = new_ones(run(registry.augmenters.get(name)(), example()))
    for eg in new:
        tags = eg.get_aligned_ner()
        at = [token.text for token in eg.predicted]
        expected = ["B-PER", "L-PER"] if "Mira" in at else []
        assert [tag for tag in tags if tag != "O"] == expected


@pytest.mark.parametrize("name", NAMES)
def test_cats_may_be_kept(name):
    runs = run(registry.augmenters.get(name)(keep_cats=True), example())
    assert all(eg.reference.cats == {"GOOD": 1.0} for eg in new_ones(runs))


def test_what_each_does():
    made = {
        name: [eg.reference.text for eg in new_ones(run(make(), example()))]
        for name, make in ((name, registry.augmenters.get(name)) for name in NAMES)
    }
    combined, masked, replaced, ngrams, sentences = (made[name] for name in NAMES)
    text = example().reference.text
    assert all("[MASK]" in other for other in masked)
    assert not any("[MASK]" in other for other in (*replaced, *ngrams, *sentences))
    assert all(len(other.split()) == len(WORDS) for other in (*masked, *replaced))
    assert set(sentences) == {"mill stands .", "Mira Graz sleeps , cat runs ."}
    assert all(other in text and len(other) < len(text) for other in ngrams)
    assert any("[MASK]" in other for other in combined)
    assert set(combined) & set(ngrams)


def test_replaced_words_have_the_part_of_speech():
    make = augmenters.replace_words_v1
    for eg in new_ones(run(make(rate=1.0), example())):
        mill, stands, _, _, _, sleeps, _, cat, runs, _ = eg.reference.text.split()
        assert (mill, cat) == ("cat", "mill")
        verbs = zip((stands, sleeps, runs), ("stands", "sleeps", "runs"))
        assert all(new in ("stands", "sleeps", "runs") != old for new, old in verbs)


def test_a_pipeline_that_tags(tmp_path):
    tagging_pipeline().to_disk(tmp_path)
    nlp = spacy.blank("en")
    doc = Doc(nlp.vocab, words=WORDS)
    doc.set_ents([Span(doc, 3, 5, "PER")])
    eg = Example(nlp.make_doc(doc.text), doc)
    with pytest.raises(DistillError, match="Expected a pipeline with a tagger"):
        run(augmenters.replace_words_v1(), eg)
    runs = run(
        augmenters.replace_words_v1(rate=1.0, pipeline=str(tmp_path)), eg, times=3
    )
    for other in new_ones(runs):
        assert other.reference.text.startswith("cat ")
        assert [ent.text for ent in other.reference.ents] == ["Mira Graz"]
        assert other.reference.vocab is nlp.vocab


def test_missing_annotation_is_not_none():
    nlp = spacy.blank("en")
    doc = Doc(nlp.vocab, words=["mill", "stands", "here"])
    for eg in new_ones(run(augmenters.mask_words_v1(), Example(doc.copy(), doc))):
        assert not eg.reference.has_annotation("ENT_IOB")


def test_rounds_and_wrong_settings():
    runs = run(augmenters.augment_texts_v1(rounds=4), example())
    assert max(map(len, runs)) == 5
    assert all(len({eg.text for eg in found}) == len(found) for found in runs)
    with pytest.raises(DistillError, match="Expected mask_rate from 0 to 1"):
        augmenters.mask_words_v1(rate=2.0)


def test_the_seed_of_the_training():
    texts = [
        [[eg.text for eg in found] for found in run(make, example(), seed=seed)]
        for make, seed in (
            (augmenters.augment_texts_v1(), 1),
            (augmenters.augment_texts_v1(), 1),
            (augmenters.augment_texts_v1(), 2),
        )
    ]
    assert texts[0] == texts[1] != texts[2]


CONFIG = """
[corpora]
@readers = "spacy.Corpus.v1"
path = {path}
gold_preproc = false
max_length = 0
limit = 0

[corpora.augmenter]
@augmenters = "spacy_distill.augment_texts.v1"
rounds = 5
"""


def test_in_a_corpus_of_spacy(tmp_path):
    DocBin(docs=[example().reference]).to_disk(tmp_path / "gold.spacy")
    nlp = spacy.blank("en")
    config = spacy.util.load_config_from_str(
        CONFIG.format(path=f'"{tmp_path / "gold.spacy"}"')
    )
    corpus = registry.resolve(config)["corpora"]
    assert isinstance(corpus, Corpus)
    random.seed(0)
    examples = list(corpus(nlp))
    assert len(examples) > 1
    component = nlp.add_pipe("ner")
    component.add_label("PER")
    nlp.initialize(lambda: examples)
    losses = nlp.update(examples)
    assert losses["ner"] > 0


def test_docs_without_known_spaces():
    nlp = spacy.blank("en")
    doc = Doc(nlp.vocab, words=["mill", "n't", "stands", ".", "cat"])
    doc.has_unknown_spaces = True
    for eg in new_ones(run(augmenters.mask_words_v1(), Example(doc.copy(), doc))):
        assert len(eg.predicted) == len(doc)
        assert eg.reference.has_unknown_spaces
