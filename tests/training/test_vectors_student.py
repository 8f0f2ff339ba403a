"""Students with pretrained vectors: what they are good for, the config, and copies."""

import random
from typing import List, Set

import numpy as np
import pytest
import spacy
from small import f_score, make_pieces, model_config, write_gold, write_soft_labels
from spacy.cli.train import train as train_config
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example
from test_spacy_train import CONFIGS, SMALL
from thinc.api import fix_random_seed

from spacy_distill.compression.quantize import quantize
from spacy_distill.errors import DistillError
from spacy_distill.students.encoder import get_encoders
from spacy_distill.students.init_words import init_words_v1
from spacy_distill.students.static_vectors import static_vectors_v1
from spacy_distill.training.checks import check_config
from spacy_distill.training.config import read_config

SYLLABLES = ("ka", "mo", "ti", "ru", "se", "la", "no", "pe")
N_WORDS = 400


def make_words() -> List[str]:
    """Words of three syllables, of which every second one is a name."""
    rng = random.Random(0)
    words: Set[str] = set()
    while len(words) < N_WORDS:
        words.add("".join(rng.choices(SYLLABLES, k=3)))
    return rng.sample(sorted(words), N_WORDS)


def write_vectors(path, words, names, width=8):
    """Vectors of names that are near each other, as pretrained ones are."""
    rng = np.random.default_rng(0)
    rows = []
    for word in words:
        vector = rng.normal(1.0 if word in names else -1.0, 0.7, size=width)
        rows.append(" ".join([word, *map(str, vector)]))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def make_example(nlp: Language, rng: random.Random, words: List[str], names: Set[str]):
    chosen = rng.sample(words, 3)
    text = f"we saw {chosen[0]} and {chosen[1]} near {chosen[2]}"
    spans = [
        (text.index(f" {word}") + 1, text.index(f" {word}") + 1 + len(word), "NAME")
        for word in chosen
        if word in names
    ]
    return Example.from_dict(nlp.make_doc(text), {"entities": spans})


def test_names_that_only_the_vectors_know(tmp_path):
    words = make_words()
    names, seen, held_out = set(words[::2]), words[:200], words[200:]
    path = write_vectors(tmp_path / "vectors.txt", [*held_out, *seen], names)
    scores = {}
    for known_words in (0, N_WORDS):
        nlp = spacy.blank("en")
        nlp.add_pipe("compact_ner", name="ner", config={"model": model_config("qrnn")})
        rng = random.Random(1)
        examples = [make_example(nlp, rng, seen, names) for _ in range(300)]
        tests = [make_example(nlp, rng, held_out, names) for _ in range(60)]
        gold = tmp_path / "gold.spacy"
        DocBin(docs=[eg.reference for eg in examples]).to_disk(gold)
        source = static_vectors_v1(str(path), known_words)
        init_words_v1(gold, source=source)(nlp)
        fix_random_seed(0)
        optimizer = nlp.initialize(lambda examples=examples: examples)
        optimizer.learn_rate = 0.01
        for _ in range(60):
            nlp.update(rng.sample(examples, 32), sgd=optimizer, drop=0.2)
        scores[known_words] = f_score(nlp, tests)
    # Names and other words are made of the same syllables in the same contexts.
    assert scores[N_WORDS] > 0.9
    assert scores[0] < 0.75


@pytest.fixture
def vectors(tmp_path):
    words = ["anna", "paris", "smith", "new", "york", "zagreb", "likes", "bob"]
    return write_vectors(tmp_path / "vectors.txt", words, {"anna", "smith", "bob"})


def overrides(tmp_path, vectors):
    gold = write_gold(tmp_path / "gold.spacy", spacy.blank("en"))
    soft_labels = write_soft_labels(tmp_path, ["Anna"], pieces=make_pieces())
    return {
        **SMALL,
        "components.ner.model.tok2vec.word_width": 10,
        "paths.train": str(gold),
        "paths.dev": str(gold),
        "paths.soft_labels": str(soft_labels),
        "training.train_corpus": "corpora.gold",
        "paths.word_vectors": str(vectors),
        "initialize.before_init.source.vector_width": 4,
        "initialize.before_init.source.known_words": 6,
    }


def test_the_shipped_config_and_a_smaller_copy(tmp_path, vectors):
    settings = overrides(tmp_path, vectors)
    config = CONFIGS / "student_vectors.cfg"
    train_config(config, tmp_path / "out", overrides=settings)
    vectors.unlink()
    student = spacy.load(tmp_path / "out" / "model-best")
    (encoder,) = get_encoders(student.get_pipe("ner").model)
    known = ["anna", "paris", "smith", "new", "york", "zagreb"]
    assert encoder.attrs["known"] == {"words": known, "lowercase": True}
    assert encoder.attrs["pieces"]
    small = quantize(
        tmp_path / "out" / "model-best",
        tmp_path / "small",
        known_words=2,
        gold=tmp_path / "gold.spacy",
    )
    assert (small.before.known, small.after.known) == (6, 2)
    assert small.after.scores.keys() == small.before.scores.keys()
    (encoder,) = get_encoders(spacy.load(tmp_path / "small").get_pipe("ner").model)
    assert encoder.attrs["known"]["words"] == known[:2]


def test_missing_vectors_are_told_before_the_work_starts(tmp_path, vectors):
    path = CONFIGS / "student_vectors.cfg"
    settings = overrides(tmp_path, vectors)
    check_config(read_config(path, settings, interpolate=False), path)
    settings["paths.word_vectors"] = str(tmp_path / "missing.vec")
    with pytest.raises(DistillError, match="Expected word vectors at .*missing.vec"):
        check_config(read_config(path, settings, interpolate=False), path)
    settings["paths.word_vectors"] = str(vectors)
    settings["initialize.before_init.source.vector_width"] = 10
    with pytest.raises(DistillError, match="1 to 9 numbers in a word_width of 10"):
        check_config(read_config(path, settings, interpolate=False), path)
