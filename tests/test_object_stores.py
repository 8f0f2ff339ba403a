"""Texts, soft labels and predictions at addresses, as on this machine."""

import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hash_teacher import HashTeacher, make_pieces
from object_stores import STORES, forget_listings, open_store
from small import TEXTS, trained
from spacy.tokens import Doc, DocBin
from tiny_distillation import distill, told, write_files
from tiny_teachers import write_jsonl
from typer.testing import CliRunner

from spacy_distill.addresses import as_path
from spacy_distill.annotation.annotate import annotate
from spacy_distill.cli.app import app
from spacy_distill.corpora.texts import as_texts
from spacy_distill.docs import blank_pipeline
from spacy_distill.errors import DistillError
from spacy_distill.executors import Processes
from spacy_distill.prediction.files import predict_file
from spacy_distill.prediction.sources import LocalPipeline
from spacy_distill.soft_labels.store import SoftLabels

SETTINGS = {"shard_size": 3, "batch_words": 12, "window": 6, "overlap": 2}
MANY = [f"{text} {number}" for number in range(4) for text in TEXTS]


@pytest.fixture(params=STORES)
def store(request):
    with open_store(request.param) as address:
        yield as_path(address)


@pytest.fixture
def texts(tmp_path):
    return write_jsonl(tmp_path / "texts.jsonl", MANY)


def run(texts, out, **teacher):
    teacher = HashTeacher(pieces=make_pieces(), **teacher)
    return annotate(teacher, texts, out, progress=False, **SETTINGS)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def fail_after(batches):
    left = iter(range(batches))

    def on_batch():
        if next(left, None) is None:
            raise KeyboardInterrupt

    return on_batch


def test_annotation_has_the_bytes_of_a_local_one(tmp_path, store, texts):
    there = store / "texts.jsonl"
    there.write_bytes(texts.read_bytes())
    run(texts, tmp_path / "labels")
    run(str(there), str(store / "labels"))
    assert contents(store / "labels") == contents(tmp_path / "labels")


def test_an_interrupted_annotation_goes_on(tmp_path, store, texts):
    run(texts, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(texts, store / "labels", on_batch=fail_after(3))
    done = {path.name for path in (store / "labels").glob("shard-*.json")}
    assert 0 < len(done) < 4
    forget_listings()
    batches = []
    run(texts, store / "labels", on_batch=lambda: batches.append(1))
    assert 0 < len(batches) < 12
    assert contents(store / "labels") == contents(tmp_path / "whole")


@pytest.mark.parametrize("direction", ["to the store", "from the store"])
def test_another_place_goes_on(tmp_path, store, texts, direction):
    """A folder that is half done is copied, and the copy is finished."""
    run(texts, tmp_path / "whole")
    here, there = tmp_path / "here", store / "there"
    if direction == "from the store":
        here, there = there, here
    with pytest.raises(KeyboardInterrupt):
        run(texts, here, on_batch=fail_after(3))
    for name, data in contents(here).items():
        there.mkdir(parents=True, exist_ok=True)
        (there / name).write_bytes(data)
    run(texts, there)
    assert contents(there) == contents(tmp_path / "whole")


@pytest.mark.slow
def test_workers_annotate_into_a_store(tmp_path, store, texts):
    run(texts, tmp_path / "labels")
    annotate(
        load_teacher,
        texts,
        store / "labels",
        executor=Processes(2),
        progress=False,
        **SETTINGS,
    )
    assert contents(store / "labels") == contents(tmp_path / "labels")


def load_teacher():
    return HashTeacher(pieces=make_pieces())


def test_soft_labels_are_read_where_they_are(tmp_path, store, texts):
    run(texts, store / "labels")
    labels = SoftLabels(str(store / "labels"))
    nlp = blank_pipeline("en")
    assert [doc.text for doc in labels.read(nlp)] == MANY
    assert labels.word_pieces() is not None


@pytest.mark.parametrize("name", ["texts.jsonl.gz", "texts.txt", "texts.spacy"])
def test_texts_of_any_kind(tmp_path, store, name):
    local = tmp_path / name
    data = "".join(f"{text}\n" for text in MANY).encode()
    if name.endswith(".gz"):
        data = gzip.compress(write_jsonl(tmp_path / "plain.jsonl", MANY).read_bytes())
    if name.endswith(".spacy"):
        vocab = blank_pipeline("en").vocab
        docs = [Doc(vocab, words=text.split()) for text in MANY]
        data = DocBin(docs=docs).to_bytes()
    local.write_bytes(data)
    (store / name).write_bytes(data)
    here, there = as_texts(local), as_texts(str(store / name))
    assert there.hash == here.hash
    nlp = blank_pipeline("en")
    assert [doc.text for doc in there.read(nlp)] == [doc.text for doc in here.read(nlp)]


def test_a_folder_of_texts(tmp_path, store):
    for folder in (tmp_path / "many", store / "many"):
        for number, text in enumerate(MANY):
            file = folder / f"part-{number % 2}" / f"{number}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
    here, there = as_texts(tmp_path / "many"), as_texts(store / "many")
    assert there.hash == here.hash
    assert len(there) == len(here) == len(MANY)


@pytest.fixture
def model(tmp_path):
    trained().to_disk(tmp_path / "student")
    return tmp_path / "student"


@pytest.mark.parametrize("ending", ["jsonl", "parquet", "spacy"])
def test_predictions_have_the_bytes_of_local_ones(
    tmp_path, store, model, texts, ending
):
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    (store / "texts.jsonl").write_bytes(texts.read_bytes())
    name = f"predictions.{ending}"
    for place in (tmp_path, store):
        done = predict_file(
            LocalPipeline(model),
            place / "texts.jsonl",
            place / name,
            shard_size=5,
            progress=False,
        )
        assert done.documents == len(MANY)
    assert (store / name).read_bytes() == (tmp_path / name).read_bytes()
    assert {path.name for path in store.iterdir()} == {"texts.jsonl", name}
    with pytest.raises(DistillError, match="which exists"):
        predict_file(LocalPipeline(model), texts, store / name, progress=False)


def test_commands(tmp_path, store, model, texts):
    (store / "texts.jsonl").write_bytes(texts.read_bytes())
    result = CliRunner().invoke(
        app,
        ["annotate", str(model), str(store / "texts.jsonl"), "-o", f"{store}/labels"],
    )
    assert result.exit_code == 0, result.output
    assert f"{store}/labels" in result.output
    assert len(SoftLabels(store / "labels")) == len(MANY)
    output = f"{store}/predictions.jsonl"
    result = CliRunner().invoke(app, ["predict", str(model), str(texts), "-o", output])
    assert result.exit_code == 0, result.output
    assert as_path(output).read_bytes().count(b"\n") == len(MANY)


def test_a_changed_shard_is_an_error(store, texts):
    with pytest.raises(KeyboardInterrupt):
        run(texts, store / "labels", on_batch=fail_after(3))
    shard = store / "labels" / "shard-00000.spacy"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(DistillError, match="has changed since it was written"):
        run(texts, store / "labels")


@pytest.mark.slow
def test_a_killed_command_goes_on(tmp_path, texts):
    with open_store("s3") as address:
        out = as_path(f"{address}/labels")
        script = Path(__file__).with_name("killed_annotation.py")
        command = [sys.executable, script, texts, str(out), "batch", "4"]
        path = os.pathsep.join([str(script.parent), *sys.path])
        process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path})
        deadline = time.monotonic() + 120
        record = out / "shard-00000.json"
        while not record.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
            forget_listings()
            record = as_path(str(record))
        process.send_signal(signal.SIGKILL)
        process.wait()
        lose = ("windows", "Two", "Anna")
        run(texts, tmp_path / "whole", lose=lose)
        assert "manifest.json" in contents(out)
        assert contents(out) != contents(tmp_path / "whole")
        run(texts, out, lose=lose)
        assert contents(out) == contents(tmp_path / "whole")


def test_a_missing_bucket_is_one_line(tmp_path, texts):
    with open_store("s3"):
        with pytest.raises(DistillError, match="not there"):
            as_texts("s3://no-such-bucket/texts.jsonl")
        with pytest.raises(DistillError, match="Could not reach s3://no-such-bucket"):
            run(texts, "s3://no-such-bucket/labels")


def test_a_store_that_does_not_answer_is_one_line(monkeypatch):
    with open_store("s3"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        forget_listings()
        with pytest.raises(DistillError, match="Could not reach s3://texts/x.jsonl"):
            as_texts("s3://texts/x.jsonl")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nowhere://bucket/x", "Expected an address that fsspec knows"),
        ("memory://nothing/here.jsonl", "Expected a file or folder of texts"),
    ],
)
def test_other_addresses(address, message):
    pytest.importorskip("upath")
    with pytest.raises(DistillError, match=message):
        as_texts(address)


@pytest.mark.parametrize("command", ["annotate", "predict"])
def test_addresses_that_commands_cannot_open(monkeypatch, model, texts, command):
    def output(address):
        arguments = [command, str(model), str(texts), "-o", address]
        return told(CliRunner().invoke(app, arguments))

    pytest.importorskip("upath")
    assert "an address that fsspec knows" in output("nowhere://bucket/x.jsonl")
    monkeypatch.setitem(sys.modules, "upath", None)
    assert 'pip install "spacy-distill[cloud]"' in output("s3://bucket/x.jsonl")


def test_a_file_address_is_a_path(tmp_path):
    pytest.importorskip("upath")
    assert as_path(f"file://{tmp_path}") == tmp_path


def test_a_student_learns_from_what_is_in_a_store(tmp_path, store):
    files = write_files(tmp_path)
    (store / "texts.jsonl").write_bytes((files / "texts.jsonl").read_bytes())
    given = {"paths.soft_labels": f"{store}/labels"}
    for folder, unlabelled in (("new", f"{store}/texts.jsonl"), ("again", None)):
        out = tmp_path / folder
        paths = {**given, "paths.unlabelled": unlabelled}
        result = distill(files, "-o", out, **paths)
        assert result.exit_code == 0, result.output
        assert (out / "model-best").is_dir()
        assert not (out / "soft_labels").exists()
