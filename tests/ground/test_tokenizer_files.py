import json
import shutil
from importlib.util import find_spec

import pytest
from tiny_classifiers import make_bert, make_roberta, make_xlm_roberta

from spacy_distill.errors import DistillError
from spacy_distill.hub import locate
from spacy_distill.tokenizer_files import check_saveable, load_tokenizer

MAKERS = {"bert": make_bert, "roberta": make_roberta, "xlm": make_xlm_roberta}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    return {name: make(root / name, steps=0) for name, make in MAKERS.items()}


def copy_of(folder, tmp_path, *names):
    """Copy some files of a model, and its config and weights."""
    for name in ("config.json", "model.safetensors", *names):
        shutil.copy(folder / name, tmp_path / name)
    return locate(str(tmp_path))


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("bert", ["tokenizer.json"]),
        ("bert", ["vocab.txt"]),
        ("roberta", ["tokenizer.json"]),
        ("roberta", ["vocab.json", "merges.txt"]),
        ("xlm", ["tokenizer.json"]),
    ],
)
def test_files_that_are_enough(folders, tmp_path, kind, names):
    found = load_tokenizer(copy_of(folders[kind], tmp_path, *names), source="m")
    expected = load_tokenizer(locate(str(folders[kind])), source="m")
    text = "anna lowe sailed"
    assert found(text)["input_ids"] == expected(text)["input_ids"]


@pytest.mark.parametrize(
    ("kind", "names", "wanted"),
    [
        ("bert", [], "tokenizer.json or vocab.txt"),
        ("bert", ["tokenizer_config.json"], "tokenizer.json or vocab.txt"),
        ("roberta", [], "tokenizer.json or vocab.json and merges.txt"),
        ("roberta", ["vocab.json"], "tokenizer.json or vocab.json and merges.txt"),
        ("xlm", [], "tokenizer.json or sentencepiece.bpe.model"),
    ],
)
def test_missing_files_are_named(folders, tmp_path, kind, names, wanted):
    located = copy_of(folders[kind], tmp_path, *names)
    with pytest.raises(DistillError, match="^Expected a tokenizer in m, as") as info:
        load_tokenizer(located, source="m")
    assert f"as {wanted}, got none" in str(info.value)
    assert "\n" not in str(info.value)
    # The advice works.
    assert f"save_pretrained('{tmp_path}')" in str(info.value)
    load_tokenizer(locate(str(folders[kind])), source="m").save_pretrained(tmp_path)
    assert load_tokenizer(located, source="m").is_fast


@pytest.mark.skipif(find_spec("sentencepiece") is not None, reason="it is installed")
def test_a_sentencepiece_model_without_its_package(folders, tmp_path):
    located = copy_of(folders["xlm"], tmp_path)
    (tmp_path / "sentencepiece.bpe.model").write_bytes(b"1")
    with pytest.raises(DistillError, match="run pip install sentencepiece protobuf"):
        load_tokenizer(located, source="m")


def test_broken_files(folders, tmp_path):
    located = copy_of(folders["bert"], tmp_path)
    (tmp_path / "tokenizer.json").write_text('{"version":')
    with pytest.raises(DistillError, match=r"^Could not read tokenizer\.json of m: "):
        load_tokenizer(located, source="m")
    (tmp_path / "config.json").write_text('{"model_type": "none"}')
    with pytest.raises(DistillError, match=r"^Expected a config\.json of a model that"):
        load_tokenizer(located, source="m")
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(DistillError, match=r"^Expected a config\.json of a model that"):
        load_tokenizer(located, source="m")


def test_a_slow_tokenizer(folders, tmp_path):
    located = copy_of(folders["bert"], tmp_path)
    config = {**json.loads((tmp_path / "config.json").read_text())}
    config["model_type"] = "canine"
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(DistillError, match="fast tokenizer with m.*CanineTokenizer"):
        load_tokenizer(located, source="m")
    assert not load_tokenizer(located, source="m", fast=False).is_fast


def test_a_vocabulary_that_spacy_transformers_needs(folders, tmp_path):
    for kind in ("bert", "roberta"):
        check_saveable(locate(str(folders[kind])), source="m")
    located = copy_of(folders["xlm"], tmp_path, "tokenizer.json")
    with pytest.raises(DistillError, match=r"^Expected sentencepiece\.bpe\.model besi"):
        check_saveable(located, source="m")
    (tmp_path / "sentencepiece.bpe.model").write_bytes(b"1")
    check_saveable(located, source="m")
