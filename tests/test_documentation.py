"""Every example of the documentation runs, from a clean folder."""

import os
import re
import sys
from contextlib import nullcontext

import pytest
from documented import PAGES, ROOT, Reader, make_desk, read_blocks, write_small_student
from served import serve_in_thread
from small import trained

from spacy_distill.training import config as training_config
from spacy_distill.training import presets

# Commands that are not run here, by their beginnings, and what runs them.
ELSEWHERE = {
    "pip install": "tests/test_packaging.py, and the Makefile",
    "make ": ".ci/run, tests/test_project_run.py",
    "python -m spacy project run": "tests/test_project_run.py",
    "python benchmarks/": "tests/benchmarks",
    "python -m spacy download": "needs a network",
    # The pipeline there has no tagger.
    "spacy-distill augment texts.txt -o more.jsonl --pip": "tests/cli/test_augment.py",
    "huggingface-cli download": "needs a network",
    "spacy-distill annotate gliner.cfg": "tests/teachers/gliner, as GLiNER is an extra",
    "spacy-distill annotate gliner2.cfg": "tests/teachers/gliner2, as it is an extra",
    "spacy-distill distill-encoder": "tests/training/test_transformer_layers.py",
    "spacy-distill distill teacher/model-best texts.jsonl --config transformer": (
        "tests/training/test_transformer_student.py"
    ),
    "spacy-distill distill teacher/model-best texts.jsonl --config layers": (
        "tests/training/test_transformer_layers.py"
    ),
    "spacy-distill train-teacher teacher_lexicon.cfg": (
        "tests/training/test_lexicon_configs.py"
    ),
    "spacy-distill distill teacher/model-best texts.jsonl --config lexicon": (
        "tests/training/test_lexicon_configs.py"
    ),
    "spacy-distill distill zh/teacher/model-best assets/zh/unlabelled.txt --config l": (
        "tests/training/test_lexicon_student.py"
    ),
    "spacy-distill serve": "tests/service",
    "spacy-distill predict en_core_web_sm texts.jsonl -o predictions.spacy --exec": (
        "tests/cli/test_workers.py, as Ray is an extra"
    ),
    "spacy-distill annotate en_core_web_sm texts.jsonl -o soft_labels --executor": (
        "tests/cli/test_workers.py, as Ray is an extra"
    ),
    "spacy-distill predict en_core_web_sm texts.jsonl -o predictions.parquet": (
        "tests/prediction/test_files.py, as pyarrow is an extra"
    ),
    "spacy-distill annotate en_core_web_sm s3:": "tests/test_object_stores.py",
    "spacy-distill distill en_core_web_sm --soft-labels s3:": (
        "tests/test_object_stores.py"
    ),
    "spacy-distill predict en_core_web_sm s3:": "tests/test_object_stores.py",
    "serve run": "tests/service/test_ray_app.py, as Ray is an extra",
    "python on_ray.py": "tests/test_scale_examples.py",
    "python on_spark.py": "tests/test_scale_examples.py",
    "curl ": "tests/service",
    "spacy-distill calibrate": "tests/cli/test_calibrate.py, as it needs 50 entities",
}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_run(page, tmp_path, monkeypatch):
    desk = tmp_path / "desk"
    desk.mkdir()
    packages = make_desk(desk)
    student = tmp_path / "student.cfg"
    write_small_student(student, training_config.STUDENT_CONFIG)
    classifier = tmp_path / "textcat_student.cfg"
    write_small_student(classifier, training_config.TEXTCAT_STUDENT_CONFIG)
    monkeypatch.setattr(training_config, "STUDENT_CONFIG", student)
    for name in ("student_small", "student_accurate", "student_vectors"):
        config = training_config.CONFIGS / f"{name}.cfg"
        write_small_student(tmp_path / config.name, config)
    monkeypatch.setattr(presets, "CONFIGS", tmp_path)
    monkeypatch.setattr(training_config, "TEXTCAT_STUDENT_CONFIG", classifier)
    monkeypatch.syspath_prepend(packages)
    monkeypatch.setenv(
        "PYTHONPATH", f"{packages}{os.pathsep}{os.pathsep.join(sys.path)}"
    )
    monkeypatch.chdir(desk)
    monkeypatch.syspath_prepend(desk)
    reader = Reader(tuple(ELSEWHERE))
    with (
        serve_in_thread(trained())
        if page.stem == "serve"
        else nullcontext(SERVICE) as url
    ):
        for block in read_blocks(page):
            reader.run(block._replace(text=block.text.replace(SERVICE, url)))


# What examples ask.
SERVICE = "http://localhost:8000"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    # Without code, in which brackets are no links.
    text = re.sub(
        r"^```.*?^```|`[^`\n]*`(?!\])", "", page.read_text("utf-8"), flags=re.M | re.S
    )
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_anchors_exist(page):
    text = page.read_text("utf-8")
    for path, anchor in re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", text):
        target = page if not path else page.parent / path
        headings = re.findall(r"^#+ (.*)$", target.read_text("utf-8"), re.M)
        assert anchor in {slug(heading) for heading in headings}, (
            f"{page.name}: #{anchor}"
        )


def slug(heading):
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_readme_names_every_page():
    readme = (ROOT / "README.md").read_text("utf-8")
    for page in PAGES[1:]:
        assert f"docs/{page.name}" in readme
