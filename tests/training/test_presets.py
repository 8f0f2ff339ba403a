"""Presets: one word in place of a config."""

import json

import pytest
import spacy
from small import TEXTS, entities
from small_classifiers import make_stock_teacher
from tiny_distillation import SMALL, write_files
from tiny_transformer_students import SMALL as SMALL_TRANSFORMER
from tiny_transformer_students import shim_of, write_data

from spacy_distill.compression.quantize import quantize
from spacy_distill.docs import load_pipeline
from spacy_distill.errors import DistillError
from spacy_distill.students.encoder import get_encoders
from spacy_distill.teachers.load import load_teacher
from spacy_distill.training.config import CONFIGS, read_config
from spacy_distill.training.distill import distill
from spacy_distill.training.presets import (
    PRESETS,
    check_preset,
    preset_config,
    preset_settings,
)

# Settings of the small configs, without a source of words of their own.
SIZES = {name: value for name, value in SMALL.items() if "source" not in name}
KNOWN = ["anna", "paris", "smith", "new", "york", "zagreb"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = write_files(tmp_path_factory.mktemp("files"))
    lines = [f"{word} {i} {i % 2} {-i} 1.5" for i, word in enumerate(KNOWN)]
    (folder / "vectors.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder


def run(files, preset=None, *, config=None, **settings):
    gold = files / "gold.spacy"
    return distill(
        files / "teacher",
        files / "texts.jsonl",
        train=gold,
        dev=gold,
        output=settings.pop("output"),
        preset=preset,
        config=config,
        overrides={**SIZES, **settings},
        progress=False,
    )


def known_words(nlp):
    (encoder,) = get_encoders(nlp.get_pipe("ner").model)
    return encoder.attrs.get("known", {}).get("words", [])


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("categories", [False, True])
def test_each_is_a_shipped_config_of_the_task(preset, categories):
    if categories and preset == "accurate":
        with pytest.raises(DistillError, match="default, transformer for a text"):
            preset_config(preset, categories=True)
        return
    config = read_config(preset_config(preset, categories=categories), {})
    assert list(config["components"]) == ["textcat" if categories else "ner"]


def test_the_default_one_takes_vectors():
    assert preset_config("default", categories=False).name == "student.cfg"
    path = preset_config("default", categories=False, vectors=True)
    assert path.name == "student_vectors.cfg"


def test_small_is_saved_as_quantize_saves_it(files, tmp_path):
    small = run(files, "small", output=tmp_path / "small")
    config = read_config(CONFIGS / "student_small.cfg", {}, interpolate=False)
    del config["training"]["before_to_disk"]
    config.to_disk(tmp_path / "large.cfg")
    run(files, config=tmp_path / "large.cfg", output=tmp_path / "large")
    quantize(tmp_path / "large" / "model-best", tmp_path / "quantized")
    model = tmp_path / "small" / "model-best" / "ner" / "model"
    assert model.read_bytes() == (tmp_path / "quantized/ner/model").read_bytes()
    # Training itself went on with all parameters.
    last = tmp_path / "small" / "model-last" / "ner" / "model"
    assert last.stat().st_size == model.stat().st_size
    strings = tmp_path / "small" / "model-best" / "vocab" / "strings.json"
    assert "PER" in json.loads(strings.read_text(encoding="utf-8"))
    assert "Smith" not in json.loads(strings.read_text(encoding="utf-8"))
    assert small.get_pipe("ner").storage == "int8"
    again = load_pipeline(tmp_path / "small" / "model-best")
    for one, other in zip(small.pipe(TEXTS), again.pipe(TEXTS)):
        assert entities(one) == entities(other)


@pytest.mark.parametrize("preset", ["small", "accurate"])
def test_vectors_are_optional(files, tmp_path, preset):
    settings = {
        "initialize.before_init.source.vector_width": 3,
        "initialize.before_init.source.known_words": 4,
    }
    nlp = run(files, preset, output=tmp_path / "without", **settings)
    assert known_words(nlp) == []
    settings["paths.word_vectors"] = str(files / "vectors.txt")
    nlp = run(files, preset, output=tmp_path / "with", **settings)
    assert known_words(nlp) == KNOWN[:4]
    assert nlp.get_pipe("ner").storage == "int8"


def test_that_there_are_no_vectors_is_told(files, tmp_path, capsys):
    gold = files / "gold.spacy"
    distill(
        files / "teacher",
        files / "texts.jsonl",
        train=gold,
        dev=gold,
        output=tmp_path,
        preset="small",
        overrides=SIZES,
    )
    assert "No word vectors are given" in capsys.readouterr().out


@pytest.fixture(scope="module")
def transformers(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("transformers"))


def test_a_transformer_starts_from_that_of_the_teacher(transformers, tmp_path):
    gold = transformers / "gold.spacy"
    # Without the sizes, which are the teacher's.
    given = {
        name: value
        for name, value in SMALL_TRANSFORMER.items()
        if not name.startswith("components")
    }
    nlp = distill(
        transformers / "teacher",
        transformers / "texts.jsonl",
        train=gold,
        dev=gold,
        output=tmp_path,
        preset="transformer",
        overrides=given,
        progress=False,
    )
    cfg = shim_of(nlp).cfg
    source = shim_of(spacy.load(transformers / "teacher")).cfg
    for name in ("hidden_size", "intermediate_size", "num_attention_heads"):
        assert cfg[name] == source[name]
    assert (cfg["num_hidden_layers"], source["num_hidden_layers"]) == (3, 4)


def test_a_transformer_of_another_source(transformers, files):
    teacher = load_teacher(files / "teacher")
    source = str(transformers / "source")
    given = {"paths.transformer": source}
    found = preset_settings("transformer", teacher, str(files / "teacher"), given)
    assert found["paths.transformer"] == source
    assert found["components.ner.model.tok2vec.width"] == 16
    assert preset_settings("small", teacher, "", given) == {}
    with pytest.raises(DistillError, match="got none for the language 'de'"):
        preset_settings("transformer", teacher, "", {"nlp.lang": "de"})


def test_what_cannot_be(files, tmp_path):
    with pytest.raises(DistillError, match="small, default, accurate or transformer"):
        check_preset("large")
    with pytest.raises(DistillError, match="Expected one of a preset and a config"):
        run(files, "small", config=CONFIGS / "student.cfg", output=tmp_path)
    with pytest.raises(DistillError, match="default, transformer for a text"):
        distill(make_stock_teacher(), TEXTS, preset="accurate", progress=False)
    assert not list(tmp_path.iterdir())
