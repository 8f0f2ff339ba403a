"""Several rounds of distillation, with a tiny BERT as the second teacher."""

import json

import pytest
import spacy
from small import TEXTS
from spacy.tokens import DocBin
from tiny_distillation import CONFIG, SMALL, write_files, write_round_teacher
from tiny_teachers import write_jsonl

from spacy_distill import distill
from spacy_distill.errors import DistillError
from spacy_distill.evaluation.report import Report
from spacy_distill.files import sha256_path
from spacy_distill.soft_labels.store import SoftLabels
from spacy_distill.training import rounds as rounds_module
from spacy_distill.training.config import CONFIGS
from spacy_distill.training.rounds import _decide

OVERRIDES = {**SMALL, "initialize.before_init.source": None}


@pytest.fixture
def files(tmp_path):
    write_round_teacher(tmp_path)
    write_files(tmp_path)
    # The student has the gold entities where a text is gold.
    write_jsonl(tmp_path / "texts.jsonl", [*TEXTS, *(f"Then {t}" for t in TEXTS)])
    return tmp_path


def run(files, **settings):
    settings = {
        "texts": files / "texts.jsonl",
        "train": files / "gold.spacy",
        "dev": files / "gold.spacy",
        "output": files / "out",
        "config": CONFIG,
        "overrides": OVERRIDES,
        "rounds": 2,
        "round_teacher": files / "round_teacher.cfg",
        "progress": False,
        **settings,
    }
    return distill(files / "teacher", **settings)


def weights(folder):
    return sha256_path(folder / "model-best" / "ner" / "model")


def test_two_rounds(files, capsys):
    run(files)
    assert capsys.readouterr().out == ""
    out = files / "out"
    first = SoftLabels(out / "soft_labels").manifest
    second = SoftLabels(out / "round-1" / "next_teacher" / "soft_labels").manifest
    assert first.teacher_hash != second.teacher_hash
    assert first.counts.docs == second.counts.docs
    assert weights(out) != weights(out / "round-1")
    teacher = spacy.load(out / "round-1" / "next_teacher" / "model-best")
    assert teacher.pipe_names == ["transformer", "ner"]
    report = Report.read(out / "report.json")
    names = ["teacher", "teacher, round 1", "distilled, round 1", "distilled"]
    assert [row.name for row in report.rows] == names
    assert report.sources["distilled, round 1"] == "round-1/model-best"
    before = Report.read(out / "round-1" / "report.json")
    assert report.rows[1].f1 == before.rows[0].f1
    assert report.rows[2].f1 == before.rows[1].f1
    assert report.sources["teacher"].endswith("round-1/next_teacher/model-best")
    # All renderings have the line.
    for suffix in (".md", ".html"):
        text = (out / "report.json").with_suffix(suffix).read_text(encoding="utf-8")
        assert "distilled, round 1" in text


def test_the_second_teacher_learns_from_gold_and_from_the_student(files):
    run(files)
    folder = files / "out" / "round-1"
    student = spacy.load(folder / "model-best")
    gold, others = (
        list(
            DocBin()
            .from_disk(folder / "relabelled" / f"{name}.spacy")
            .get_docs(student.vocab)
        )
        for name in ("gold", "student")
    )
    vocab = student.vocab
    expected = list(DocBin().from_disk(files / "gold.spacy").get_docs(vocab))
    assert [doc.to_json() for doc in gold] == [doc.to_json() for doc in expected]
    known = {doc.text for doc in gold}
    texts = [
        json.loads(line)["text"]
        for line in (files / "texts.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    left = [text for text in texts if text not in known]
    assert [doc.text for doc in others] == left
    for doc in others:
        again = student(doc.text)
        assert [(e.start, e.end, e.label_) for e in doc.ents] == [
            (e.start, e.end, e.label_) for e in again.ents
        ]


def test_finished_rounds_are_not_repeated(files):
    run(files)
    out = files / "out"
    last = weights(out)
    times = {
        path: path.stat().st_mtime_ns
        for path in (out / "round-1").rglob("*")
        if path.is_file()
    }
    run(files)
    for path, time in times.items():
        assert path.stat().st_mtime_ns == time
    assert weights(out) == last


def test_a_run_that_was_killed_in_between_goes_on(files, monkeypatch):
    run(files)
    last = weights(files / "out")

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rounds_module, "train_teacher", killed)
        with pytest.raises(KeyboardInterrupt):
            run(files, output=files / "killed")
    assert not (files / "killed" / "round-1" / "finished.json").exists()
    run(files, output=files / "killed")
    assert weights(files / "killed") == last


def test_another_label_map_is_not_overlooked(files):
    run(files)
    # Its soft labels would be others.
    with pytest.raises(DistillError, match="soft labels of the same work"):
        run(files, label_map={"PER": "LOC", "LOC": "PER"})


def test_a_round_without_a_report(files):
    run(files)
    (files / "out" / "round-1" / "report.json").unlink()
    run(files)
    report = Report.read(files / "out" / "report.json")
    assert [row.name for row in report.rows] == ["teacher", "distilled"]


@pytest.mark.parametrize("change", ["settings", "config", "gold"])
def test_other_settings_repeat_the_first_round(files, change):
    run(files)
    mark = files / "out" / "round-1" / "finished.json"
    before = mark.read_text(encoding="utf-8")
    settings = {}
    if change == "settings":
        settings["overrides"] = {**OVERRIDES, "training.dropout": 0.2}
    elif change == "config":
        with (files / "round_teacher.cfg").open("a", encoding="utf-8") as file:
            file.write("\n# another\n")
    else:
        data = (files / "gold.spacy").read_bytes()
        docs = list(DocBin().from_bytes(data).get_docs(spacy.blank("en").vocab))
        DocBin(docs=docs[1:]).to_disk(files / "gold.spacy")
    run(files, **settings)
    assert mark.read_text(encoding="utf-8") != before


def test_other_vectors_repeat_the_first_round(files):
    """The content of a file that the config names counts, not its path alone."""
    path = files / "vectors.txt"
    words = ["anna", "paris", "smith", "new", "york", "zagreb"]
    settings = {
        "config": CONFIGS / "student_vectors.cfg",
        "overrides": {
            **OVERRIDES,
            "components.ner.model.tok2vec.word_width": 3,
            "paths.word_vectors": str(path),
            "initialize.before_init.source.vector_width": None,
            "initialize.before_init.source.pieces": None,
        },
    }
    del settings["overrides"]["initialize.before_init.source"]
    marks = []
    for factor in (1, -1):
        lines = [
            f"{w} {factor * i} {i % 2} {1 - i % 3 / 2}" for i, w in enumerate(words)
        ]
        path.write_text("\n".join(lines), encoding="utf-8")
        run(files, **settings)
        mark = files / "out" / "round-1" / "finished.json"
        marks.append(mark.read_text(encoding="utf-8"))
    assert marks[0] != marks[1]


def test_three_rounds_without_an_output(files):
    nlp = run(files, output=None, rounds=3)
    names = [row["name"] for row in nlp.meta["spacy_distill"]["rows"]]
    assert names == [
        "teacher",
        "teacher, round 1",
        "distilled, round 1",
        "teacher, round 2",
        "distilled, round 2",
        "distilled",
    ]


BAD = [
    ({"rounds": 0}, "Expected 1 or more rounds, got 0"),
    (
        {"rounds": 1},
        "round_teacher.cfg and one round: set rounds to 2, or leave it out",
    ),
    ({"dev": None}, "Expected gold annotation for development with 2 rounds"),
    (
        {"round_teacher": None, "overrides": {**OVERRIDES, "nlp.lang": "de"}},
        "the language 'de', since the transformer of the one that ships is for English",
    ),
    (
        {"round_teacher": CONFIGS / "textcat_teacher.cfg"},
        "Expected a teacher for the task of the student in .*textcat_teacher.cfg",
    ),
    ({"round_teacher": "missing.cfg"}, "missing.cfg"),
]


@pytest.mark.parametrize(("settings", "expected"), BAD)
def test_bad_settings_are_told_before_the_work_starts(files, settings, expected):
    with pytest.raises(DistillError, match=expected) as caught:
        run(files, **settings)
    assert "\n" not in str(caught.value)
    assert not (files / "out" / "soft_labels").exists()


def test_soft_labels_alone_are_not_enough(files):
    run(files, rounds=1, round_teacher=None)
    with pytest.raises(DistillError, match="texts with 2 rounds, which the student"):
        run(files, texts=None, soft_labels=files / "out" / "soft_labels")


def test_decisions_of_classifiers():
    cats = {"a": 0.2, "b": 0.7, "c": 0.6}
    assert _decide(cats, exclusive=True) == {"a": 0.0, "b": 1.0, "c": 0.0}
    assert _decide(cats, exclusive=False) == {"a": 0.0, "b": 1.0, "c": 1.0}


def test_without_gold_to_train_on(files):
    run(files, train=None)
    folder = files / "out" / "round-1"
    assert len(DocBin().from_disk(folder / "relabelled" / "gold.spacy")) == 0
    assert (folder / "next_teacher" / "model-best").is_dir()
    assert (files / "out" / "model-best").is_dir()
