"""The shipped configs through `spacy train`, made small."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import spacy
from small import TEXTS, entities, gold_of, trained, write_gold
from spacy.cli.train import train as spacy_train
from spacy.tokens import DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.util import load_config
from tiny_teachers import PIECES, make_bert_teacher

from spacy_distill.annotation.annotate import annotate
from spacy_distill.errors import DistillError
from spacy_distill.students.encoder import get_encoders
from spacy_distill.teachers.load import load_teacher

CONFIGS = Path(__file__).parent.parent / "spacy_distill" / "configs"
SMALL = {
    "components.ner.model.tok2vec.word_width": 4,
    "components.ner.model.tok2vec.hidden_width": 8,
    "training.max_steps": 60,
    "training.eval_frequency": 20,
    "training.batcher.size": 4,
    "training.dropout": 0.1,
    "training.optimizer.learn_rate.initial_rate": 0.02,
    "training.optimizer.learn_rate.warmup_steps": 5,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Gold sentences, unlabelled texts, and soft labels of a real teacher for them."""
    folder = tmp_path_factory.mktemp("training")
    teacher = trained("cnn")
    teacher.to_disk(folder / "teacher")
    write_gold(folder / "gold.spacy", teacher)
    lines = [*TEXTS, *(f"Anna {i} and Bob Smith went to Rome" for i in range(8))]
    (folder / "texts.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    annotate(
        load_teacher(folder / "teacher"),
        folder / "texts.txt",
        folder / "soft_labels",
        shard_size=5,
        progress=False,
    )
    return folder


def paths_of(data, **more):
    paths = {"train": "gold.spacy", "dev": "gold.spacy", "soft_labels": "soft_labels"}
    return {f"paths.{key}": str(data / name) for key, name in {**paths, **more}.items()}


# A teacher without word pieces has no vectors to start from.
NO_SOURCE = {"initialize.before_init.source": None}


@pytest.mark.parametrize("output", ["softmax", "crf"])
def test_student_learns_from_gold_and_soft_labels(data, output, tmp_path):
    overrides = {
        **paths_of(data),
        **SMALL,
        **NO_SOURCE,
        "components.ner.model.output": output,
    }
    spacy_train(CONFIGS / "student.cfg", tmp_path, overrides=overrides)
    nlp = spacy.load(tmp_path / "model-best")
    assert nlp.meta["performance"]["ents_f"] > 0.9
    assert 0.0 <= nlp.meta["performance"]["ents_ece"] <= 1.0
    assert nlp.get_pipe("ner").labels == ("LOC", "PER")
    assert [entities(nlp(text)) for text in TEXTS] == [gold_of(i) for i in range(4)]
    # Words of the unlabelled texts are in the table.
    (encoder,) = get_encoders(nlp.get_pipe("ner").model)
    assert {"anna", "7", "rome"} <= set(encoder.attrs["words"])
    assert encoder.attrs["word_width"] == 4


def test_gold_alone(data, tmp_path):
    overrides = {
        **paths_of(data),
        **SMALL,
        **NO_SOURCE,
        "training.train_corpus": "corpora.gold",
        "paths.soft_labels": None,
    }
    spacy_train(CONFIGS / "student.cfg", tmp_path, overrides=overrides)
    nlp = spacy.load(tmp_path / "model-best")
    assert nlp.meta["performance"]["ents_f"] > 0.9


def write_rare_label(path):
    """150 sentences, only one of which has a label of its own."""
    nlp = spacy.blank("en")
    docs = []
    for i in range(150):
        doc = nlp.make_doc("Anna is here ." if i else "Zentek is new .")
        doc.set_ents([Span(doc, 0, 1, "PER" if i else "ORG")])
        docs.append(doc)
    DocBin(docs=docs).to_disk(path)


def test_a_label_that_comes_late(data, tmp_path):
    write_rare_label(tmp_path / "rare.spacy")
    gold = str(tmp_path / "rare.spacy")
    paths = {"paths.train": gold, "paths.dev": gold, "paths.soft_labels": None}
    overrides = {**paths, **SMALL, **NO_SOURCE}
    overrides["training.train_corpus"] = "corpora.gold"
    for seed in range(3):
        overrides["system.seed"] = seed
        nlp = init_nlp(load_config(CONFIGS / "student.cfg", overrides=overrides))
        assert nlp.get_pipe("ner").labels == ("ORG", "PER")


@pytest.mark.parametrize("seed", range(3))
def test_a_label_that_the_teacher_lacks_is_told_before_training(data, seed, tmp_path):
    write_rare_label(tmp_path / "rare.spacy")
    overrides = {
        **paths_of(data, train=tmp_path / "rare.spacy"),
        **SMALL,
        **NO_SOURCE,
        "system.seed": seed,
    }
    message = r"labels \['LOC', 'PER'\], got \['ORG'\] in the gold data"
    with pytest.raises(DistillError, match=message):
        init_nlp(load_config(CONFIGS / "student.cfg", overrides=overrides))


def test_averages_and_epochs(data, tmp_path):
    overrides = {
        **paths_of(data),
        **SMALL,
        **NO_SOURCE,
        "training.max_epochs": 20,
        "training.optimizer.use_averages": True,
    }
    spacy_train(CONFIGS / "student.cfg", tmp_path, overrides=overrides)
    nlp = spacy.load(tmp_path / "model-last")
    assert np.isfinite(nlp.get_pipe("ner").get_logits([nlp(TEXTS[0])])[0]).all()


def test_same_seed_same_student(data, tmp_path):
    overrides = {**paths_of(data), **SMALL, **NO_SOURCE, "training.max_steps": 8}
    models = []
    for name in ("one", "two"):
        spacy_train(CONFIGS / "student.cfg", tmp_path / name, overrides=overrides)
        models.append((tmp_path / name / "model-last" / "ner" / "model").read_bytes())
    assert models[0] == models[1]


def test_words_start_from_the_teacher_s_pieces(data, tmp_path):
    teacher = make_bert_teacher(tmp_path / "bert")
    teacher.to_disk(tmp_path / "teacher")
    (tmp_path / "texts.txt").write_text(
        "Anna lives in Paris with a dog .\nthe old dog , in Paris\nAnnas Dogs\n",
        encoding="utf-8",
    )
    annotate(
        load_teacher(tmp_path / "teacher"),
        tmp_path / "texts.txt",
        tmp_path / "soft_labels",
        progress=False,
    )
    overrides = {
        **paths_of(data, soft_labels=tmp_path / "soft_labels"),
        **SMALL,
        "training.max_steps": 6,
    }
    spacy_train(CONFIGS / "student.cfg", tmp_path / "out", overrides=overrides)
    nlp = spacy.load(tmp_path / "out" / "model-last")
    assert nlp.get_pipe("ner").labels == teacher.get_pipe("ner").labels
    (encoder,) = get_encoders(nlp.get_pipe("ner").model)
    assert encoder.get_param("piece_vectors").shape == (len(PIECES) - 6, 4)
    assert encoder.get_param("piece_vectors").dtype == np.int8
    unseen = nlp("odd")
    types = encoder._func.cache.types
    (entry,) = types.find(unseen.to_array(["ORTH"]), nlp.vocab.strings)
    assert types.rows[entry] == -1
    assert types.composed[entry].any()


def test_frozen_sourced_student_keeps_its_words(data, tmp_path):
    """A second component is trained beside a finished one."""
    overrides = {
        **paths_of(data),
        **SMALL,
        **NO_SOURCE,
        "training.max_steps": 4,
        "nlp.pipeline": ["old", "ner"],
        "components.old": {"source": str(data / "teacher"), "component": "ner"},
        "training.frozen_components": ["old"],
    }
    spacy_train(CONFIGS / "student.cfg", tmp_path, overrides=overrides)
    nlp = spacy.load(tmp_path / "model-last")
    before = spacy.load(data / "teacher").get_pipe("ner").model.to_bytes()
    assert nlp.get_pipe("old").model.to_bytes() == before


@pytest.mark.slow
def test_as_a_command(data, tmp_path):
    overrides = {**paths_of(data), **SMALL, "training.max_steps": 20}
    arguments = [f"--{key}={value}" for key, value in overrides.items()]
    config = CONFIGS / "student.cfg"
    command = [sys.executable, "-m", "spacy", "train", str(config), *arguments]
    done = subprocess.run(
        [*command, "--initialize.before_init.source=null", "-o", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert spacy.load(tmp_path / "model-last")(TEXTS[0]) is not None


def test_teacher_from_its_config(data, tmp_path):
    make_bert_teacher(tmp_path / "bert")
    overrides = {
        "paths.train": str(data / "gold.spacy"),
        "paths.dev": str(data / "gold.spacy"),
        "paths.transformer": str(tmp_path / "bert"),
        "training.max_steps": 4,
        "training.eval_frequency": 2,
    }
    spacy_train(CONFIGS / "teacher.cfg", tmp_path / "out", overrides=overrides)
    teacher = load_teacher(tmp_path / "out" / "model-last")
    assert teacher.task.columns[:2] == ("O", "B-LOC")
    (prediction,) = teacher.predict([teacher.nlp.make_doc(TEXTS[0])])
    assert prediction.logits.shape == (5, 9)
    # The word embeddings have not moved.
    from transformers import BertModel

    before = BertModel.from_pretrained(tmp_path / "bert").get_input_embeddings()
    bert = teacher.nlp.get_pipe("transformer").model.transformer
    np.testing.assert_array_equal(
        bert.get_input_embeddings().weight.detach(), before.weight.detach()
    )
