import json
from pathlib import Path

import numpy as np
import pytest
import spacy
from rule_teacher import make_rule_teacher
from small import TEXTS, entities, make_examples, trained, write_gold
from spacy.tokens import DocBin
from spacy.training import Example
from thinc.api import Adam
from with_pieces import trained_with_pieces

from spacy_distill.compression.quantize import quantize
from spacy_distill.compression.tables import entropy, find_step
from spacy_distill.errors import DistillError
from spacy_distill.evaluation.size import folder_bytes, zipped_bytes
from spacy_distill.students.encoder import get_encoders


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quantize")
    trained_with_pieces().to_disk(folder / "student")
    write_gold(folder / "gold.spacy", spacy.blank("en"))
    return folder


def encoder_of(nlp):
    return get_encoders(nlp.get_pipe("ner").model)[0]


def test_figures_before_and_after(folder, tmp_path):
    gold = folder / "gold.spacy"
    done = quantize(folder / "student", tmp_path / "out", words=9, gold=gold)
    for path, figures in (
        (folder / "student", done.before),
        (tmp_path / "out", done.after),
    ):
        nlp = spacy.load(path)
        assert figures.folder == folder_bytes(path)
        assert figures.zipped == zipped_bytes(path)
        assert figures.words == len(encoder_of(nlp).attrs["words"])
        examples = [
            Example(nlp(text), doc)
            for text, doc in zip(TEXTS, DocBin().from_disk(gold).get_docs(nlp.vocab))
        ]
        assert figures.f1 == nlp.get_pipe("ner").score(examples)["ents_f"]
    assert done.after.folder < done.before.folder
    assert done.after.words == 9 < done.before.words
    assert done.documents == len(TEXTS)
    nlp, small = spacy.load(folder / "student"), spacy.load(tmp_path / "out")
    differing = sum(entities(nlp(text)) != entities(small(text)) for text in TEXTS)
    assert done.differing == differing
    assert small.get_pipe("ner").storage == "int8"
    assert small.config["components"]["ner"]["storage"] == "int8"
    assert entropy(encoder_of(small).get_param("piece_vectors")) <= 3.5
    assert find_step(encoder_of(small).get_param("word_vectors"), 3.5) == 0
    strings = tmp_path / "out" / "vocab" / "strings.json"
    assert json.loads(strings.read_text(encoding="utf-8")) == [
        "PER"
    ]  # LOC is a symbol, which each string store has.


def test_what_is_lost_is_told(tmp_path):
    """A student that knows words by their rows alone loses entities with the rows."""
    nlp = trained_with_pieces()
    encoder = encoder_of(nlp)
    optimizer = Adam(0.02)
    for _ in range(100):
        nlp.update(make_examples(nlp), sgd=optimizer)
        for name in ("char_conv_W", "char_conv_b", "shape_vectors", "piece_scales"):
            encoder.set_param(name, np.zeros_like(encoder.get_param(name)))
    nlp.to_disk(tmp_path / "student")
    gold = write_gold(tmp_path / "gold.spacy", spacy.blank("en"))
    done = quantize(
        tmp_path / "student", tmp_path / "out", words=0, table_bits=1, gold=gold
    )
    nlp, small = (spacy.load(tmp_path / name) for name in ("student", "out"))
    differing = sum(entities(nlp(text)) != entities(small(text)) for text in TEXTS)
    assert done.differing == differing > 0
    assert done.after.f1 < done.before.f1 == 1.0


@pytest.mark.parametrize("storage", ["float16", "float32"])
def test_other_storage_leaves_tables_alone(storage, folder, tmp_path):
    done = quantize(folder / "student", tmp_path, storage=storage)
    assert (done.documents, done.differing, done.after.f1) == (0, 0, None)
    old, new = (encoder_of(spacy.load(path)) for path in (folder / "student", tmp_path))
    assert new.attrs["words"] == old.attrs["words"]
    for name in ("word_vectors", "piece_vectors", "piece_scales"):
        limit = 2.0**-11 if storage == "float16" else 0
        np.testing.assert_allclose(
            new.get_param(name), old.get_param(name), rtol=limit, atol=limit / 1e4
        )


def test_once_more_changes_nothing(folder, tmp_path):
    first = quantize(folder / "student", tmp_path / "first", words=9)
    second = quantize(tmp_path / "first", tmp_path / "second", words=9)
    assert second.before == first.after == second.after
    one, other = (
        (tmp_path / name / "ner" / "model").read_bytes() for name in ("first", "second")
    )
    assert one == other


def test_other_components_come_along(tmp_path):
    nlp = trained()
    nlp.add_pipe("sentencizer", first=True)
    nlp.to_disk(tmp_path / "student")
    quantize(tmp_path / "student", tmp_path / "out")
    small = spacy.load(tmp_path / "out")
    assert small.pipe_names == ["sentencizer", "ner"]
    assert "Paris" in small.vocab.strings
    assert entities(small(TEXTS[0])) == entities(nlp(TEXTS[0]))


def test_wrong_input(folder, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine", encoding="utf-8")
    student, new = folder / "student", tmp_path / "new"
    make_rule_teacher().to_disk(tmp_path / "rules")
    for message, model, output, settings in (
        ("got .*full with something in it", student, tmp_path / "full", {}),
        ("but .*gold.spacy is a file", student, folder / "gold.spacy", {}),
        ("Expected a pipeline", tmp_path / "nowhere", new, {}),
        ("Expected a compact_ner .* got ", tmp_path / "rules", new, {}),
        ("got 'int2'", student, new, {"storage": "int2"}),
        ("Expected 1 to 8 bits", student, new, {"table_bits": 9}),
        ("nowhere", student, new, {"gold": Path("nowhere.spacy")}),
    ):
        with pytest.raises(DistillError, match=message) as error:
            quantize(model, output, **settings)
        assert "\n" not in str(error.value)
        assert not new.exists()
