"""Two stages: an encoder from the teacher's layers, and a student that has it."""

import pytest
import spacy
from small import TEXTS, entities
from tiny_transformer_students import SHAPE, SMALL, shim_of, write_data

from spacy_distill import distill, distill_encoder
from spacy_distill.errors import DistillError
from spacy_distill.training.checks import check_config
from spacy_distill.training.config import CONFIGS, read_config

CONFIG = CONFIGS / "transformer_layers.cfg"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data"))


def settings(data, **more):
    return {
        **SMALL,
        "training.max_steps": 80,
        "paths.train": str(data / "gold.spacy"),
        "paths.dev": str(data / "gold.spacy"),
        "paths.teacher": str(data / "teacher"),
        **more,
    }


def test_both_stages(data, tmp_path):
    encoder = distill_encoder(
        data / "teacher",
        data / "texts.jsonl",
        tmp_path / "encoder",
        overrides={
            **{f"encoder.{name}": size for name, size in SHAPE.items()},
            "training.max_steps": 20,
            "training.batch_size": 4,
        },
        progress=False,
    )
    nlp = distill(
        data / "teacher",
        data / "texts.jsonl",
        output=tmp_path / "student",
        config=CONFIG,
        overrides=settings(data, **{"paths.transformer": str(encoder)}),
        progress=False,
    )
    gold = [entities(doc) for doc in spacy.load(data / "teacher").pipe(TEXTS)]
    assert [entities(doc) for doc in nlp.pipe(TEXTS)] == gold
    shim = shim_of(nlp)
    assert shim.cfg["is_case_aware"]
    assert shim.layer_teacher is None


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"paths.teacher": None}, "that the student starts from, got none"),
        ({"paths.teacher": "./nowhere"}, "nothing there"),
        (
            {"paths.teacher": None, "paths.transformer": "{data}/source"},
            "Expected a teacher whose layers are imitated",
        ),
    ],
)
def test_told_before_the_teacher_runs(data, more, message):
    more = {name: value and value.format(data=data) for name, value in more.items()}
    config = read_config(CONFIG, settings(data, **more), interpolate=False)
    with pytest.raises(DistillError, match=message):
        check_config(config, CONFIG)


def test_a_vector_teacher_is_told_early_too(data):
    config = CONFIGS / "textcat_student.cfg"
    given = {"paths.encoder": "./nowhere"}
    with pytest.raises(DistillError, match="nothing there"):
        check_config(read_config(config, given, interpolate=False), config)
