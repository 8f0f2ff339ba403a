"""The whole project, from text to wheel, on a few sentences and a tiny transformer."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

import pytest
import spacy
from small_classifiers import best
from test_project import ROOT, load
from texts_with_categories import LABELS, make_data
from tiny_teachers import make_bert_teacher, make_cnn_teacher, write_jsonl

from spacy_distill.evaluation.report import Report

GOLD = """# news/{split}

[Anna](PER) went to [Paris](LOC) for the {split}.
[Bob Smith](PER) likes [New York](LOC) and nothing else.
"""
TEXTS = """# news/more

Paris and Rome are far from Anna Smith.
Nothing of note is here, says Bob.
"""
# Of half the layers of the tiny transformer.
TINY = {
    "layers = 3": "layers = 1",
    "width = 384": "width = 8",
    "feed_forward_width = 1536": "feed_forward_width = 16",
    "heads = 12": "heads = 2",
    "max_length = 128": "max_length = 64",
}
SMALL = {
    "student.cfg": {
        "word_width = 100": "word_width = 8",
        "hidden_width = 150": "hidden_width = 8",
    },
    "textcat_student.cfg": {
        "word_width = 100": "word_width = 8",
        "hidden_width = 100": "hidden_width = 8",
    },
    "encoder.cfg": TINY,
    "transformer_layers.cfg": TINY,
}
CONFIGS = {
    "teacher_config": "configs/teacher.cfg",
    "student_config": "configs/student.cfg",
}
VARIABLES = {
    **CONFIGS,
    "encoder_config": "configs/encoder.cfg",
    "transformer_config": "configs/transformer_layers.cfg",
    "encoder_steps": 2,
    "transformer": "weights",
    "teacher_passes": 1,
    "student_passes": 1,
    "baseline_steps": 2,
}
TEXTCAT = {
    "textcat_teacher_config": "configs/textcat_teacher.cfg",
    "textcat_student_config": "configs/textcat_student.cfg",
    "transformer": "weights",
    "teacher_passes": 1,
    "student_passes": 1,
    "baseline_steps": 2,
    "textcat_rounds": 1,
    "license": "MIT",
}
# Any pipeline, and texts without gold annotation.
ANY_TEACHER = {
    **CONFIGS,
    "any_teacher": "teacher",
    "work": "work/any_teacher",
    "train": "",
    "dev": "",
    "unlabelled": "texts.jsonl",
    "student_passes": 1,
}


def make_project(folder: Path) -> None:
    (folder / "project.yml").symlink_to(ROOT / "project.yml")
    (folder / "configs").mkdir()
    for path in (ROOT / "spacy_distill" / "configs").iterdir():
        text = path.read_text(encoding="utf-8")
        for ours, small in SMALL.get(path.name, {}).items():
            assert ours in text
            text = text.replace(ours, small)
        (folder / "configs" / path.name).write_text(text, encoding="utf-8")
    sources = {split: GOLD.format(split=split) for split in ("train", "dev", "test")}
    for name, text in {**sources, "unlabelled": TEXTS}.items():
        (folder / "assets" / name).mkdir(parents=True)
        path = folder / "assets" / name / "news.txt"
        path.write_text(text, encoding="utf-8")
    make_bert_teacher(folder / "weights")


def run_project(folder: Path, workflow: str, variables: Dict[str, Any]) -> str:
    command = [sys.executable, "-m", "spacy", "project", "run", workflow, str(folder)]
    for name, value in variables.items():
        command += [f"--vars.{name}", str(value)]
    # `spacy-distill` lies beside Python, also where the environment is not activated.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.slow
def test_the_workflow_runs_once_and_is_then_done(tmp_path):
    make_project(tmp_path)
    printed = run_project(tmp_path, "all", VARIABLES)
    assert "Skipping" not in printed
    work = tmp_path / "work" / "assets"
    rows = [row.name for row in Report.read(work / "report.json").rows]
    assert rows == ["teacher", "baseline", "with_logits", "distilled"]
    (wheel,) = work.rglob("*.whl")
    assert wheel.name == "en_compact_ner-0.1.0-py3-none-any.whl"
    assert (work / "pictures" / "comparison.svg").is_file()
    project = load()
    # Commands without outputs run each time, too.
    always = [
        command["name"]
        for command in project["commands"]
        if command.get("no_skip") or not command.get("outputs")
    ]
    once = set(project["workflows"]["all"]) - set(always)
    printed = run_project(tmp_path, "all", VARIABLES)
    assert printed.count("Skipping") == len(once)
    # What it made, once more as a small wheel. The second time it is made anew.
    for _ in range(2):
        printed = run_project(tmp_path, "small", {**VARIABLES, "license": "MIT"})
        (small,) = (work / "small").rglob("*.whl")
        assert small.name == "en_compact_ner_small-0.1.0-py3-none-any.whl"
        assert f"pip install {small.relative_to(tmp_path)}" in printed
        assert "The wheel has 0." in printed
        rows = [row.name for row in Report.read(work / "small" / "report.json").rows]
        assert rows == ["teacher", "distilled", "small"]
    # A small transformer of the same teacher.
    run_project(tmp_path, "transformer", VARIABLES)
    report = Report.read(work / "transformer_report.json")
    assert [row.name for row in report.rows] == ["teacher", "distilled", "transformer"]
    assert (work / "encoder" / "distillation.json").is_file()
    assert "Skipping" in run_project(tmp_path, "transformer", VARIABLES)


@pytest.mark.slow
def test_any_teacher_without_gold_annotation(tmp_path):
    make_project(tmp_path)
    make_cnn_teacher().to_disk(tmp_path / "teacher")
    texts = [f"Anna {i} lives in Paris with a dog ." for i in range(20)]
    write_jsonl(tmp_path / "texts.jsonl", texts)
    printed = run_project(tmp_path, "any-teacher", ANY_TEACHER)
    assert "no gold annotation" in printed
    work = tmp_path / "work" / "any_teacher"
    (report,) = work.rglob("report.json")
    assert Report.read(report).is_agreement
    (wheel,) = work.rglob("*.whl")
    assert wheel.name == "en_compact_ner-0.1.0-py3-none-any.whl"


def write_reviews(folder: Path) -> None:
    """Write gold documents with a category, and texts without."""
    folder.mkdir()
    for seed, name in enumerate(("train", "dev", "test")):
        lines = [
            json.dumps({"text": text, "label": best(cats)})
            for text, cats in make_data(24, seed=seed)
        ]
        path = folder / f"{name}.jsonl"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    texts = [text for text, _ in make_data(40, seed=9)]
    (folder / "unlabelled.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")


@pytest.mark.slow
def test_a_text_classifier_from_reviews_to_a_wheel(tmp_path):
    make_project(tmp_path)
    write_reviews(tmp_path / "assets" / "reviews")
    printed = run_project(tmp_path, "distill-textcat", TEXTCAT)
    assert "Skipping" not in printed
    work = tmp_path / "work" / "reviews"
    rows = [row.name for row in Report.read(work / "report.json").rows]
    assert rows == ["teacher", "baseline", "distilled", "small"]
    for path in (*(work / row / "model-best" for row in rows[:3]), work / "small"):
        nlp = spacy.load(path)
        assert set(nlp.get_pipe("textcat").labels) == set(LABELS)
        assert set(nlp("a fine film").cats) == set(LABELS)
    (wheel,) = work.rglob("*.whl")
    assert wheel.name == "en_compact_textcat-0.1.0-py3-none-any.whl"
    assert f"pip install {wheel.relative_to(tmp_path)}" in printed
    # All but the last command, which prints the table each time.
    steps = load()["workflows"]["distill-textcat"]
    printed = run_project(tmp_path, "distill-textcat", TEXTCAT)
    assert printed.count("Skipping") == len(steps) - 1
