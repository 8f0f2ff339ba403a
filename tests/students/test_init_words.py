import shutil
from collections import Counter

import numpy as np
import pytest
import spacy
from small import (
    ARCHITECTURES,
    TEXTS,
    make_examples,
    make_nlp,
    make_pieces,
    model_config,
    write_gold,
    write_soft_labels,
)
from spacy.training import Example

from spacy_distill.errors import DistillError
from spacy_distill.students.encoder import get_encoders
from spacy_distill.students.init_words import init_words_v1
from spacy_distill.students.word_vectors import teacher_words_v1


@pytest.fixture
def gold(tmp_path):
    return write_gold(tmp_path / "gold.spacy", spacy.blank("en"))


def encoder_of(nlp, name="ner"):
    (encoder,) = get_encoders(nlp.get_pipe(name).model)
    return encoder


def test_words_of_gold_by_frequency(gold):
    nlp = init_words_v1(gold=gold)(make_nlp())
    encoder = encoder_of(nlp)
    # Frequency first, then name.
    assert encoder.attrs["words"][:6] == [".", "anna", "paris", "smith", "and", "are"]
    assert len(encoder.attrs["words"]) == len(
        {word.lower() for text in TEXTS for word in text.split()}
    )
    vectors = encoder.get_param("word_vectors")
    assert vectors.shape == (len(encoder.attrs["words"]) + 1, 12)
    assert not vectors[0].any()
    assert set(encoder.attrs["alphabet"]) == set("".join(TEXTS)) - {" "}


def test_case_and_min_count_and_alphabet(gold):
    callback = init_words_v1(gold=gold, min_count=2, max_characters=3)
    encoder = encoder_of(callback(make_nlp("deep_bilstm")))
    assert encoder.attrs["words"] == [".", "Anna", "Paris", "Smith"]
    characters = Counter("".join(TEXTS).replace(" ", ""))
    expected = sorted(characters, key=lambda char: (-characters[char], char))[:3]
    assert encoder.attrs["alphabet"] == expected


def test_words_of_both_sources(gold, tmp_path):
    folder = write_soft_labels(tmp_path, ["an unlabelled Snowman"] * 7)
    callback = init_words_v1(gold=gold, soft_labels=folder)
    words = encoder_of(callback(make_nlp())).attrs["words"]
    assert words[:3] == ["an", "snowman", "unlabelled"]
    assert "anna" in words


def test_rare_words_are_composed(gold, tmp_path):
    folder = write_soft_labels(tmp_path, [*TEXTS, "shark"], pieces=make_pieces())
    nlp = make_nlp()
    source = teacher_words_v1(folder)
    init_words_v1(gold=gold, soft_labels=folder, source=source, min_count=2)(nlp)
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    encoder = encoder_of(nlp)
    docs = [nlp.make_doc("Anna shark Annas ☃")]
    encoder.predict(docs)
    types = encoder._func.cache.types
    rows = types.rows[types.find(docs[0].to_array("ORTH"), nlp.vocab.strings)]
    # In the table; rare; never seen, but with pieces; with nothing at all.
    assert rows.tolist() == [encoder.attrs["words"].index("anna") + 1, -1, -1, 0]


def test_shared_and_own_encoders_get_words(gold):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("tok2vec", config={"model": ARCHITECTURES["cnn"]})
    nlp.add_pipe("compact_ner", name="ner", config={"model": model_config()})
    init_words_v1(gold=gold)(nlp)
    assert encoder_of(nlp, "tok2vec").attrs["words"] == encoder_of(nlp).attrs["words"]


def test_disabled_components_keep_their_words(gold):
    nlp = make_nlp()
    nlp.add_pipe("compact_ner", name="old", config={"model": model_config()})
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    before = encoder_of(nlp, "old").to_bytes()
    # As `spacy train` does with frozen and sourced components.
    with nlp.select_pipes(disable=["old"]):
        init_words_v1(gold=gold)(nlp)
    assert encoder_of(nlp, "old").to_bytes() == before
    assert encoder_of(nlp).attrs["own_words"]


def test_initializing_again_with_other_words(gold, tmp_path):
    nlp = make_nlp()
    examples = make_examples(nlp)
    for callback in (
        init_words_v1(gold=gold, max_characters=2, min_count=2),
        init_words_v1(gold=gold),
        init_words_v1(gold=gold, max_characters=2, min_count=2),
    ):
        nlp.config["initialize"]["before_init"] = None
        callback(nlp)
        optimizer = nlp.initialize(lambda: examples)
        nlp.update(examples, sgd=optimizer)
        assert np.isfinite(encoder_of(nlp).predict([nlp.make_doc(TEXTS[1])])[0]).all()


@pytest.mark.parametrize("gone", ["gold", "soft_labels", "both", "no path"])
def test_a_trained_student_keeps_its_words_without_texts(gold, tmp_path, gone, caplog):
    folder = write_soft_labels(tmp_path, ["an unlabelled Snowman"] * 7)
    nlp = init_words_v1(gold=gold, soft_labels=folder)(make_nlp())
    nlp.config["initialize"]["before_init"] = None
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    again = make_nlp().from_bytes(nlp.to_bytes())
    before = encoder_of(again).attrs["words"], encoder_of(again).to_bytes()
    if gone in ("gold", "both"):
        gold.unlink()
    if gone in ("soft_labels", "both"):
        shutil.rmtree(folder)
    paths = {} if gone == "no path" else {"gold": gold, "soft_labels": folder}
    init_words_v1(**paths)(again)
    assert (encoder_of(again).attrs["words"], encoder_of(again).to_bytes()) == before
    (message,) = caplog.messages
    named = {"gold": [gold], "soft_labels": [folder], "both": [gold, folder]}
    assert all(str(path) in message for path in named.get(gone, ["no path"]))


def test_a_trained_student_takes_texts_that_are_there(gold):
    nlp = init_words_v1(gold=gold, min_count=2)(make_nlp())
    few = encoder_of(nlp).attrs["words"]
    init_words_v1(gold=gold)(nlp)
    assert len(encoder_of(nlp).attrs["words"]) > len(few)


def test_no_paths():
    with pytest.raises(DistillError, match="got neither"):
        init_words_v1()(make_nlp())


def test_no_student():
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    with pytest.raises(DistillError, match="student encoder.*sentencizer"):
        init_words_v1()(nlp)


def test_in_initialize_block(gold):
    """The callback from a config, as `spacy train` runs it."""
    nlp = make_nlp()
    nlp.config["initialize"]["before_init"] = {
        "@callbacks": "spacy_distill.init_words.v1",
        "gold": str(gold),
    }
    doc = nlp.make_doc("Anna")
    nlp.initialize(lambda: [Example.from_dict(doc, {"entities": [(0, 4, "PER")]})])
    assert len(encoder_of(nlp).attrs["words"]) > 10
