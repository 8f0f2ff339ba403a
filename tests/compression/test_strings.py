import json

import pytest
import spacy
from small import TEXTS, entities, scores, trained
from small_classifiers import KINDS, by_heart
from texts_with_categories import CLASSIFIED_LABELS, CLASSIFIED_TEXTS

from spacy_distill.compression.shrink import Limits, shrink

SEEN = [*TEXTS, "Annas and Parisians don't", "☃ \n never seen"]


def saved(nlp, folder):
    list(nlp.pipe(SEEN))
    nlp.to_disk(folder)
    return (folder / "vocab" / "strings.json").read_text(encoding="utf-8")


def shrunken(nlp, folder):
    shrink(nlp, Limits("float32")).nlp.to_disk(folder)
    return json.loads((folder / "vocab" / "strings.json").read_text(encoding="utf-8"))


def test_labels_alone_are_left(tmp_path):
    nlp = trained()
    assert "Paris" in saved(nlp, tmp_path)
    # LOC is one of the symbols that each string store has.
    assert shrunken(nlp, tmp_path) == ["PER"]
    again = spacy.load(tmp_path)
    assert "Paris" not in again.vocab.strings
    for one, other in zip(nlp.pipe(SEEN), again.pipe(SEEN)):
        assert [token.text for token in one] == [token.text for token in other]
        assert [token.norm_ for token in one] == [token.norm_ for token in other]
        assert entities(one) == entities(other)
        assert scores(one) == scores(other)


@pytest.mark.parametrize("kind", KINDS)
def test_categories_do_not_depend_on_strings(kind, tmp_path):
    nlp = by_heart(kind)
    texts = [*CLASSIFIED_TEXTS, *SEEN]
    list(nlp.pipe(texts))
    assert shrunken(nlp, tmp_path) == list(CLASSIFIED_LABELS)
    again = spacy.load(tmp_path)
    assert "penalty" not in again.vocab.strings
    for one, other in zip(nlp.pipe(texts), again.pipe(texts)):
        assert one.cats == other.cats


def test_strings_of_two_components_that_do_without(tmp_path):
    nlp = trained()
    nlp.add_pipe("textcat", source=by_heart())
    list(nlp.pipe(SEEN))
    labels = ["FOOD", "PER", "SPORT", "WEATHER"]
    assert shrunken(nlp, tmp_path) == labels
    for one, other in zip(nlp.pipe(SEEN), spacy.load(tmp_path).pipe(SEEN)):
        assert (entities(one), one.cats) == (entities(other), other.cats)


def test_strings_stay_where_something_else_may_want_them(tmp_path):
    for name, change in {
        "ruler": lambda nlp: nlp.add_pipe("entity_ruler"),
        "lookups": lambda nlp: nlp.vocab.lookups.add_table("lemmas", {"a": "b"}),
        "vectors": lambda nlp: nlp.vocab.set_vector("Paris", [1.0, 2.0]),
    }.items():
        nlp = trained()
        if name == "vectors":
            nlp.vocab.reset_vectors(width=2)
        change(nlp)
        before = saved(nlp, tmp_path / name)
        assert shrunken(nlp, tmp_path / name) == json.loads(before)
