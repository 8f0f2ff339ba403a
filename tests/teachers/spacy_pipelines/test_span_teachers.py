"""Test `SpanTeacher.v1` with a spancat and with rulers."""

import pytest
from stock_pipelines import make_spancat, trained_ner

from spacy_distill.errors import DistillError
from spacy_distill.teachers.load import load_teacher
from spacy_distill.teachers.spacy_pipelines.pipelines import span_teacher_v1
from spacy_distill.teachers.spacy_pipelines.span_teachers import (
    RulerTeacher,
    SpanCatTeacher,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Save a pipeline with a ruler after a spancat."""
    path = tmp_path_factory.mktemp("teachers") / "my_spans"
    nlp = make_spancat()
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "MILL", "pattern": "old mill"}])
    nlp.to_disk(path)
    return path


def test_spancat(folder):
    teacher = span_teacher_v1(str(folder), component="spancat")
    assert isinstance(teacher, SpanCatTeacher)
    assert teacher.name == "my_spans"


def test_ruler(folder):
    teacher = span_teacher_v1(str(folder), component="entity_ruler")
    assert isinstance(teacher, RulerTeacher)
    surer = span_teacher_v1(str(folder), component="entity_ruler", certainty=0.99)
    assert surer.hash != teacher.hash


def test_from_a_config(folder, tmp_path):
    (tmp_path / "teacher.cfg").write_text(
        '[teacher]\n@misc = "spacy_distill.SpanTeacher.v1"\n'
        f'name = "{folder}"\ncomponent = "entity_ruler"\ncertainty = 0.8\n',
        encoding="utf-8",
    )
    teacher = load_teacher(tmp_path / "teacher.cfg")
    assert isinstance(teacher, RulerTeacher)
    expected = span_teacher_v1(str(folder), component="entity_ruler", certainty=0.8)
    assert teacher.hash == expected.hash


def test_several(folder):
    with pytest.raises(DistillError, match="several, spancat, entity_ruler: name one"):
        span_teacher_v1(str(folder))


def test_certainty_with_a_spancat(folder):
    with pytest.raises(DistillError, match="no certainty for 'spancat'.*got 0.8"):
        span_teacher_v1(str(folder), component="spancat", certainty=0.8)


def test_another_kind(tmp_path):
    trained_ner().to_disk(tmp_path)
    with pytest.raises(DistillError, match="span_ruler, spancat.*none: it has ner"):
        span_teacher_v1(str(tmp_path))
