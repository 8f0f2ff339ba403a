import re
from textwrap import dedent

import numpy as np
import pytest
from annotated import PERSON, TEXT, line, write_lines
from taught import logits_of
from tiny_teachers import make_cnn_teacher

from spacy_distill.errors import DistillError
from spacy_distill.teachers.annotations.teacher import AnnotationsTeacher
from spacy_distill.teachers.ensemble import EnsembleTeacher
from spacy_distill.teachers.load import load_teacher, teacher_from_config
from spacy_distill.teachers.mapped import MappedTeacher

PIPELINE = '@misc = "spacy_distill.PipelineTeacher.v1"'
ANNOTATIONS = '@misc = "spacy_distill.AnnotationsTeacher.v1"'
ENSEMBLE = '@misc = "spacy_distill.EnsembleTeacher.v1"'
MAPPED = '@misc = "spacy_distill.MappedTeacher.v1"'


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    make_cnn_teacher().to_disk(folder / "seed0")
    make_cnn_teacher(output="crf").to_disk(folder / "seed1")
    lines = [
        line(TEXT, PERSON, (19, 25, "GPE"), annotator="one-a"),
        line(TEXT, PERSON, (20, 25, "GPE"), annotator="two"),
    ]
    write_lines(folder / "labels.jsonl", *lines)
    return folder


@pytest.fixture
def build(files, tmp_path, monkeypatch):
    """Return a function that creates a teacher from the text of a config."""
    monkeypatch.chdir(files)

    def build(config):
        path = tmp_path / "teacher.cfg"
        path.write_text(dedent(config), encoding="utf-8")
        return teacher_from_config(path)

    return build


def first_logits(teacher):
    (logits,) = logits_of(teacher, [teacher.nlp.make_doc(TEXT)])
    return logits


def test_a_pipeline(build, files):
    teacher = build(f'[teacher]\n{PIPELINE}\nname = "seed0"\ncomponent = "ner"\n')
    expected = load_teacher(files / "seed0")
    assert teacher.hash == expected.hash
    np.testing.assert_array_equal(first_logits(teacher), first_logits(expected))


def test_a_file_with_all_its_options(build):
    teacher = build(
        f"""
        [teacher]
        {ANNOTATIONS}
        path = "labels.jsonl"
        lang = "en"
        on_invalid = "skip"
        labels = ["GPE", "PER"]
        certainty = 0.9

        [teacher.annotator_weights]
        one-a = 2
        """
    )
    expected = AnnotationsTeacher(
        "labels.jsonl",
        on_invalid="skip",
        labels=["GPE", "PER"],
        certainty=0.9,
        annotator_weights={"one-a": 2.0},
    )
    assert isinstance(teacher, AnnotationsTeacher)
    assert teacher.task.columns == expected.task.columns
    np.testing.assert_array_equal(first_logits(teacher), first_logits(expected))


@pytest.mark.parametrize(
    "labels",
    [
        'labels = {"LOC": "GPE", "PER": null}',
        '[teacher.labels]\nLOC = "GPE"\nPER = null',
    ],
)
def test_label_maps_inline_and_as_section(build, labels):
    inner = f'[teacher.teacher]\n{PIPELINE}\nname = "seed0"'
    teacher = build(f"[teacher]\n{MAPPED}\n{labels}\n{inner}\n")
    assert isinstance(teacher, MappedTeacher)
    assert teacher.task.columns[1:] == ("B-GPE", "I-GPE", "L-GPE", "U-GPE")


def test_map_in_error_message_is_valid(build):
    inner = f'[teacher.teacher]\n{ANNOTATIONS}\npath = "labels.jsonl"'
    inner += '\non_invalid = "skip"\n'
    for start in ("", 'labels = {"GPE": "LOC"}'):
        with pytest.raises(DistillError, match="no entity: labels = ") as info:
            build(f"[teacher]\n{MAPPED}\n{start}\n{inner}")
        pasted = str(info.value).partition("no entity: ")[2]
        teacher = build(f"[teacher]\n{MAPPED}\n{pasted}\n{inner}")
        new = "LOC" if start else "GPE"
        assert teacher.task.labels == ("PER", new)


def test_nested_teachers(build):
    """Test an ensemble of a pipeline, a mapped file, and an ensemble of seeds."""
    teacher = build(
        f"""
        [paths]
        work = "seed"

        [teacher]
        {ENSEMBLE}

        [teacher.weights]
        sure = 1
        people = 2.5
        seeds = 1.0

        [teacher.members]

        [teacher.members.sure]
        {PIPELINE}
        name = ${{paths.work}}1

        [teacher.members.people]
        {MAPPED}
        labels = {{"PER": "PER", "GPE": "LOC"}}

        [teacher.members.people.teacher]
        {ANNOTATIONS}
        path = "labels.jsonl"
        on_invalid = "skip"

        [teacher.members.seeds]
        {ENSEMBLE}
        paths = ["seed0", "seed1"]
        """
    )
    people = AnnotationsTeacher("labels.jsonl", on_invalid="skip")
    members = {
        "sure": load_teacher("seed1"),
        "people": MappedTeacher(people, {"PER": "PER", "GPE": "LOC"}),
        "seeds": EnsembleTeacher({n: load_teacher(n) for n in ("seed0", "seed1")}),
    }
    expected = EnsembleTeacher(
        members, weights={"sure": 1.0, "people": 2.5, "seeds": 1.0}
    )
    assert isinstance(teacher, EnsembleTeacher)
    assert teacher.name == "ensemble of sure, people, seeds"
    assert teacher.hash == expected.hash
    assert teacher.task.columns == expected.task.columns
    assert teacher.task.columns == load_teacher("seed1").task.columns
    np.testing.assert_array_equal(first_logits(teacher), first_logits(expected))
    (prediction,) = teacher.predict([teacher.nlp.make_doc(TEXT)])
    dropped = [(span.text, span.label) for span in prediction.dropped]
    assert dropped == [("isbon", "LOC")]


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("", r"section \[teacher\] in .*, got no section"),
        ("[paths]\na = 1\n", r"section \[teacher\] in .*, got paths"),
        ("no config", "section headers"),
        ("[teacher]\n[teacher]\n", "section 'teacher' already exists"),
        ("[teacher.members.a]\nx = 1\n", "Section 'teacher' is not defined"),
        ("[teacher]\nx = 1\n", "to name a teacher, got a dict: .*EnsembleTeacher"),
        ('[teacher]\n@misc = "nope.v1"\n', r"function 'nope\.v1'.*EnsembleTeacher\.v1"),
        (
            '[teacher]\n@misc = "spacy_distill.DistillationLoss.v1"\n',
            "to name a teacher, got a DistillationLoss",
        ),
        (f"[teacher]\n{PIPELINE}\nname = ${{paths.none}}\n", r"paths\.none"),
        (f"[teacher]\n{PIPELINE}\n", "missing required argument: 'name'"),
        (f"[teacher]\n{PIPELINE}\nname = 3\nx = 1\n", "unexpected argument: 'x'"),
        (f'[teacher]\n{PIPELINE}\nname = "none"\n', r"at 'none'.*E050"),
        (
            f'[teacher]\n{ANNOTATIONS}\npath = "none.jsonl"\n',
            r"none\.jsonl, got no file",
        ),
        (
            f'[teacher]\n{ANNOTATIONS}\npath = "labels.jsonl"\n',
            "line 2: 'isbon' as GPE",
        ),
        (
            f'[teacher]\n{ANNOTATIONS}\npath = "labels.jsonl"\ncertainty = "high"\n',
            "certainty.*'high' is not",
        ),
        (f"[teacher]\n{ENSEMBLE}\n", "at least one member, got none"),
        (f"[teacher]\n{ENSEMBLE}\npaths = [3]\n", "paths.*3 is not"),
        (f'[teacher]\n{ENSEMBLE}\npaths = ["none"]\n', r"at 'none'.*E050"),
        (f"[teacher]\n{ENSEMBLE}\n[teacher.members]\na = 3\n", "member 'a'.*got a int"),
        (
            f"[teacher]\n{ENSEMBLE}\n[teacher.members]\n[teacher.members.a]\n{PIPELINE}",
            "missing required argument: 'name'",
        ),
        (
            f"[teacher]\n{ENSEMBLE}\n[teacher.members]\n[teacher.members.a]\n"
            '@misc = "x"',
            "Could not find function 'x'",
        ),
        (f'[teacher]\n{MAPPED}\nteacher = "seed0"\n', "got a str: name one in"),
        (
            f'[teacher]\n{MAPPED}\nlabels = {{"PER": 1}}\n'
            f'[teacher.teacher]\n{PIPELINE}\nname = "seed0"\n',
            "labels.*1 is not",
        ),
    ],
)
def test_errors_are_one_line(build, config, told):
    with pytest.raises(DistillError) as info:
        first_logits(build(config))
    message = str(info.value)
    assert re.search(told, message), message
    assert "\n" not in message
    # Without the whole block and all names of the registry.
    assert len(message) < 700


def test_not_utf_8(tmp_path):
    (tmp_path / "a.cfg").write_bytes(b'[teacher]\nname = "sch\xf6n"\n')
    with pytest.raises(DistillError, match=r"a\.cfg: 'utf-8' codec can't decode"):
        teacher_from_config(tmp_path / "a.cfg")


def test_members_must_share_labels(build):
    config = f"""
        [teacher]
        {ENSEMBLE}
        paths = ["seed0"]

        [teacher.members]

        [teacher.members.people]
        {ANNOTATIONS}
        path = "labels.jsonl"
        on_invalid = "skip"
        """
    with pytest.raises(DistillError, match="PER, GPE of the first and LOC, PER of 'se"):
        build(config)
