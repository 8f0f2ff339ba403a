"""Test files that `load_teacher` recognizes by their suffixes."""

import pytest
from annotated import CITY, PERSON, TEXT, line, write_lines
from tiny_teachers import make_cnn_teacher

from spacy_distill.errors import DistillError
from spacy_distill.teachers.annotations.teacher import AnnotationsTeacher
from spacy_distill.teachers.ensemble import EnsembleTeacher
from spacy_distill.teachers.load import load_teacher


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_annotations(tmp_path, name):
    path = write_lines(tmp_path / name, line(TEXT, PERSON, CITY))
    for source in (path, str(path)):
        teacher = load_teacher(source)
        assert isinstance(teacher, AnnotationsTeacher)
        assert teacher.name == name


def test_strict_is_for_annotations(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", line(TEXT, PERSON, (3, 2, "PER")))
    for strict in (None, True):
        with pytest.raises(DistillError, match="got 1 that is not: line 1"):
            load_teacher(path, strict=strict)
    assert load_teacher(path, strict=False).task.columns[-1] == "U-PER"


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("name", ["a.cfg", "pipeline", "owner/model", "no_such"])
def test_strict_with_other_teachers(tmp_path, name, strict, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_cnn_teacher().to_disk(tmp_path / "pipeline")
    (tmp_path / "a.cfg").write_text("[teacher]\n", encoding="utf-8")
    with pytest.raises(DistillError, match=f"--strict or --skip with .*got '{name}'"):
        load_teacher(name, strict=strict)


def test_config(tmp_path):
    make_cnn_teacher().to_disk(tmp_path / "seed0")
    path = tmp_path / "teacher.cfg"
    path.write_text(
        '[teacher]\n@misc = "spacy_distill.EnsembleTeacher.v1"\n'
        f'paths = ["{(tmp_path / "seed0").as_posix()}"]\n',
        encoding="utf-8",
    )
    teacher = load_teacher(path)
    assert isinstance(teacher, EnsembleTeacher)
    assert teacher.task.columns == load_teacher(tmp_path / "seed0").task.columns


@pytest.mark.parametrize("name", ["a.cfg", "a.jsonl", "a.jsonl.gz", "folder/a.cfg"])
def test_not_there(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DistillError, match=f"a file {name}, got nothing there"):
        load_teacher(name)
    (tmp_path / name).mkdir(parents=True)
    with pytest.raises(DistillError, match=f"a file {name}, got nothing there"):
        load_teacher(name)


@pytest.mark.parametrize("name", ["a.cfg", "a.jsonl"])
def test_a_component_is_for_pipelines(tmp_path, name):
    (tmp_path / name).write_text("", encoding="utf-8")
    with pytest.raises(DistillError, match="--component with a spaCy pipeline only"):
        load_teacher(tmp_path / name, component="ner")
