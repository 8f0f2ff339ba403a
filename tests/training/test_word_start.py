"""What the word embeddings start from, for every kind of teacher, with no setting."""

import json
import re

import numpy as np
import pytest
import spacy
from small import TEXTS, write_gold
from spacy.cli.train import train as spacy_train
from thinc.api import Config
from tiny_classifiers import make_table
from tiny_distillation import SMALL
from tiny_teachers import make_bert_teacher, make_cnn_teacher, write_jsonl

import spacy_distill
from spacy_distill.students.encoder import get_encoders
from spacy_distill.students.init_words import INIT_WORDS
from spacy_distill.students.lexicon.init_features import INIT_LEXICON_FEATURES
from spacy_distill.training.callbacks import RUN_CALLBACKS
from spacy_distill.training.config import STUDENT_CONFIG
from spacy_distill.training.student import AUTO_WORDS, offer_vectors

SETTINGS = {name: value for name, value in SMALL.items() if "before_init" not in name}
TRANSFORMER = "initialize.before_init.source.transformer"
LABELS = ("LOC", "PER")


def find_names(texts):
    found = [[(m.start(), m.end()) for m in re.finditer("Anna|Bob", t)] for t in texts]
    return [[(*place, "PER") for place in places] for places in found]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("word_start")
    make_cnn_teacher().to_disk(folder / "cnn")
    make_bert_teacher(folder / "weights").to_disk(folder / "bert")
    make_table(folder / "hugging_face", {"an": "B-PER", "and": "B-LOC"})
    write_jsonl(folder / "texts.jsonl", TEXTS * 3)
    lines = [
        {"text": text, "spans": [{"start": 0, "end": len(text), "label": label}]}
        for text, label in zip(TEXTS, ("PER", "LOC", "PER", "LOC"))
    ]
    annotations = "".join(f"{json.dumps(line)}\n" for line in lines * 3)
    (folder / "annotations.jsonl").write_text(annotations, encoding="utf-8")
    (folder / "mapped.cfg").write_text(
        '[teacher]\n@misc = "spacy_distill.MappedTeacher.v1"\n'
        'labels = {"LOC": "PLACE", "PER": "PERSON"}\n'
        '[teacher.teacher]\n@misc = "spacy_distill.PipelineTeacher.v1"\n'
        f"name = {json.dumps(str(folder / 'cnn'))}\n"
    )
    return folder


@pytest.fixture
def package(files, monkeypatch):
    """The name of an installed package that contains a transformer."""
    code = f"def get_model_path():\n    return {str(files / 'weights')!r}\n"
    (files / "words_of_word_start.py").write_text(code)
    monkeypatch.syspath_prepend(files)
    return "words_of_word_start"


KINDS = {
    "pipeline": "cnn",
    "transformer pipeline": "bert",
    "Hugging Face": "hugging_face",
    "annotations": "annotations.jsonl",
    "function": find_names,
    "ensemble": ["cnn", "annotations.jsonl"],
    "ensemble with pieces": ["cnn", "bert"],
    "label map": "mapped.cfg",
}
WITH_PIECES = {"transformer pipeline", "Hugging Face", "ensemble with pieces"}


def start(files, kind, capsys, **settings):
    """Distill a kind of teacher. RETURNS: what the run said, and the encoder."""
    teacher = KINDS.get(kind, kind)
    if isinstance(teacher, list):
        teacher = [str(files / name) for name in teacher]
    elif isinstance(teacher, str):
        teacher = files / teacher
    nlp = spacy_distill.distill(
        teacher,
        files / "texts.jsonl",
        labels=LABELS if callable(teacher) else None,
        overrides={**SETTINGS, **settings},
    )
    said = " ".join(capsys.readouterr().out.split())
    (encoder,) = get_encoders(nlp.get_pipe("ner").model)
    return re.search("Word embeddings start from .*", said).group(), encoder


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_for_every_kind_of_teacher(files, package, kind, capsys):
    said, encoder = start(files, kind, capsys, **{TRANSFORMER: package})
    own = kind in WITH_PIECES
    source = "the teacher's word pieces" if own else f"the word pieces of {package}"
    assert said.startswith(f"Word embeddings start from {source}")
    assert encoder.has_param("piece_vectors")


@pytest.mark.parametrize("kind", ["pipeline", "Hugging Face"])
def test_a_run_without_any_source(files, kind, capsys):
    said, encoder = start(files, kind, capsys, **{TRANSFORMER: "no_such_package"})
    own = kind in WITH_PIECES
    source = "the teacher's word pieces" if own else "random vectors: the teacher has"
    assert said.startswith(f"Word embeddings start from {source}")
    assert encoder.has_param("piece_vectors") == own


def test_the_vectors_of_the_teacher(files, tmp_path, capsys):
    nlp = make_cnn_teacher()
    rng = np.random.default_rng(0)
    for word in ("anna", "Paris", "rome", "nothing"):
        nlp.vocab.set_vector(word, rng.normal(size=6).astype(np.float32))
    nlp.to_disk(tmp_path / "with_vectors")
    settings = {TRANSFORMER: "no_such_package"}
    said, encoder = start(files, tmp_path / "with_vectors", capsys, **settings)
    path = tmp_path / "with_vectors"
    assert said.startswith(f"Word embeddings start from the vectors of {path}")
    # Only these words have vectors; those of three dimensions, and the rest is 0.
    rows = {word: i for i, word in enumerate(encoder.attrs["words"], start=1)}
    spread = encoder.get_param("word_vectors")
    assert np.abs(spread[rows["paris"]]).max() > 5 * np.abs(spread[rows["likes"]]).max()


def test_the_vectors_of_the_teacher_are_offered_to_one_of_several_callbacks(tmp_path):
    teacher = make_cnn_teacher()
    teacher.vocab.set_vector("anna", np.ones(6, dtype=np.float32))
    teacher.to_disk(tmp_path)
    words = {"@callbacks": INIT_WORDS, "source": {"@misc": AUTO_WORDS}}
    lexicon = {"@callbacks": INIT_LEXICON_FEATURES, "source": {"@misc": AUTO_WORDS}}
    callbacks = {"lexicon": lexicon, "words": words}
    before_init = {"@callbacks": RUN_CALLBACKS, "callbacks": callbacks}
    config = Config({"initialize": {"before_init": before_init}})
    offered = offer_vectors(config, spacy.load(tmp_path))
    found = offered["initialize"]["before_init"]["callbacks"]
    assert found["words"]["source"]["vectors"] == str(tmp_path)
    assert found["lexicon"] == lexicon
    assert "vectors" not in words["source"]


def test_spacy_train_with_the_shipped_config(files, tmp_path, package):
    """Without a teacher, from gold annotation alone."""
    gold = str(write_gold(tmp_path / "gold.spacy", spacy.blank("en")))
    overrides = {
        **SETTINGS,
        "paths.train": gold,
        "paths.dev": gold,
        "training.train_corpus": "corpora.gold",
        TRANSFORMER: package,
    }
    spacy_train(STUDENT_CONFIG, tmp_path, overrides=overrides)
    (encoder,) = get_encoders(spacy.load(tmp_path / "model-best").get_pipe("ner").model)
    assert encoder.has_param("piece_vectors")
