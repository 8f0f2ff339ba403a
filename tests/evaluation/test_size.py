from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import spacy
from small import trained
from spacy.language import Language
from thinc.api import Linear, PyTorchWrapper, chain
from tiny_teachers import make_bert_teacher, make_cnn_teacher

from spacy_distill.evaluation.size import (
    count_parameters,
    folder_bytes,
    has_torch_parameters,
    zipped_bytes,
)
from spacy_distill.students.encoder import get_encoders


class Holder:
    """A component that has a model and does nothing."""

    def __init__(self, model):
        self.model = model

    def __call__(self, doc):
        return doc


@Language.factory("test_holder")
def make_holder(nlp, name):
    return Holder(None)


def test_thinc_and_torch_parameters_shared_ones_once():
    import torch

    linear = Linear(nO=3, nI=4).initialize()
    wrapped = PyTorchWrapper(torch.nn.Linear(3, 2))
    nlp = spacy.blank("en")
    for name in ("one", "two"):
        nlp.add_pipe("test_holder", name=name).model = chain(linear, wrapped)
    assert count_parameters(nlp) == (3 * 4 + 3 + 3 * 2 + 2, 0)
    assert has_torch_parameters(nlp)


def test_a_component_without_a_model_has_none():
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    assert count_parameters(nlp) == (0, 0)


def test_the_table_for_unknown_words_is_counted_apart():
    nlp = trained()
    before = count_parameters(nlp)
    assert before.trained > 0
    assert before.table == 0
    assert not has_torch_parameters(nlp)
    (encoder,) = get_encoders(nlp.get_pipe("ner").model)
    encoder.set_param("piece_vectors", np.zeros((7, 12), dtype=np.int8))
    encoder.set_param("piece_scales", np.zeros(7, dtype=np.float32))
    assert count_parameters(nlp) == (before.trained, 7 * 12 + 7)


def test_a_stock_encoder():
    nlp = make_cnn_teacher()
    sizes = [
        node.get_param(name).size
        for node in nlp.get_pipe("ner").model.walk()
        for name in node.param_names
        if node.has_param(name)
    ]
    assert count_parameters(nlp).trained == sum(sizes)


def test_a_transformer_is_counted_once_for_all_who_listen(tmp_path):
    nlp = make_bert_teacher(tmp_path / "bert")
    linear = nlp.get_pipe("ner").model.get_ref("output_layer")
    expected = linear.get_param("W").size + linear.get_param("b").size
    bert = nlp.get_pipe("transformer").model.transformer
    expected += sum(p.numel() for p in bert.parameters())
    assert count_parameters(nlp) == (expected, 0)
    assert has_torch_parameters(nlp)


def test_folder_bytes(tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "a").write_bytes(b"123")
    (tmp_path / "deep" / "er" / "b").write_bytes(b"45")
    assert folder_bytes(tmp_path) == 5


def test_zipped_bytes_against_a_zip(tmp_path):
    trained().to_disk(tmp_path / "model")
    files = [path for path in (tmp_path / "model").rglob("*") if path.is_file()]
    with ZipFile(tmp_path / "model.zip", "w", ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path)
        expected = sum(info.compress_size for info in archive.infolist())
    # Files of a byte or two, which a zip makes larger, are counted as they are.
    assert expected - 2 * len(files) <= zipped_bytes(tmp_path / "model") <= expected
