"""Quantized transformer students."""

import pytest
import spacy
from small import write_gold
from tiny_transformer_students import make_student, shim_of, train, write_source
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.compression.quantize import quantize
from spacy_distill.evaluation.size import count_parameters, has_torch_parameters


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quantize")
    nlp = make_student(write_source(folder / "source"), width=16)
    train(nlp, 40)
    nlp.to_disk(folder / "model")
    write_gold(folder / "gold.spacy", spacy.blank("en"))
    return folder


@pytest.mark.parametrize("storage", ["int8", "float16"])
def test_scores_and_changed_documents(folder, tmp_path, storage):
    done = quantize(
        folder / "model", tmp_path, storage=storage, gold=folder / "gold.spacy"
    )
    assert done.documents == 4
    assert done.before.f1 == 1.0
    assert done.after.f1 >= 0.8
    assert done.before.words == done.after.words == 0
    small = spacy.load(tmp_path)
    assert shim_of(small)._graph_storage == storage
    assert small.meta["performance"]["ents_f"] == done.after.f1
    # It still has the parameters that it had, and needs no torch.
    before = spacy.load(folder / "model")
    assert count_parameters(small) == count_parameters(before)
    assert count_parameters(small).trained > 5_000
    assert not has_torch_parameters(small)


def test_the_command_prints_what_there_is(folder, tmp_path):
    args = ["quantize", folder / "model", "--output", tmp_path, "--gold"]
    result = CliRunner().invoke(app, list(map(str, [*args, folder / "gold.spacy"])))
    assert result.exit_code == 0, result.output
    assert "of 4 documents got other entities" in result.output
    assert "F1" in result.output
    assert "Words with a row" not in result.output
    assert "pre-processing" not in result.output


def test_int8_is_a_quarter_of_float32(tmp_path):
    source = write_source(tmp_path / "source")
    sizes = {"width": 128, "feed_forward_width": 512, "layers": 2}
    nlp = make_student(source, init={"start": "random"}, **sizes)
    nlp.to_disk(tmp_path / "model")
    quantize(tmp_path / "model", tmp_path / "int8")
    size = (tmp_path / "int8" / "ner" / "model").stat().st_size
    # The nodes of the graph and the tokenizer take some space, too.
    assert size < 1.05 * shim_of(nlp).n_parameters + 100_000
