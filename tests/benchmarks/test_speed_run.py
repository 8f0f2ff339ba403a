"""The benchmark itself: bad input, and one run with everything tiny."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from small import TEXTS, trained
from speed import run as module
from speed import systems
from speed.run import main
from tiny_teachers import make_bert_teacher, write_jsonl

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "speed" / "run.py"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Texts and a student."""
    folder = tmp_path_factory.mktemp("speed")
    write_jsonl(folder / "texts.jsonl", TEXTS * 3)
    trained().to_disk(folder / "student")
    return folder


def arguments(folder, *more, results="results", work="work"):
    return [
        *("--texts", str(folder / "texts.jsonl")),
        *("--student", f"mine={folder / 'student'}"),
        *("--results", str(folder / results), "--work", str(folder / work)),
        *map(str, more),
    ]


def told(capsys, *command):
    with pytest.raises(SystemExit) as caught:
        main(list(map(str, command)))
    assert caught.value.code == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "✘" in line]
    return line


def test_no_texts(place, capsys):
    assert "Expected --texts" in told(capsys)
    line = told(capsys, *arguments(place, "--texts", place / "none.jsonl"))
    assert "none.jsonl" in line


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--rounds", 0),
        ("--threads", 0),
        ("--batches", 0),
        ("--loads", 0),
        ("--at-least", 0),
        ("--lengths", 0),
        ("--seconds", -1),
        ("--stream", -1),
    ],
)
def test_numbers_that_cannot_be(place, capsys, option, value):
    assert option in told(capsys, *arguments(place, option, value))


@pytest.mark.parametrize("student", ["mine", "mine=", "mine=other"])
def test_students_without_a_name_of_their_own(place, capsys, student):
    line = told(capsys, *arguments(place, "--student", student))
    assert "--student NAME=PIPELINE" in line


def test_no_student(place, capsys):
    line = told(capsys, *arguments(place, "--student", f"other={place}"))
    assert "found none" in line


def test_a_teacher_without_a_transformer(place, capsys):
    line = told(capsys, *arguments(place, "--teacher", place / "student"))
    assert "component `transformer`" in line


def test_without_onnxruntime(place, capsys, monkeypatch):
    monkeypatch.setattr(systems, "find_spec", lambda name: None)
    (place / "teacher").mkdir(exist_ok=True)
    (place / "teacher" / "config.cfg").write_text(
        '[nlp]\npipeline = ["transformer"]\n[components]\n[components.transformer]\n'
        'factory = "transformer"\n',
        encoding="utf-8",
    )
    line = told(capsys, *arguments(place, "--teacher", place / "teacher"))
    assert "pip install 'spacy-distill[bench]'" in line
    assert not (place / "results").exists()


def test_nothing_to_report(place, capsys):
    command = arguments(place, "--report-only", results="none")
    assert "run without --report-only first" in told(capsys, *command)


def test_results_of_other_texts(place, capsys, monkeypatch):
    """Nothing is measured, and none of what is there is touched."""
    folder = place / "begun" / "speed"
    folder.mkdir(parents=True)
    before = json.dumps({"hash": "", "settings": {"lang": "en"}})
    (folder / "settings.json").write_text(before, encoding="utf-8")
    monkeypatch.setattr(module, "prepare", None)
    line = told(capsys, *arguments(place, results="begun"))
    assert "texts.documents was not set and is" in line
    assert (folder / "settings.json").read_text(encoding="utf-8") == before


@pytest.mark.slow
def test_a_run_with_everything_tiny(place, capsys):
    for needed in ("matplotlib", "onnx", "onnxruntime", "spacy_transformers"):
        pytest.importorskip(needed)
    make_bert_teacher(place / "weights").to_disk(place / "bert_teacher")
    command = arguments(
        place,
        *("--teacher", place / "bert_teacher"),
        *("--systems", "teacher_onnx_int8", "mine"),
        *("--threads", 1, "--batches", 1, 4, "--rounds", 1, "--seconds", 0),
        *("--loads", 1, "--stream", 2000, "--lengths", 20, 40),
        results="all",
    )

    done = subprocess.run(
        [sys.executable, str(SCRIPT), *command],
        # Not the repository, where Python would find the package by itself.
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "making teacher_onnx_int8" in done.stdout
    rows = json.loads((place / "all" / "speed.json").read_bytes())
    assert len(rows) == 2 * 2 * 2
    keys = {"system", "threads", "batch", "order", "words_per_second", "peak_mb"}
    assert all(keys | {"disk_mb"} <= row.keys() for row in rows)
    assert all(row["words_per_second"] > 0 and row["disk_mb"] > 0 for row in rows)
    assert {row["ms_p50"] is None for row in rows if row["batch"] == 4} == {True}
    streams = json.loads((place / "all" / "speed_streams.json").read_bytes())
    assert [row["curve"][-1][0] for row in streams] == [2000, 2000]
    files = {p.name: p.read_bytes() for p in (place / "all").iterdir() if p.is_file()}
    assert {"speed.md", "speed.svg", "speed.png", "speed_scaling.svg"} <= files.keys()
    # The same again has nothing to do.
    main(command)
    printed = capsys.readouterr().out
    assert "words/s" not in printed
    assert "making" not in printed
    assert files == {
        p.name: p.read_bytes() for p in (place / "all").iterdir() if p.is_file()
    }
