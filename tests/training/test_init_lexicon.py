"""The callback that gives transformers a lexicon."""

import json
import logging

import numpy as np
import pytest
import spacy
from small import write_gold
from spacy.util import registry
from tiny_transformer_students import (
    SHAPE,
    make_student,
    shim_of,
    train,
    write_source,
)

from spacy_distill.errors import DistillError
from spacy_distill.students.transformer.initialization import init_transformer_v1
from spacy_distill.students.word_vectors import StartingVectors
from spacy_distill.training.callbacks import run_callbacks_v1
from spacy_distill.training.init_lexicon import init_lexicon_v1

WORDS = ["New York City", "Anna", "", "Tokyo", "New York", "Anna", "a", "York"]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_source(tmp_path_factory.mktemp("source"))


@pytest.fixture
def lexicon(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("\n".join(WORDS), encoding="utf-8")
    return path


def write_texts(folder):
    return write_gold(folder / "gold.spacy", spacy.blank("en"))


def by_length(words, width):
    """Vectors of which each entry is the length of the word."""
    lengths = np.array([len(word) for word in words], dtype="f")
    return StartingVectors(np.repeat(lengths[:, None], width, axis=1))


def test_a_config_with_both_callbacks(source, lexicon, tmp_path):
    nlp = make_student(source)
    block = {
        "@callbacks": "spacy_distill.run_callbacks.v1",
        "callbacks": {
            "transformer": {
                "@callbacks": "spacy_distill.init_transformer.v1",
                "source": str(source),
            },
            "lexicon": {
                "@callbacks": "spacy_distill.init_lexicon.v1",
                "path": str(lexicon),
                "width": 8,
                "max_words": 2,
                "gold": str(write_texts(tmp_path)),
            },
        },
    }
    registry.resolve({"before_init": block})["before_init"](nlp)
    settings = shim_of(nlp).cfg["lexicon"]
    # Once each, in the order of the file, and only those of the texts.
    assert settings == {
        "words": ["New York City", "Anna", "New York", "York"],
        "width": 8,
        "max_words": 2,
    }
    train(nlp, 2)


def test_vectors_of_a_source_and_all_words(source, lexicon):
    nlp = make_student(source)
    init_lexicon_v1(lexicon, by_length, width=6, prune_words=False, min_characters=1)(
        nlp
    )
    words = shim_of(nlp).cfg["lexicon"]["words"]
    assert words == list(dict.fromkeys(word for word in WORDS if word))
    table = shim_of(nlp).module.lexicon.vectors.weight.detach().numpy()
    assert table[:, 0].tolist() == [0, *map(len, words)]
    assert (table == table[:, :1]).all()


def test_the_lexicon_of_a_trained_pipeline_stays(source, lexicon, tmp_path, caplog):
    nlp = make_student(source)
    init_lexicon_v1(lexicon, prune_words=False)(nlp)
    nlp.to_disk(tmp_path / "model")
    loaded = spacy.load(tmp_path / "model")
    before = shim_of(loaded).to_bytes()
    callback = run_callbacks_v1(
        {
            "transformer": init_transformer_v1(str(tmp_path / "gone")),
            "lexicon": init_lexicon_v1(tmp_path / "gone.txt"),
        }
    )
    logger = logging.getLogger("spacy")
    logger.addHandler(caplog.handler)
    try:
        callback(loaded)
    finally:
        logger.removeHandler(caplog.handler)
    assert "The lexicon stays as it is. Expected a lexicon at" in caplog.text
    assert shim_of(loaded).to_bytes() == before
    # One that has none cannot keep it.
    with pytest.raises(DistillError, match="gone.txt, got no file there"):
        init_lexicon_v1(tmp_path / "gone.txt")(make_student(source))


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        ([], {}, "Expected a word on each line of .*got none"),
        (["", " "], {}, "Expected a word on each line of .*got none"),
        (["Tokyo", "Berlin"], {}, "in the training texts, got none of 2, such as 'Tok"),
        (["a"], {"prune_words": False}, "of 2 or more characters .*got 1"),
        (["Anna"], {"gold": None}, "Expected gold or soft_labels"),
        (
            ["Anna"],
            {"source": lambda words, width: by_length(words, width + 1)},
            r"vectors of shape \(1, 100\), got \(1, 101\): set the width",
        ),
    ],
)
def test_lexicons_that_cannot_be_used(source, tmp_path, words, options, message):
    path = tmp_path / "words.txt"
    path.write_text("\n".join(words), encoding="utf-8")
    given = {"gold": write_texts(tmp_path), **options}
    nlp = make_student(source)
    with pytest.raises(DistillError, match=message):
        init_lexicon_v1(path, **given)(nlp)
    assert "lexicon" not in shim_of(nlp).cfg


@pytest.mark.parametrize("name", ["width", "max_words", "min_characters"])
def test_numbers_out_of_range(lexicon, name):
    with pytest.raises(DistillError, match=f"Expected {name} of 1 or more .*got 0"):
        init_lexicon_v1(lexicon, **{name: 0})


def test_pipelines_that_take_no_lexicon(lexicon):
    nlp = spacy.blank("en")
    with pytest.raises(DistillError, match="takes a lexicon, got nothing: use"):
        init_lexicon_v1(lexicon)(nlp)
    nlp.add_pipe("compact_ner")
    with pytest.raises(DistillError, match="takes a lexicon, got compact_ner: use"):
        init_lexicon_v1(lexicon).check(nlp)


def test_the_transformer_comes_first(lexicon):
    nlp = spacy.blank("en")
    tok2vec = {"@architectures": "spacy_distill.TransformerStudent.v1", **SHAPE}
    model = {"@architectures": "spacy_distill.TokenClassifier.v1", "tok2vec": tok2vec}
    nlp.add_pipe("compact_ner", name="ner", config={"model": model})
    with pytest.raises(DistillError, match="run spacy_distill.init_transformer.v1 bef"):
        init_lexicon_v1(lexicon, prune_words=False)(nlp)


def test_jsonl(source, tmp_path):
    path = tmp_path / "words.jsonl"
    path.write_text(json.dumps({"text": "Anna"}) + '\n"New York"\n', encoding="utf-8")
    nlp = make_student(source)
    init_lexicon_v1(path, gold=write_texts(tmp_path))(nlp)
    assert shim_of(nlp).cfg["lexicon"]["words"] == ["Anna", "New York"]
