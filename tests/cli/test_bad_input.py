"""What people get wrong, at the command line: one line, and a status that is not 0.

Each line says what was expected, what came and what to do. The parts that find the
faults are tested with their modules; faults of paths, see `test_distill`.
"""

import errno
import json
import os
import re
from importlib.util import find_spec

import numpy as np
import pytest
import spacy
from small import SENTENCES
from spacy.tokens import DocBin
from spacy.training import Example
from spacy.util import registry
from tiny_distillation import CONFIG, distill, told, write_files
from tiny_teachers import make_cnn_teacher
from typer.testing import CliRunner

from spacy_distill.cli.app import app


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_files(tmp_path_factory.mktemp("bad_input"))


@pytest.fixture
def soft_labels(files, tmp_path):
    """Soft labels to be spoilt."""
    annotate(files / "teacher", files / "texts.jsonl", tmp_path / "soft_labels")
    return tmp_path / "soft_labels"


def annotate(teacher, texts, out):
    args = ["annotate", teacher, texts, "-o", out, "--shard-size", 6]
    return CliRunner().invoke(app, list(map(str, args)))


def write_config(path, block):
    config = f"{CONFIG.read_text(encoding='utf-8')}\n{block}"
    path.write_text(config, encoding="utf-8")
    return path


def write_docs(path, nlp, entities):
    examples = [
        Example.from_dict(nlp.make_doc(text), {"entities": entities(spans)})
        for text, spans in SENTENCES
    ]
    DocBin(docs=[eg.reference for eg in examples]).to_disk(path)
    return path


def test_gold_with_labels_the_teacher_lacks(files, tmp_path):
    def rename(spans):
        return [
            (start, end, label.replace("LOC", "GPE")) for start, end, label in spans
        ]

    gold = write_docs(tmp_path / "gold.spacy", spacy.blank("en"), rename)
    line = told(distill(files, "-o", tmp_path / "out", **{"paths.train": gold}))
    assert "got some that it lacks: GPE (4)" in line
    assert "The teacher has LOC, PER; the gold annotation has GPE, LOC, PER." in line
    assert "or take these entities out of the gold annotation" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("labels", [["PER"], ["PER", "LOC"], ["LOC", "PER", "X"]])
def test_initialized_with_other_labels_than_the_teacher_s(files, tmp_path, labels):
    labels_line = f"labels = {json.dumps(labels)}\n"
    block = f"[initialize.components]\n[initialize.components.ner]\n{labels_line}"
    config = write_config(tmp_path / "student.cfg", block)
    line = told(distill(files, "-o", tmp_path / "out", config=config))
    assert f"teacher's labels ['LOC', 'PER'] in this order, got {labels}" in line
    assert "[initialize.components.ner]: remove them there" in line


@pytest.mark.parametrize(
    ("value", "message"), [(np.nan, "NaN"), (np.inf, "infinity"), (1e6, "infinity")]
)
def test_teacher_whose_logits_are_not_finite(files, tmp_path, value, message):
    nlp = make_cnn_teacher()
    output = nlp.get_pipe("ner").model.get_ref("output_layer")
    output.set_param("b", np.full_like(output.get_param("b"), value))
    nlp.to_disk(tmp_path / "teacher")
    line = told(annotate(tmp_path / "teacher", files / "texts.jsonl", tmp_path / "out"))
    assert f"from the teacher, got {message}" in line
    assert re.search(r"document \d+, which begins '.*': mend the teacher", line)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["manifest.json"]


@pytest.mark.parametrize("damage", ["cut", "edited", "of another teacher", "gone"])
@pytest.mark.parametrize("with_texts", [True, False])
def test_damaged_shard(files, soft_labels, tmp_path, damage, with_texts):
    shard = soft_labels / "shard-00001.spacy"
    data = bytearray(shard.read_bytes())
    if damage == "cut":
        shard.write_bytes(data[: len(data) // 2])
    elif damage == "edited":
        data[len(data) // 2] ^= 1
        shard.write_bytes(data)
    elif damage == "gone":
        shard.unlink()
    else:
        annotate(files / "other_teacher", files / "texts.jsonl", tmp_path / "other")
        shard.write_bytes((tmp_path / "other" / shard.name).read_bytes())
    settings = {"paths.soft_labels": soft_labels}
    if not with_texts:
        settings["paths.unlabelled"] = None
    line = told(distill(files, **settings))
    assert "shard-00001.spacy" in line
    assert re.search("[Rr]emove the folder", line)
    assert ("checksum" in line) == (damage != "gone")


@registry.callbacks("test_bad_input.special_case.v1")
def make_special_case():
    def add(nlp):
        nlp.tokenizer.add_special_case("gimme", [{"ORTH": "gim"}, {"ORTH": "me"}])
        return nlp

    return add


def test_student_with_another_tokenizer(files, soft_labels, tmp_path):
    block = '[nlp.after_creation]\n@callbacks = "test_bad_input.special_case.v1"\n'
    config = write_config(tmp_path / "student.cfg", block)
    settings = {"config": config, "paths.soft_labels": soft_labels}
    line = told(distill(files, **settings))
    assert "Expected the teacher's tokenizer" in line
    assert "give the student the same [nlp] tokenizer settings" in line
    line = told(distill(files, **{**settings, "nlp.lang": "de"}))
    assert "Expected a pipeline of language 'en'" in line
    assert "got 'de': change [nlp] lang" in line


@pytest.mark.filterwarnings("ignore:.*W090")
def test_no_gold(files, tmp_path):
    nlp = spacy.blank("en")
    bare = write_docs(tmp_path / "bare.spacy", nlp, lambda spans: None)
    DocBin().to_disk(tmp_path / "empty.spacy")
    (tmp_path / "folder").mkdir()
    for name, message in (
        (bare, "got Docs without annotation: annotate them"),
        (tmp_path / "empty.spacy", "got no Docs: a few labelled sentences are needed"),
        (files / "texts.jsonl", "make one of it with `spacy-distill convert"),
    ):
        for setting in ("paths.train", "paths.dev"):
            assert message in told(distill(files, **{setting: name}))


def test_no_unlabelled_texts(files, tmp_path):
    (tmp_path / "blank.txt").write_text("\n\n", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    for texts in ("blank.txt", "folder"):
        settings = {"paths.unlabelled": tmp_path / texts}
        line = told(distill(files, "-o", tmp_path / "out", **settings))
        assert texts in line
        assert "found none" in line


def test_texts_in_the_wrong_encoding(files, tmp_path):
    texts = tmp_path / "texts.txt"
    texts.write_bytes("Fine.\nSchön.\n".encode("latin-1"))
    line = told(annotate(files / "teacher", texts, tmp_path / "out"))
    assert f"Expected UTF-8 in {texts}:2" in line
    assert "save the file as UTF-8" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["a.txt", "columns"])
def test_gold_in_the_wrong_encoding(tmp_path, name):
    bad = tmp_path / name
    bad.write_bytes("# news/a\n\nSchön war es.\n".encode("latin-1"))
    sources = [arg for split in ("train", "dev", "test") for arg in (f"--{split}", bad)]
    args = ["corpus", *sources, "-o", tmp_path / "out"]
    line = told(CliRunner().invoke(app, list(map(str, args))))
    assert f"{bad}:3: expected UTF-8, got the byte 0xf6" in line
    assert "save the file as UTF-8" in line
    assert not (tmp_path / "out").exists()


def test_full_disk(files, tmp_path, monkeypatch):
    really_fsync = os.fsync
    calls = []

    def fsync(number):
        calls.append(number)
        # The first is the manifest's, the second the first shard's.
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        really_fsync(number)

    monkeypatch.setattr(os, "fsync", fsync)
    args = files / "teacher", files / "texts.jsonl", tmp_path / "out"
    line = told(annotate(*args))
    assert "shard-00000.spacy: No space left on device" in line
    assert "make room or choose another folder, then run again" in line
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["manifest.json"]
    # With room made, the same command goes on.
    assert annotate(*args).exit_code == 0
    annotate(*args[:2], tmp_path / "undisturbed")
    for path in (tmp_path / "undisturbed").iterdir():
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()


def write_corpus(folder, *, lang):
    (folder / "gold.txt").write_text("# a\n\n[Ada](PER) sails.\n", encoding="utf-8")
    gold = [part for name in ("train", "dev", "test") for part in (f"--{name}", folder)]
    args = ["corpus", *gold, "--unlabelled", folder, "--lang", lang, "-o", folder / "o"]
    return CliRunner().invoke(app, list(map(str, args)))


def test_unknown_language(files, tmp_path):
    line = told(write_corpus(tmp_path, lang="english"))
    assert "a language that spaCy knows, such as 'en', got 'english'" in line
    assert "change `lang` to 'en'." in line
    settings = {"nlp.lang": "en_US", "paths.soft_labels": tmp_path / "soft"}
    line = told(distill(files, "-o", tmp_path / "out", **settings))
    assert "got 'en_US': change `lang` to 'en'." in line
    # Told before the teacher annotates.
    assert not (tmp_path / "soft").exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(find_spec("sudachipy") is not None, reason="SudachiPy is installed")
def test_language_that_needs_a_package(files, tmp_path):
    install = "`pip install sudachipy sudachidict_core`"
    assert install in told(write_corpus(tmp_path, lang="ja"))
    settings = {"nlp.lang": "ja", "paths.soft_labels": tmp_path / "soft"}
    line = told(distill(files, "-o", tmp_path / "out", **settings))
    assert "packages that spaCy needs for 'ja'" in line
    assert install in line
    assert not (tmp_path / "soft").exists()


@pytest.mark.skipif(find_spec("jieba") is not None, reason="Jieba is installed")
def test_tokenizer_that_needs_a_package(files, tmp_path):
    block = '@tokenizers = "spacy.zh.ChineseTokenizer"\nsegmenter = "jieba"\n'
    config = write_config(tmp_path / "zh.cfg", f"[nlp.tokenizer]\n{block}")
    settings = {"nlp.lang": "zh", "paths.soft_labels": tmp_path / "soft"}
    line = told(distill(files, "-o", tmp_path / "out", config=config, **settings))
    assert "install it with `pip install jieba`" in line
    assert not (tmp_path / "soft").exists()
