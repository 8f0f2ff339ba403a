"""The grid itself: the real commands, on a few sentences and a tiny transformer."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from common.guard import locked
from low_resource.run import main
from small import write_gold
from spacy.tokens import Doc, DocBin
from tiny_teachers import make_bert_teacher

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "low_resource" / "run.py"
SETTINGS = """
[teacher]
transformer = "{folder}/weights"
[teacher.steps]
passes = 0
at_least = {teacher_steps}
at_most = {teacher_steps}
evaluations = 1
[student]
[student.steps]
passes = 2
few_labels = 0
at_least = 1
evaluations = 1
[student.overrides]
training.batcher.size = 4
components.ner.model.tok2vec.word_width = 4
components.ner.model.tok2vec.hidden_width = 4
[gold]
[gold.steps]
passes = 0
at_least = 2
evaluations = 2
[second_teacher]
[second_teacher.steps]
passes = 0
at_least = 3
evaluations = 1
[second]
[second.steps]
passes = 0
at_least = 4
evaluations = 2
[stock]
[stock.overrides]
training.max_steps = 2
training.eval_frequency = 2
"""
STUDENT = ("--encoders", "bilstm", "--classifiers", "softmax", "--word-init", "teacher")


def write_settings(folder, *, name="settings.cfg", teacher_steps=2, **changes):
    text = SETTINGS.format(folder=folder, teacher_steps=teacher_steps)
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A corpus of twelve sentences, a transformer, settings with few steps."""
    folder = tmp_path_factory.mktemp("grid")
    nlp = spacy.blank("en")
    write_gold(folder / "train.spacy", nlp, repeat=3)
    write_gold(folder / "dev.spacy", nlp)
    write_gold(folder / "test.spacy", nlp)
    make_bert_teacher(folder / "weights")
    write_settings(folder)
    return folder


def arguments(folder, *more, settings="settings.cfg", results="results", work="work"):
    command = [
        *("--corpus", "few", "--labels", "8", "--seeds", "0"),
        *("--settings", folder / settings, "--work", folder / work),
        *("--results", folder / results),
    ]
    for split in ("train", "dev", "test"):
        command += [f"--{split}", folder / f"{split}.spacy"]
    return [*map(str, command), *more]


def grid(folder, *more, **places):
    """Run the grid as a user would. RETURNS: what it printed."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments(folder, *more, **places)],
        # Not the repository, where Python would find the package by itself.
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def results_in(folder, results="results"):
    files = (folder / results / "low_resource" / "few").glob("n*.json")
    return {path.stem: json.loads(path.read_bytes()) for path in files}


@pytest.mark.slow
def test_a_grid_in_several_goes(made, capsys):
    pytest.importorskip("matplotlib")
    printed = grid(made, "--systems", "teacher", "stock", "--jobs", "2")
    assert "2 runs, 2 of them to be made" in printed
    found = results_in(made)
    assert found.keys() == {"n8-s0-teacher", "n8-s0-stock"}
    cell = made / "work" / "few" / "n8-s0"
    figures = json.loads((cell / "corpus" / "corpus.json").read_bytes())["splits"]
    assert figures["train"]["total"]["sentences"] == 8
    assert figures["unlabelled"]["total"]["sentences"] == 4

    # Killed while it annotated: the teacher stays, and the rest begins anew.
    (cell / "done" / "annotate.json").unlink()
    (cell / "soft_labels" / "shard-00000.spacy").write_bytes(b"half")
    teacher = cell / "teacher" / "model-best"
    age = teacher.stat().st_mtime_ns
    printed = grid(
        made,
        *("--systems", "teacher", "distilled"),
        *("--encoders", "dilated_cnn", "--classifiers", "crf", "--word-init", "random"),
    )
    assert "2 runs, 1 of them to be made" in printed
    assert "teacher trained" not in printed
    assert "text annotated" in printed
    assert teacher.stat().st_mtime_ns == age
    found = results_in(made)
    student = found["n8-s0-distilled-dilated_cnn-crf-random"]
    assert student["steps"] == {"steps": 6, "every": 6}
    assert found["n8-s0-stock"]["steps"] is None
    assert student["stages"].keys() == {
        *("corpus", "teacher", "annotate", "train", "evaluate")
    }
    (content,) = {result["teacher_sha256"] for result in found.values()}
    assert student["test"]["f1_per_type"].keys() == {"LOC", "PER"}
    assert 0 <= student["test"]["f1"] <= 100
    assert student["dev"]["f1"] is not None
    assert student["parameters"] > 0
    assert student["settings"]["encoders"]["dilated_cnn"]["hidden_width"] == 128
    # Nothing in a result tells where it was made.
    assert not any(str(made) in json.dumps(result) for result in found.values())
    # A student's pipeline is gone, what it printed is not.
    assert not list((cell / "runs").iterdir())
    assert (cell / "logs" / "n8-s0-distilled-dilated_cnn-crf-random.log").exists()

    # The same again: nothing is made, and the report is what it was.
    summary = (made / "results" / "low_resource.json").read_bytes()
    assert len(json.loads(summary)) == 3
    printed = grid(
        made,
        *("--systems", "teacher", "distilled", "stock"),
        *("--encoders", "dilated_cnn", "--classifiers", "crf", "--word-init", "random"),
    )
    assert "3 runs, 0 of them to be made" in printed
    assert (made / "results" / "low_resource.json").read_bytes() == summary

    # Another student may use the same teacher, in other results.
    write_settings(made, name="other.cfg", **{"hidden_width = 4": "hidden_width = 6"})
    with pytest.raises(SystemExit):
        main(arguments(made, settings="other.cfg"))
    more = ("--systems", "pseudo", *STUDENT, "--keep-models")
    printed = grid(made, *more, settings="other.cfg", results="others")
    assert "teacher trained" not in printed
    assert "text annotated" not in printed
    (other,) = results_in(made, "others").values()
    assert other["teacher_sha256"] == content
    kept = cell / "runs" / "n8-s0-pseudo-bilstm-softmax-teacher" / "model-best"
    assert spacy.load(kept).pipe_names == ["ner"]

    # But results with another teacher, trained anew since, stay apart.
    path = made / "results" / "low_resource" / "few" / "n8-s0-teacher.json"
    changed = {**found["n8-s0-teacher"], "teacher_sha256": "another"}
    path.write_text(json.dumps(changed), encoding="utf-8")
    with pytest.raises(SystemExit):
        main(arguments(made, "--systems", "gold", *STUDENT))
    printed = capsys.readouterr().out
    assert "n8-s0 in" in printed
    assert "trained anew" in printed
    assert not (cell / "logs" / "n8-s0-gold-bilstm-softmax-teacher.log").exists()


@pytest.mark.slow
def test_a_second_round(made):
    pytest.importorskip("matplotlib")
    student = ("--encoders", "qrnn", "--classifiers", "softmax")
    printed = grid(
        made,
        *("--systems", "pseudo", "second_teacher", "second"),
        *(*student, "--word-init", "teacher"),
        results="second",
        work="second",
    )
    # The student that relabels is the run of pseudo labels: trained once.
    assert "second round trained" in printed
    assert "pseudo qrnn softmax teacher: dev" in printed
    cell = made / "second" / "few" / "n8-s0"
    texts = [
        (doc.text, doc.has_annotation("ENT_IOB"))
        for path in sorted((cell / "relabelled").glob("*.spacy"))
        for doc in DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
    ]
    assert len(texts) == 12
    assert all(is_labelled for _, is_labelled in texts)
    found = results_in(made, "second")
    teacher, second = (
        found["n8-s0-second_teacher"],
        found["n8-s0-second-qrnn-softmax-teacher"],
    )
    assert teacher["steps"] == {"steps": 3, "every": 3}
    before = {"corpus", "teacher", "annotate", "student", "relabel"}
    assert teacher["stages"].keys() == {*before, "train", "evaluate"}
    assert second["stages"].keys() == {
        *(*before, "second_teacher", "second_annotate", "train", "evaluate")
    }
    pseudo = found["n8-s0-pseudo-qrnn-softmax-teacher"]
    assert pseudo["stages"].keys() == {
        *("corpus", "teacher", "annotate", "train", "evaluate")
    }
    assert second["steps"] == {"steps": 4, "every": 2}


@pytest.mark.slow
def test_killed_with_all_that_it_has_started(made):
    write_settings(made, name="long.cfg", teacher_steps=100_000)
    command = arguments(
        made, "--systems", "teacher", settings="long.cfg", results="r", work="killed"
    )
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), *command],
        cwd=made,
        stdout=subprocess.PIPE,
        text=True,
    )
    log = made / "killed" / "few" / "n8-s0" / "logs" / "teacher.log"
    while not log.exists():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the same command goes on" in printed
    # The training would hold the lock, if it were still there.
    with locked(made / "killed" / "few"):
        pass
    assert not results_in(made, "r")
    assert not (log.parents[1] / "done" / "teacher.json").exists()


@pytest.mark.slow
def test_a_failed_run_is_told_and_leaves_the_others(made):
    write_settings(
        made,
        name="failing.cfg",
        **{"training.max_steps = 2": 'training.optimizer = "no"'},
    )
    command = arguments(
        *(made, "--systems", "teacher", "stock", "--jobs", "2"),
        settings="failing.cfg",
        results="failed",
    )
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *command],
        cwd=made,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert results_in(made, "failed").keys() == {"n8-s0-teacher"}
    (line,) = [line for line in done.stdout.splitlines() if "✘" in line]
    assert "n8-s0-stock failed" in line
    assert "n8-s0-stock.log" in line
    assert (made / "failed" / "low_resource.json").exists()


def told(capsys, *command):
    with pytest.raises(SystemExit) as caught:
        main(list(command))
    assert caught.value.code == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "✘" in line]
    return line


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (("--labels", "8", "12"), "from 1 to 11 labels"),
        (("--labels", "0"), "got 0"),
        (("--seeds", "-1"), "--seeds of 0 or more"),
        (("--jobs", "0"), "--jobs and --threads of 1 or more"),
        (("--threads", "0"), "--jobs and --threads of 1 or more"),
        (("--corpus", "a/b"), "corpus name"),
        (("--train", "none.spacy"), "none.spacy"),
        (("--settings", "none.cfg"), "none.cfg"),
    ],
)
def test_what_cannot_be_run(made, capsys, more, expected):
    command = arguments(made, work="never", results="never")
    assert expected in told(capsys, *command, *more)
    assert not (made / "never").exists()


def test_a_label_that_stands_in_test_only(made, capsys, tmp_path):
    nlp = spacy.blank("en")
    doc = nlp.make_doc("Rex barks")
    doc.set_ents([doc.char_span(0, 3, "DOG")])
    DocBin(docs=[doc]).to_disk(tmp_path / "test.spacy")
    command = arguments(made, "--test", str(tmp_path / "test.spacy"), work="never")
    assert "DOG" in told(capsys, *command)


def test_a_corpus_without_entities(made, capsys, tmp_path):
    doc = Doc(spacy.blank("en").vocab, words=["nothing"])
    doc.set_ents([])
    DocBin(docs=[doc]).to_disk(tmp_path / "dev.spacy")
    command = arguments(made, "--dev", str(tmp_path / "dev.spacy"), work="never")
    assert "Expected entities" in told(capsys, *command)


def test_no_corpus(capsys):
    assert "--train, --dev, --test, --corpus" in told(capsys)


def test_another_grid_at_work(made, capsys):
    with locked(made / "busy" / "few"):
        line = told(capsys, *arguments(made, work="busy", results="busy_results"))
    assert "no other run" in line
    assert not (made / "busy_results").exists()
    assert os.listdir(made / "busy" / "few") == [".lock"]


def test_other_settings_in_the_same_folders(made, capsys):
    folder = made / "begun" / "low_resource" / "few"
    folder.mkdir(parents=True)
    (folder / "settings.json").write_text(
        json.dumps({"hash": "", "settings": {"lang": "de"}}), encoding="utf-8"
    )
    line = told(capsys, *arguments(made, work="new", results="begun"))
    assert str(folder) in line
    assert "choose another" in line
    # The working folder has not been taken by settings that cannot be used.
    assert os.listdir(made / "new" / "few") == [".lock"]
