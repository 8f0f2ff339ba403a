"""The callback that fills lexicon features with words."""

import numpy as np
import pytest
import spacy
from small import make_nlp, model_config, write_gold, write_soft_labels
from spacy.training import Example

from spacy_distill.errors import DistillError
from spacy_distill.students.init_words import init_words_v1
from spacy_distill.students.lexicon.features import get_lexicon_features
from spacy_distill.students.lexicon.init_features import (
    init_lexicon_features_v1,
    sort_words,
)
from spacy_distill.students.lexicon.matching import Lexicon
from spacy_distill.students.word_vectors import StartingVectors
from spacy_distill.training.callbacks import run_callbacks_v1

WIDTH = 4
WORDS = ["New York", "New York City", "York", "Anna", "Zanzibar"]


@pytest.fixture
def gold(tmp_path):
    return write_gold(tmp_path / "gold.spacy", spacy.blank("en"))


@pytest.fixture
def lexicon(tmp_path):
    path = tmp_path / "lexicon.txt"
    path.write_text("\n".join([*WORDS, "", "Anna"]) + "\n", encoding="utf-8")
    return path


def with_lexicon(arch="qrnn"):
    nlp = spacy.blank("en")
    config = model_config(arch)
    config["tok2vec"]["token_features"] = {
        "@architectures": "spacy_distill.LexiconFeatures.v1",
        "width": WIDTH,
    }
    nlp.add_pipe("compact_ner", name="ner", config={"model": config})
    return nlp


def layer_of(nlp):
    (layer,) = get_lexicon_features(nlp.get_pipe("ner").model)
    return layer


def source(words, width):
    vectors = np.arange(len(words) * width).reshape(len(words), width)
    return StartingVectors(vectors.astype(np.float32))


def test_words_vectors_and_counts(gold, lexicon):
    nlp = init_lexicon_features_v1(lexicon, gold, source=source)(with_lexicon())
    layer = layer_of(nlp)
    assert layer.attrs["words"] == WORDS
    table = layer.get_param("lexicon_vectors")
    # The last one is not in the texts.
    np.testing.assert_array_equal(table[1:], source(WORDS, WIDTH).vectors[:4])
    assert not table[0].any()
    assert layer.get_param("lexicon_fixed").shape == (1, WIDTH)
    # Of words within others only the longest counts. One more for all.
    counts = layer.get_param("lexicon_counts")
    assert counts.tolist() == [1.0, 2.0, 1.0, 3.0, 1.0]


def test_only_words_of_the_texts(gold, lexicon, tmp_path):
    nlp = init_lexicon_features_v1(lexicon, gold, prune_words=True)(with_lexicon())
    assert layer_of(nlp).attrs["words"] == WORDS[:4]
    folder = write_soft_labels(tmp_path, ["Zanzibar is far"])
    init = init_lexicon_features_v1(
        lexicon, gold, soft_labels=folder, prune_words=True, min_characters=5
    )
    assert layer_of(init(with_lexicon())).attrs["words"] == [*WORDS[:2], WORDS[4]]


def test_a_word_inside_of_a_longer_one_does_not_count():
    doc = spacy.blank("en").make_doc("New York City , York City Hall , York")
    words = ["Oslo", "York", "York City Hall", "Rome", "New York City", "City"]
    lexicon, counts, n_used = sort_words(Lexicon(words), [doc])
    assert lexicon.words == [*words[1:3], *words[4:], "Oslo", "Rome"]
    assert counts.tolist() == [1, 1, 1, 0, 0, 0]
    assert n_used == 4


def test_a_student_is_trained_with_both_callbacks(gold, lexicon, tmp_path):
    nlp = with_lexicon()
    nlp.config["initialize"]["before_init"] = None
    run = run_callbacks_v1(
        {
            "words": init_words_v1(gold),
            "lexicon": init_lexicon_features_v1(lexicon, gold),
        }
    )
    examples = [Example.from_dict(nlp.make_doc("Anna"), {"entities": [(0, 4, "PER")]})]
    run(nlp)
    nlp.initialize(lambda: examples)
    nlp.update(examples)
    nlp.to_disk(tmp_path / "model")
    other = spacy.load(tmp_path / "model")
    assert layer_of(other).attrs["words"] == WORDS
    (ours,), (theirs,) = (
        x.get_pipe("ner").model.predict([nlp.make_doc("New York City")])
        for x in (nlp, other)
    )
    np.testing.assert_array_equal(ours, theirs)


def test_words_stay_where_files_are_gone(gold, lexicon, caplog):
    nlp = init_lexicon_features_v1(lexicon, gold)(with_lexicon())
    table = layer_of(nlp).get_param("lexicon_vectors").copy()
    lexicon.unlink()
    for again in (
        init_lexicon_features_v1(lexicon, gold),
        init_lexicon_features_v1(gold=gold),
    ):
        again(nlp)
        np.testing.assert_array_equal(layer_of(nlp).get_param("lexicon_vectors"), table)
    assert layer_of(nlp).attrs["words"] == WORDS


def test_no_layer(gold, lexicon):
    with pytest.raises(
        DistillError, match=r"LexiconFeatures\.v1 in the pipeline, got ner"
    ):
        init_lexicon_features_v1(lexicon, gold)(make_nlp())


def test_settings_are_checked_early(gold, lexicon):
    config = init_lexicon_features_v1(lexicon, gold)
    config.check(with_lexicon())
    with pytest.raises(DistillError, match="got nothing"):
        config.check(spacy.blank("en"))
    with pytest.raises(DistillError, match="no file there"):
        init_lexicon_features_v1(lexicon.with_name("x.txt"), gold).check(with_lexicon())


def test_no_path(gold):
    with pytest.raises(DistillError, match="words of a lexicon"):
        init_lexicon_features_v1(gold=gold)(with_lexicon())


def test_no_texts(lexicon):
    with pytest.raises(DistillError, match="gold or soft_labels"):
        init_lexicon_features_v1(lexicon)(with_lexicon())


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_an_empty_lexicon(gold, tmp_path, content):
    path = tmp_path / "empty.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DistillError, match="a word on each line"):
        init_lexicon_features_v1(path, gold)(with_lexicon())


def test_without_the_callback():
    nlp = with_lexicon()
    examples = [Example.from_dict(nlp.make_doc("Anna"), {"entities": [(0, 4, "PER")]})]
    with pytest.raises(DistillError, match="init_lexicon_features"):
        nlp.initialize(lambda: examples)
