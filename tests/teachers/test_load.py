import re

import pytest
import spacy
from stock_pipelines import trained_ner
from tiny_teachers import make_cnn_teacher

from spacy_distill.errors import DistillError
from spacy_distill.files import sha256_folder
from spacy_distill.teachers.load import load_teacher
from spacy_distill.teachers.spacy_pipelines.component import CompactNERTeacher
from spacy_distill.teachers.spacy_pipelines.span_teachers import RulerTeacher
from spacy_distill.teachers.spacy_pipelines.transition import TransitionTeacher


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("teachers") / "my_teacher"
    make_cnn_teacher().to_disk(path)
    return path


def test_found_by_its_factory(folder):
    teacher = load_teacher(folder)
    assert teacher.name == "my_teacher"
    assert teacher.hash == sha256_folder(folder)
    named = load_teacher(str(folder), component="ner")
    assert named.task.columns == teacher.task.columns


def test_several_components(folder, tmp_path):
    nlp = make_cnn_teacher()
    nlp.add_pipe("ner", name="ner2", source=make_cnn_teacher())
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path)
    with pytest.raises(DistillError, match="several, ner, ner2: name one with --comp"):
        load_teacher(tmp_path)
    second = load_teacher(tmp_path, component="ner2")
    assert second.task.columns == load_teacher(folder).task.columns
    assert second.hash != load_teacher(tmp_path, component="ner").hash
    listing = r"ner \(compact_ner\), ner2 \(compact_ner\), sentencizer"
    with pytest.raises(DistillError, match=rf"'sentencizer'.*{listing}"):
        load_teacher(tmp_path, component="sentencizer")


@pytest.mark.parametrize("kind", ["name", "pipeline", "teacher", "config"])
def test_labels_that_nothing_would_read(folder, tmp_path, kind):
    (tmp_path / "t.cfg").write_text("[teacher]\n")
    source = {
        "name": folder,
        "pipeline": make_cnn_teacher(),
        "teacher": load_teacher(folder),
        "config": tmp_path / "t.cfg",
    }[kind]
    with pytest.raises(DistillError, match="Expected a list of labels with a function"):
        load_teacher(source, labels=["PER"])


def test_labels_of_a_function_beside_other_teachers(folder):
    """They are for the function alone."""
    known = load_teacher(folder).task.labels
    both = load_teacher([folder, lambda texts: [[] for _ in texts]], labels=known)
    assert both.task.labels == known


def test_two_of_different_kinds(tmp_path):
    nlp = trained_ner()
    nlp.add_pipe("ner", name="mine", source=make_cnn_teacher())
    nlp.to_disk(tmp_path)
    with pytest.raises(DistillError, match="several, ner, mine: name one"):
        load_teacher(tmp_path)
    assert isinstance(load_teacher(tmp_path, component="ner"), TransitionTeacher)
    assert isinstance(load_teacher(tmp_path, component="mine"), CompactNERTeacher)


def test_trained_component_after_a_ruler_is_chosen(tmp_path):
    nlp = trained_ner()
    for name, place in (("before", {"first": True}), ("behind", {"last": True})):
        ruler = nlp.add_pipe("entity_ruler", name=name, **place)
        ruler.add_patterns([{"label": "MILL", "pattern": "old mill"}])
    nlp.to_disk(tmp_path / "both")
    with pytest.raises(DistillError, match="several, before, ner, behind: name one"):
        load_teacher(tmp_path / "both")
    nlp.remove_pipe("behind")
    nlp.to_disk(tmp_path / "before")
    assert isinstance(load_teacher(tmp_path / "before"), TransitionTeacher)
    nlp.remove_pipe("ner")
    nlp.to_disk(tmp_path / "alone")
    assert isinstance(load_teacher(tmp_path / "alone"), RulerTeacher)


def test_without_labels(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("ner")
    nlp.initialize()
    nlp.to_disk(tmp_path)
    with pytest.raises(DistillError, match="'ner' has no labels: train it"):
        load_teacher(tmp_path)


def test_no_suitable_component(tmp_path):
    nlp = spacy.blank("en")
    nlp.to_disk(tmp_path / "empty")
    with pytest.raises(DistillError, match="recognizes entities.*none: it is empty"):
        load_teacher(tmp_path / "empty")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "other")
    with pytest.raises(DistillError, match=r"none: it has sentencizer \(sentencizer\)"):
        load_teacher(tmp_path / "other")


def test_missing_or_broken_pipeline(folder, tmp_path):
    with pytest.raises(DistillError, match=r"'no_such_teacher'.*E050"):
        load_teacher("no_such_teacher")
    make_cnn_teacher().to_disk(tmp_path)
    config = (tmp_path / "config.cfg").read_text(encoding="utf-8")
    config = config.replace('"compact_ner"', '"no_such_factory"')
    (tmp_path / "config.cfg").write_text(config, encoding="utf-8")
    with pytest.raises(DistillError, match="no_such_factory") as info:
        load_teacher(tmp_path)
    assert "\n" not in str(info.value)


@pytest.mark.parametrize("best", ["model-best", "model-last"])
def test_the_output_of_a_training_instead_of_its_pipeline(tmp_path, best):
    (tmp_path / "teacher").mkdir()
    make_cnn_teacher().to_disk(tmp_path / "teacher" / best)
    told = f"config.cfg in {tmp_path / 'teacher'}, got none: it is the output"
    with pytest.raises(DistillError, match=re.escape(told)) as info:
        load_teacher(tmp_path / "teacher")
    advised = str(info.value).partition("so give ")[2].rstrip(".")
    assert isinstance(load_teacher(advised), CompactNERTeacher)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_hugging_face_folder_without_config(tmp_path, name):
    (tmp_path / name).write_bytes(b"1")
    with pytest.raises(DistillError, match=r"Hugging Face model with a config\.json"):
        load_teacher(tmp_path)


def test_a_folder_of_nothing_known(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(DistillError, match=r"a config\.cfg in .*: save it there with"):
        load_teacher(tmp_path)
