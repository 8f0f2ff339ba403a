"""Interrupted annotations: what is there afterwards, and how they go on."""

import errno
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from hash_teacher import HashTeacher, make_pieces
from killed_annotation import LOSE, SETTINGS
from tiny_teachers import write_jsonl

import spacy_distill.annotation.annotate as annotate_module
from spacy_distill.annotation.annotate import annotate
from spacy_distill.errors import DistillError
from spacy_distill.soft_labels.manifest import Manifest
from spacy_distill.soft_labels.store import SoftLabels

HERE = Path(__file__).parent.parent
slow = partial(pytest.param, marks=pytest.mark.slow)
TEXTS = [
    "One .",
    "",
    "a much longer document that needs to be cut into some windows",
    "Two and two make four",
    "  ",
    "Three",
    "Anna lives in Paris with a dog and an old cat .",
]


def run(texts, out, teacher=None, **changes):
    teacher = teacher or HashTeacher(pieces=make_pieces(), lose=LOSE)
    return annotate(teacher, texts, out, progress=False, **{**SETTINGS, **changes})


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


@pytest.fixture
def texts(tmp_path):
    return write_jsonl(tmp_path / "texts.jsonl", TEXTS)


@pytest.fixture
def whole(tmp_path, texts):
    """The files of an annotation that was not interrupted."""
    run(texts, tmp_path / "whole")
    return contents(tmp_path / "whole")


def test_same_work_gives_the_same_bytes(tmp_path, texts, whole):
    dropped = Manifest.read(tmp_path / "whole").dropped
    assert [(e.document, e.text) for e in dropped] == [
        (3, "windows"),
        (4, "Two"),
        (7, "Anna"),
    ]
    run(texts, tmp_path / "again")
    assert contents(tmp_path / "again") == whole
    assert sorted(whole) == [
        "manifest.json",
        "shard-00000.json",
        "shard-00000.spacy",
        "shard-00001.json",
        "shard-00001.spacy",
        "shard-00002.json",
        "shard-00002.spacy",
        "word_pieces.msgpack",
    ]


@pytest.mark.parametrize(
    ("moment", "shards_done"),
    [
        slow("batch 1", 0),
        ("batch 4", 1),
        # Order of the files: manifest, pieces, (shard, record) x 3, manifest.
        slow("write 2", 0),
        ("write 5", 1),
        slow("rename 1", None),
        ("renamed 5", 1),
        slow("rename 6", 1),
        slow("renamed 6", 2),
        slow("renamed 8", 3),
        slow("rename 9", 3),
    ],
)
def test_killed_and_run_again(tmp_path, texts, whole, moment, shards_done):
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, HERE / "killed_annotation.py", texts, out, *moment.split()],
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"hanging\n"
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    left = contents(out)
    assert left.items() != whole.items()
    if shards_done is None:
        assert not (out / "manifest.json").exists()
    else:
        manifest = Manifest.read(out)
        assert not manifest.complete
        assert not manifest.shards
        records = {name for name in left if name.endswith(".json")}
        records.remove("manifest.json")
        assert len(records) == shards_done
        # Shards with a record are whole.
        for name in records:
            shard = str(Path(name).with_suffix(".spacy"))
            assert left[shard] == whole[shard]
        with pytest.raises(DistillError, match="annotate` again"):
            SoftLabels(out)
    run(texts, out)
    assert contents(out) == whole


def test_only_what_is_missing_is_done_again(tmp_path, texts, whole):
    class Stop(Exception):
        pass

    def stop():
        if len(teacher.batches) == 3:
            raise Stop

    teacher = HashTeacher(pieces=make_pieces(), lose=LOSE, on_batch=stop)
    with pytest.raises(Stop):
        run(texts, tmp_path / "out", teacher)
    assert len(list((tmp_path / "out").glob("shard-*.json"))) == 1
    second = HashTeacher(pieces=make_pieces(), lose=LOSE)
    run(texts, tmp_path / "out", second)
    in_one_go = HashTeacher(pieces=make_pieces())
    run(texts, tmp_path / "third", in_one_go)
    assert second.batches == in_one_go.batches[-len(second.batches) :]
    assert len(second.batches) < len(in_one_go.batches)
    assert contents(tmp_path / "out") == whole


def test_complete_work_returns_at_once(tmp_path, texts, whole):
    def never():
        raise AssertionError("the teacher was asked again")

    teacher = HashTeacher(pieces=make_pieces(), on_batch=never)
    manifest = run(texts, tmp_path / "whole", teacher)
    assert manifest == Manifest.read(tmp_path / "whole")
    assert contents(tmp_path / "whole") == whole


def test_batch_size_may_change_on_the_way(tmp_path, texts, whole):
    assert run(texts, tmp_path / "whole", batch_words=7).complete


@pytest.mark.parametrize("failing", [1, 2, 3, 4, 5, 6, 7, 8, 9])
def test_full_disk_at_any_file(tmp_path, texts, whole, monkeypatch, failing):
    really_fsync = os.fsync
    calls = 0

    def fsync(number):
        nonlocal calls
        calls += 1
        if calls >= failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        really_fsync(number)

    out = tmp_path / "out"
    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(DistillError, match="No space left on device"):
        run(texts, out)
    assert not [p for p in out.iterdir() if p.name.startswith(".")]
    if failing > 1:
        manifest = Manifest.read(out)
        assert not manifest.complete
        for record in out.glob("shard-*.json"):
            shard = record.with_suffix(".spacy")
            assert shard.read_bytes() == whole[shard.name]
    monkeypatch.undo()
    run(texts, out)
    assert contents(out) == whole


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"teacher": HashTeacher(seed=1, pieces=make_pieces())}, "teacher_hash"),
        (
            {"teacher": HashTeacher(labels=("PER", "ORG"), pieces=make_pieces())},
            "columns",
        ),
        ({"teacher": HashTeacher()}, "word_pieces"),
        ({"teacher": HashTeacher(lang="de", pieces=make_pieces())}, "language"),
        ({"shard_size": 4}, "shard_size is 3 there and 4 now"),
        ({"window": 7}, "window is 6 there and 7 now"),
        ({"overlap": 1}, "overlap is 2 there and 1 now"),
    ],
)
def test_other_work_is_refused(tmp_path, texts, whole, changes, told, complete):
    out = tmp_path / "whole"
    if not complete:
        take_back_last_shard(out)
    before = contents(out)
    with pytest.raises(DistillError, match=f"{told}.*another output folder"):
        run(texts, out, **changes)
    assert contents(out) == before


@pytest.mark.parametrize("complete", [True, False])
def test_other_work_is_replaced_when_asked(tmp_path, texts, whole, complete):
    out = tmp_path / "whole"
    if not complete:
        take_back_last_shard(out)
    teacher = HashTeacher()
    run(texts, out, teacher, replace=True)
    run(texts, tmp_path / "fresh", teacher)
    assert contents(out) == contents(tmp_path / "fresh")


def test_the_same_work_is_not_replaced(tmp_path, texts, whole):
    out = tmp_path / "whole"
    before = contents(out)
    times = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    run(texts, out, replace=True)
    assert contents(out) == before
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == times


def take_back_last_shard(out):
    manifest = Manifest.read(out)
    manifest.complete = False
    manifest.shards = []
    manifest.write(out)
    for name in ("shard-00002.json", "shard-00002.spacy"):
        (out / name).unlink()


def test_other_texts_are_refused(tmp_path, texts, whole):
    other = write_jsonl(tmp_path / "other.jsonl", [*TEXTS, "one more"])
    with pytest.raises(DistillError, match="texts_hash"):
        run(other, tmp_path / "whole")


def test_other_tokenizer_is_refused(tmp_path, texts, whole):
    teacher = HashTeacher(pieces=make_pieces())
    teacher.nlp.tokenizer.add_special_case("Two", [{"ORTH": "T"}, {"ORTH": "wo"}])
    with pytest.raises(DistillError, match="tokenizer_hash"):
        run(texts, tmp_path / "whole", teacher)


@pytest.mark.parametrize("damage", ["edited", "missing"])
def test_damaged_shard_is_not_built_upon(tmp_path, texts, whole, damage):
    out = tmp_path / "whole"
    take_back_last_shard(out)
    path = out / "shard-00000.spacy"
    if damage == "edited":
        path.write_bytes(path.read_bytes() + b"x")
    else:
        path.unlink()
    with pytest.raises(DistillError, match=r"shard-00000\.spacy.*remove the folder"):
        run(texts, out)


def test_missing_shard_of_complete_work(tmp_path, texts, whole):
    (tmp_path / "whole" / "shard-00001.spacy").unlink()
    with pytest.raises(DistillError, match=r"shard-00001\.spacy is missing"):
        run(texts, tmp_path / "whole")


def test_folder_with_other_files_is_left_alone(tmp_path, texts):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("x", encoding="utf-8")
    with pytest.raises(DistillError, match="other files"):
        run(texts, out)
    with pytest.raises(DistillError, match="got the file"):
        run(texts, out / "thesis.txt")
    assert list(contents(out)) == ["thesis.txt"]


def test_progress_counts_every_document(tmp_path, texts, monkeypatch, capsys):
    seen = []

    class Progress(annotate_module._Progress):
        def update(self, docs, words):
            seen.append((docs, words))
            super().update(docs, words)

    monkeypatch.setattr(annotate_module, "_Progress", Progress)
    annotate(HashTeacher(), texts, tmp_path / "out", **SETTINGS)
    assert sum(docs for docs, _ in seen) == len(TEXTS)
    shown = capsys.readouterr().err
    assert "7/7" in shown
    assert "words/s" in shown
