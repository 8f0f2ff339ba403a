import pytest
import spacy
from small import trained
from speed import systems
from speed.systems import BERT_SIZES, BertSize, Sources, find_folder, parse_berts

from spacy_distill.errors import DistillError

TRANSFORMER = """
[nlp]
lang = "en"
pipeline = ["transformer","ner"]
[components]
[components.transformer]
factory = "transformer"
[components.ner]
factory = "compact_ner"
"""


@pytest.fixture(scope="module")
def pipelines(tmp_path_factory):
    """Folders of pipelines; the teacher is never loaded."""
    folder = tmp_path_factory.mktemp("pipelines")
    trained().to_disk(folder / "student")
    spacy.blank("en").to_disk(folder / "empty")
    (folder / "teacher").mkdir()
    (folder / "teacher" / "config.cfg").write_text(TRANSFORMER, encoding="utf-8")
    return folder


def sources(folder, *, teacher="teacher", students=("student",), stock=None):
    return Sources(
        teacher=teacher and str(folder / teacher),
        students={f"s_{name}": str(folder / name) for name in students},
        stock=stock and str(folder / stock),
        lang="en",
        berts=BERT_SIZES,
    )


def test_all_systems(pipelines, monkeypatch):
    monkeypatch.setattr(systems, "find_spec", lambda name: name)
    named = sources(pipelines)
    names = named.names()
    assert names == [*systems.TEACHERS, "stock_cnn", "s_student", "tokenizer"]
    named.check(names)
    found = named.list_systems(names, pipelines / "made")
    assert [(s.name, s.kind) for s in found] == [
        ("bert_base", "transformer"),
        ("bert_large", "transformer"),
        ("teacher", "transformer"),
        ("teacher", "pipeline"),
        ("teacher_onnx_int8", "onnx"),
        ("stock_cnn", "pipeline"),
        ("s_student", "pipeline"),
        ("tokenizer", "blank"),
    ]
    # The two ways of a teacher fill different columns.
    assert [s.orders for s in found[2:4]] == [("sorted",), ("reading",)]
    assert len({s.fingerprint for s in found}) == len(found)
    assert [s.name for s in found if s.is_student] == ["s_student"]
    assert [s.is_light for s in found] == [False] * 5 + [True] * 3
    assert found[0].source == str(pipelines / "made" / "bert_base")
    assert found[-2].source == str(pipelines / "student")


def test_without_a_teacher(pipelines):
    named = sources(pipelines, teacher=None)
    assert named.names() == ["stock_cnn", "s_student", "tokenizer"]
    with pytest.raises(DistillError, match="--teacher for bert_base.*--systems"):
        named.check(["bert_base"])


def test_a_fingerprint_follows_its_folder(pipelines, tmp_path):
    named = Sources(None, {"s": str(tmp_path / "s")}, None, "en", BERT_SIZES)
    trained().to_disk(tmp_path / "s")
    (before,) = named.list_systems(["s"], tmp_path)
    (again,) = named.list_systems(["s"], tmp_path)
    (tmp_path / "s" / "more").touch()
    (after,) = named.list_systems(["s"], tmp_path)
    assert before == again
    assert before.fingerprint != after.fingerprint


def test_a_teacher_without_a_transformer(pipelines):
    named = sources(pipelines, teacher="student")
    with pytest.raises(DistillError, match=r"as --teacher.*compact_ner"):
        named.check(["bert_base"])
    # Where none is read, none is asked for.
    named.check(["tokenizer"])
    named = sources(pipelines, teacher="nowhere")
    with pytest.raises(DistillError, match="found none"):
        named.check(["teacher"])


@pytest.mark.parametrize("name", ["empty", "teacher"])
def test_a_student_that_is_none(pipelines, name):
    told = {"empty": "no components", "teacher": "transformer, compact_ner"}[name]
    with pytest.raises(DistillError, match=f"--student s_{name}.*{told}"):
        sources(pipelines, students=(name,)).check(["tokenizer"])


def test_students_without_the_kernel(pipelines):
    source = str(pipelines / "student")
    students = {"kernel": source, "numpy": source}
    named = Sources(None, students, None, "en", BERT_SIZES, pure=["numpy"])
    named.check(["kernel", "numpy"])
    kernel, pure = named.list_systems(["kernel", "numpy"], pipelines / "made")
    assert (kernel.is_pure, pure.is_pure) == (False, True)
    assert kernel.fingerprint != pure.fingerprint
    wrong = Sources(None, students, None, "en", BERT_SIZES, pure=["nmpy"])
    with pytest.raises(DistillError, match="students as --pure, got 'nmpy'"):
        wrong.check(["kernel"])


def test_a_stock_pipeline_that_is_none(pipelines):
    with pytest.raises(DistillError, match="--stock"):
        sources(pipelines, stock="empty").check(["tokenizer"])


def test_unknown_systems(pipelines):
    with pytest.raises(DistillError, match=r"got 'mine'.*--student mine=PIPELINE"):
        sources(pipelines).check(["mine"])


@pytest.mark.parametrize("name", ["tokenizer", "a/b", "", "-x"])
def test_names_of_students(pipelines, name):
    named = Sources(None, {name: str(pipelines / "student")}, None, "en", BERT_SIZES)
    with pytest.raises(DistillError, match="for a student"):
        named.check(["stock_cnn"])


def test_without_onnx(pipelines, monkeypatch):
    monkeypatch.setattr(
        systems, "find_spec", lambda name: None if name == "onnxruntime" else name
    )
    named = sources(pipelines)
    told = r"Expected onnxruntime .*pip install 'spacy-distill\[bench\]'.*--systems"
    with pytest.raises(DistillError, match=told):
        named.check(named.names())
    named.check([name for name in named.names() if name != "teacher_onnx_int8"])


def test_no_pipeline(tmp_path):
    with pytest.raises(DistillError, match="found none"):
        find_folder(str(tmp_path))
    with pytest.raises(DistillError, match="found none"):
        find_folder("no_such_package")


def test_sizes_of_berts():
    assert parse_berts([]) == BERT_SIZES
    assert parse_berts(["bert_base=2,8,4"]) == {
        **BERT_SIZES,
        "bert_base": BertSize(2, 8, 4),
    }


@pytest.mark.parametrize(
    "text", ["bert_huge=1,2,1", "bert_base", "bert_base=1,2", "bert_base=1,x,1"]
)
def test_no_sizes(text):
    with pytest.raises(DistillError, match="NAME=LAYERS,WIDTH,HEADS"):
        parse_berts([text])


@pytest.mark.parametrize("numbers", ["2,10,3", "0,8,2", "1,8,0", "1,0,2"])
def test_sizes_that_cannot_be(numbers):
    with pytest.raises(DistillError, match="heads divide"):
        parse_berts([f"bert_large={numbers}"])
