import json

import pytest
import spacy

from spacy_distill.corpora.checks import Counts, SharedTopic, check_corpus
from spacy_distill.corpora.markup import parse_markup
from spacy_distill.corpora.markup_files import marked_doc
from spacy_distill.corpora.sources import SourceSentence


@pytest.fixture(scope="module")
def nlp():
    return spacy.blank("en")


def split(nlp, text):
    return [
        SourceSentence(marked_doc(sentence, nlp, source="x"), number, document.name)
        for number, document in enumerate(parse_markup(text))
        for sentence in document.sentences
    ]


TRAIN = """# news/a
[Ada Lowe](PER) left [Porto](LOC).
The gauge at the end of the old pier stopped again.
"""
TEST = """# news/b
[PORTO](LOC) won.
"At the end of the old pier, stopped", said [Ben](PER).

# sport/a
[Porto](ORG) lost to [Braga](ORG).
"""


def test_counts(nlp):
    figures = check_corpus({"test": split(nlp, TEST)}, unlabelled={})
    counts = figures.splits["test"]
    assert counts.total == Counts(2, 3, 23, {"ORG": 2, "LOC": 1, "PER": 1})
    assert counts.registers["sport"] == Counts(1, 1, 5, {"ORG": 2})
    assert list(counts.registers) == ["news", "sport"]


def test_names_are_compared_without_case_or_label(nlp):
    gold = {"train": split(nlp, TRAIN), "test": split(nlp, TEST)}
    (overlap,) = check_corpus(gold, unlabelled={}).name_overlap
    assert (overlap.of, overlap.within) == ("test", ("train",))
    assert overlap.shared == ("porto",)
    assert (overlap.names, overlap.mentions) == (3, 4)
    assert overlap.share_of_names == pytest.approx(1 / 3, abs=1e-4)
    assert overlap.share_of_mentions == 0.5


def test_each_split_is_compared_with_those_before_it(nlp):
    empty = split(nlp, "# news/c\nNothing here.\n")
    gold = {"train": split(nlp, TRAIN), "dev": empty, "test": split(nlp, TEST)}
    overlaps = check_corpus(gold, unlabelled={}).name_overlap
    assert [(o.of, o.within) for o in overlaps] == [
        ("dev", ("train",)),
        ("test", ("train",)),
        ("test", ("dev",)),
        ("test", ("train", "dev")),
    ]
    assert overlaps[0].share_of_names == 0.0


def test_names_are_looked_for_in_unlabelled_text(nlp):
    gold = {"train": split(nlp, TRAIN), "test": split(nlp, TEST)}
    text = split(nlp, "# news/c\nBraga's port, Ada and the Lowes.\n")
    overlap = check_corpus(gold, unlabelled={"more": text}).name_overlap[-1]
    assert (overlap.of, overlap.within) == ("test", ("more",))
    assert overlap.shared == ("braga",)
    assert overlap.share_of_mentions == 0.25


def test_repeats_are_found_across_splits_whatever_the_punctuation(nlp):
    gold = {"train": split(nlp, TRAIN)}
    figures = check_corpus(gold, unlabelled={"unlabelled": split(nlp, TEST)})
    assert figures.longest_repeat == 8
    (repeat,) = figures.repeats
    assert repeat.words == "at the end of the old pier stopped"
    assert repeat.places == ("train:2 news/a", "unlabelled:2 news/b")


def test_without_repeats_the_longest_shared_run_is_still_told(nlp):
    gold = {"train": split(nlp, "# a/b\nThe cat sat down.\nThe cat ate.\n")}
    figures = check_corpus(gold, unlabelled={})
    assert figures.repeats == ()
    assert figures.longest_repeat == 2


def test_shared_topics(nlp):
    gold = {"train": split(nlp, TRAIN), "test": split(nlp, TEST)}
    assert check_corpus(gold, unlabelled={}).shared_topics == ()
    again = {"unlabelled": split(nlp, "# sport/a\nHello.\n")}
    figures = check_corpus(gold, unlabelled=again)
    assert figures.shared_topics == (SharedTopic("sport/a", ("test", "unlabelled")),)


def test_figures_go_into_json(nlp):
    figures = check_corpus({"train": split(nlp, TRAIN)}, unlabelled={})
    record = json.loads(json.dumps(figures.to_json()))
    assert record["splits"]["train"]["total"]["entities"] == {"LOC": 1, "PER": 1}
