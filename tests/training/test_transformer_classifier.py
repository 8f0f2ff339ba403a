"""A transformer student that classifies texts, from end to end."""

import pytest
import spacy
from small_classifiers import make_stock_teacher
from texts_with_categories import LABELS, make_data
from tiny_transformer_students import SHAPE, write_source

from spacy_distill import distill, quantize
from spacy_distill.students.transformer.architecture import find_students
from spacy_distill.training.config import CONFIGS

pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

TEXTS = [text for text, _ in make_data(120, seed=3)]
TEST = make_data(60, seed=8)
PREFIX = "components.textcat.model.tok2vec."


def test_distilled_saved_and_quantized(tmp_path):
    source = write_source(tmp_path / "source")
    output = tmp_path / "student"
    nlp = distill(
        make_stock_teacher(),
        TEXTS,
        output=output,
        config=CONFIGS / "textcat_transformer.cfg",
        overrides={
            **{PREFIX + name: size for name, size in SHAPE.items()},
            "paths.transformer": str(source),
            "training.max_steps": 120,
            "training.eval_frequency": 40,
            "training.batcher.size": 16,
            "training.optimizer.learn_rate.initial_rate": 0.01,
            "training.optimizer.learn_rate.warmup_steps": 5,
        },
        progress=False,
    )
    assert set(nlp.get_pipe("textcat").labels) == set(LABELS)
    assert find_students(nlp)
    # What is saved is a graph, which predicts the same.
    saved = spacy.load(output / "model-best")
    quantize(output / "model-best", tmp_path / "small")
    small = spacy.load(tmp_path / "small")
    for text, _ in TEST[:10]:
        assert saved(text).cats == pytest.approx(nlp(text).cats, abs=1e-4)
        assert small(text).cats == pytest.approx(nlp(text).cats, abs=0.2)
