"""Students with a lexicon: what it is good for, packages, and the documented config."""

import random
from typing import List, Sequence, Set, Tuple

import numpy as np
import pytest
import spacy
from small import f_score, model_config, write_gold
from small import train as train_on_sentences
from spacy.cli.train import train as train_config
from spacy.language import Language
from spacy.tokens import DocBin, Span
from spacy.training import Example
from test_spacy_train import CONFIGS, SMALL
from thinc.api import fix_random_seed

from spacy_distill.compression.quantize import quantize
from spacy_distill.docs import blank_pipeline
from spacy_distill.students.lexicon.features import get_lexicon_features
from spacy_distill.students.lexicon.init_features import init_lexicon_features_v1
from spacy_distill.students.word_vectors import StartingVectors

SYLLABLES = ("ka", "mo", "ti", "ru", "se", "la", "no", "pe")
N_WORDS = 800
FEATURES = {"@architectures": "spacy_distill.LexiconFeatures.v1", "width": 6}
CHARACTERS = {"@tokenizers": "spacy.zh.ChineseTokenizer", "segmenter": "char"}


def make_words(rng: random.Random) -> List[str]:
    """Words of two parts, which are two tokens, as names of several words are."""
    words: Set[str] = set()
    while len(words) < N_WORDS:
        first, last = ("".join(rng.choices(SYLLABLES, k=2)) for _ in range(2))
        words.add(f"{first} {last}")
    return rng.sample(sorted(words), N_WORDS)


def make_example(nlp: Language, rng: random.Random, words: List[str], names: Set[str]):
    chosen = rng.sample(words, 3)
    text = f"we saw {chosen[0]} and {chosen[1]} near {chosen[2]}"
    spans = [
        (text.index(word), text.index(word) + len(word), "NAME")
        for word in chosen
        if word in names
    ]
    return Example.from_dict(nlp.make_doc(text), {"entities": spans})


def similar_vectors(words: Sequence[str], width: int) -> StartingVectors:
    """Vectors of names that are near each other, as pretrained ones are."""
    vectors = np.random.default_rng(0).normal(0.5, 0.2, size=(len(words), width))
    return StartingVectors(vectors.astype(np.float32))


def make_data() -> Tuple[Set[str], List[str], List[str]]:
    """Names, and words of training and of held-out texts. Half of them are names."""
    words = make_words(random.Random(0))
    half = N_WORDS // 2
    return set(words[::2]), words[:half], words[half:]


def train(nlp: Language, examples: List[Example], steps: int) -> None:
    fix_random_seed(0)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    rng = random.Random(0)
    for _ in range(steps):
        nlp.update(rng.sample(examples, 32), sgd=optimizer, drop=0.2)


@pytest.mark.parametrize("arch", ["qrnn", "bilstm", "cnn"])
def test_names_that_only_the_lexicon_knows(arch, tmp_path):
    names, seen, held_out = make_data()
    path = tmp_path / "names.txt"
    path.write_text("\n".join(sorted(names)), encoding="utf-8")
    scores = {}
    for lexicon in (False, True):
        nlp = spacy.blank("en")
        config = model_config(arch)
        if lexicon:
            config["tok2vec"]["token_features"] = FEATURES
        nlp.add_pipe("compact_ner", name="ner", config={"model": config})
        rng = random.Random(1)
        examples = [make_example(nlp, rng, seen, names) for _ in range(400)]
        tests = [make_example(nlp, rng, held_out, names) for _ in range(60)]
        if lexicon:
            gold = tmp_path / "gold.spacy"
            DocBin(docs=[eg.reference for eg in examples]).to_disk(gold)
            init_lexicon_features_v1(path, gold, source=similar_vectors)(nlp)
            (layer,) = get_lexicon_features(nlp.get_pipe("ner").model)
            assert set(layer.attrs["words"]) == names
        train(nlp, examples, 60)
        scores[lexicon] = f_score(nlp, tests)
    # Names and other words are made of the same syllables in the same contexts, so
    # nothing but the lexicon tells them apart. Guessing finds half of them.
    assert scores[True] > 0.9
    assert scores[False] < 0.7


def test_the_shipped_config(tmp_path):
    gold = tmp_path / "gold.spacy"
    nlp = blank_pipeline("zh", tokenizer=CHARACTERS)
    doc = nlp.make_doc("方敏住在云桥市。")
    doc.set_ents([Span(doc, 0, 2, "PER"), Span(doc, 4, 7, "LOC")])
    DocBin(docs=[doc] * 4).to_disk(gold)
    lexicon = tmp_path / "dict.txt"
    lexicon.write_text("云桥市 3 ns\n大桥 7 n\n桥 9 n\n", encoding="utf-8")
    block = "initialize.before_init.callbacks.lexicon"
    overrides = {
        **SMALL,
        "paths.train": str(gold),
        "paths.dev": str(gold),
        "training.train_corpus": "corpora.gold",
        "nlp.lang": "zh",
        "paths.lexicon": str(lexicon),
        f"{block}.columns": True,
        f"{block}.source": None,
        "initialize.before_init.callbacks.words.source": None,
    }
    config = CONFIGS / "student_lexicon.cfg"
    train_config(config, tmp_path / "out", overrides=overrides)
    student = spacy.load(tmp_path / "out" / "model-best")
    (layer,) = get_lexicon_features(student.get_pipe("ner").model)
    assert layer.attrs["words"] == ["云桥市", "大桥"]
    # Installed elsewhere, without lexicon and texts, its words stay.
    lexicon.unlink()
    student.initialize()
    assert layer.attrs["words"] == ["云桥市", "大桥"]


@pytest.mark.parametrize("storage", ["float16", "int8"])
def test_a_smaller_copy(storage, tmp_path):
    nlp = spacy.blank("en")
    config = model_config("qrnn")
    config["tok2vec"]["token_features"] = FEATURES
    nlp.add_pipe("compact_ner", name="ner", config={"model": config})
    gold = write_gold(tmp_path / "gold.spacy", nlp)
    lexicon = tmp_path / "names.txt"
    lexicon.write_text("New York City\nAnna Smith\nLisbon\n", encoding="utf-8")
    init_lexicon_features_v1(lexicon, gold)(nlp)
    train_on_sentences(nlp, 60)
    nlp.to_disk(tmp_path / "large")
    quantized = quantize(
        tmp_path / "large", tmp_path / "small", storage=storage, table_bits=8, gold=gold
    )
    assert quantized.after.f1 == quantized.before.f1 == 1.0
    small = spacy.load(tmp_path / "small")
    (layer,) = get_lexicon_features(small.get_pipe("ner").model)
    assert layer.attrs["words"] == ["New York City", "Anna Smith", "Lisbon"]
    assert layer.get_param("lexicon_fixed").dtype == np.int8
