"""The shipped corpus keeps what its README promises."""

from collections import Counter
from pathlib import Path

import pytest
import spacy

from spacy_distill.corpora.checks import check_corpus
from spacy_distill.corpora.markup import write_markup
from spacy_distill.corpora.markup_files import read_markup
from spacy_distill.corpora.sources import read_gold_source, read_unlabelled_source

ASSETS = Path(__file__).parents[2] / "assets"
LABELS = ("PER", "ORG", "LOC", "MISC")
GOLD = ("train", "dev", "test")
AT_LEAST = {"train": 150, "dev": 200, "test": 400, "unlabelled": 3000}
REGISTERS = ["business", "everyday", "news", "science", "sport", "travel"]


@pytest.fixture(scope="module")
def figures():
    nlp = spacy.blank("en")
    # Reading checks the mark-up, the labels and the token boundaries.
    gold = {s: read_gold_source(ASSETS / s, nlp, labels=LABELS) for s in GOLD}
    unlabelled = read_unlabelled_source(ASSETS / "unlabelled", nlp)
    return check_corpus(gold, unlabelled={"unlabelled": unlabelled})


@pytest.mark.parametrize("split", AT_LEAST)
def test_there_is_enough(figures, split):
    assert figures.splits[split].total.sentences >= AT_LEAST[split]
    assert list(figures.splits[split].registers) == REGISTERS


@pytest.mark.parametrize("split", GOLD)
def test_every_label_is_in_every_register(figures, split):
    for register, counts in figures.splits[split].registers.items():
        assert set(counts.entities) == set(LABELS), register


def test_no_template_stands_in_two_sentences(figures):
    assert figures.longest_repeat < 8, figures.repeats[0]


def test_no_sentence_stands_twice():
    texts = Counter(
        sentence.text
        for folder in ("train", "dev", "test", "unlabelled")
        for document in read_markup(ASSETS / folder)
        for sentence in document.sentences
    )
    assert texts.most_common(1)[0][1] == 1, texts.most_common(3)


def test_no_topic_stands_in_two_splits(figures):
    assert figures.shared_topics == ()


def test_the_splits_share_few_names(figures):
    # For comparison: 42 % of the test mentions of CoNLL-2003 are names of its dev set.
    for overlap in figures.name_overlap:
        if "unlabelled" in overlap.within:
            continue
        assert overlap.share_of_names <= 0.05, overlap
        assert overlap.share_of_mentions <= 0.08, overlap


@pytest.mark.parametrize("split", AT_LEAST)
def test_the_files_are_as_the_writer_writes_them(split):
    for path in sorted((ASSETS / split).glob("*.txt")):
        assert path.read_text(encoding="utf-8") == write_markup(read_markup(path)), path


def test_the_readme_tells_the_true_figures(figures):
    readme = (ASSETS / "README.md").read_text(encoding="utf-8")
    rows = []
    for split, counted in figures.splits.items():
        parts = {f"**{split}**": counted.total}
        parts.update((f"{split}/{r}", c) for r, c in counted.registers.items())
        for name, counts in parts.items():
            cells = [name, counts.documents, counts.sentences, counts.tokens]
            for label in LABELS:
                cells.append(counts.entities.get(label, 0) if split in GOLD else "")
            rows.append("| " + " | ".join(map(str, cells)) + " |\n")
    assert [row for row in rows if row not in readme] == []
    flowing = " ".join(readme.split())
    assert f"the whole corpus share has {figures.longest_repeat} words" in flowing
    shares = {(o.of, o.within): o.share_of_names for o in figures.name_overlap}
    for of, within, sentence in [
        ("dev", ("train",), "of the names of dev are entities in train too"),
        ("test", ("train", "dev"), "of the names of test are entities in train or dev"),
        ("test", ("unlabelled",), "of the names of test stand somewhere in the unlab"),
    ]:
        assert f"{100 * shares[of, within]:.1f} % {sentence}" in flowing
