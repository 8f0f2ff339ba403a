"""Predictions of many texts in a file, by a pipeline or by a service."""

import json

import pytest
import spacy
from served import serve_in_thread
from small import TEXTS, trained
from small_classifiers import by_heart
from tiny_distillation import told
from tiny_teachers import write_jsonl
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.errors import DistillError
from spacy_distill.prediction import files
from spacy_distill.prediction.files import LocalPipeline, predict_file

MANY = [f"{text} {number}" for number in range(40) for text in TEXTS]


@pytest.fixture
def model(tmp_path):
    nlp = trained()
    nlp.add_pipe("textcat", source=by_heart())
    nlp.to_disk(tmp_path / "student")
    return tmp_path / "student"


def read(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def expected(model, texts):
    rows = []
    for doc in spacy.load(model).pipe(texts):
        scores = doc.spans["ner"].attrs["scores"]
        entities = [
            {
                "start": ent.start_char,
                "end": ent.end_char,
                "label": ent.label_,
                "score": pytest.approx(float(score), abs=1e-6),
            }
            for ent, score in zip(doc.ents, scores)
        ]
        cats = {k: pytest.approx(v, abs=1e-6) for k, v in doc.cats.items()}
        rows.append({"text": doc.text, "entities": entities, "cats": cats})
    return rows


def run(*arguments):
    return CliRunner().invoke(app, ["predict", *map(str, arguments)])


def test_a_line_for_each_text(model, tmp_path):
    write_jsonl(tmp_path / "texts.jsonl", MANY)
    result = run(model, tmp_path / "texts.jsonl", "-o", tmp_path / "out.jsonl")
    assert result.exit_code == 0, result.output
    assert f"with {len(MANY):,} texts" in " ".join(result.output.split())
    assert read(tmp_path / "out.jsonl") == expected(model, MANY)
    assert sorted(path.name for path in tmp_path.glob("out*")) == ["out.jsonl"]


def test_a_killed_run_goes_on(model, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_BATCH", 16)
    source = LocalPipeline(model)
    whole = tmp_path / "whole.jsonl"
    predict_file(source, MANY, whole, progress=False)
    calls = []

    class Killed:
        fingerprint = source.fingerprint

        def predict(self, texts):
            calls.append(texts)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return source.predict(texts)

    out = tmp_path / "out.jsonl"
    with pytest.raises(KeyboardInterrupt):
        predict_file(Killed(), MANY, out, progress=False)
    assert not out.exists()
    part = tmp_path / "out.jsonl.part"
    # As if it had been killed while it wrote a line.
    with part.open("ab") as file:
        file.write(b'{"text": "half of a li')
    for texts, fingerprint in ((MANY[1:], None), (MANY, "another")):
        other = LocalPipeline(model)
        other.fingerprint = fingerprint or other.fingerprint
        with pytest.raises(DistillError, match="unfinished file of the same texts and"):
            predict_file(other, texts, out, progress=False)
    done = predict_file(source, MANY, out, progress=False)
    assert (done.documents, done.earlier, done.failed) == (len(MANY), 32, 0)
    assert out.read_bytes() == whole.read_bytes()
    assert not part.exists()


def test_texts_that_cannot_be_read_have_an_error(model, tmp_path):
    source = LocalPipeline(model)
    source.nlp.max_length = 100
    texts = [TEXTS[0], "a" * 101, TEXTS[1]]
    done = predict_file(source, texts, tmp_path / "out.jsonl", progress=False)
    assert done.failed == 1
    first, second, third = read(tmp_path / "out.jsonl")
    assert "at most 100 characters" in second["error"]
    assert [first, third] == expected(model, TEXTS[:2])


def test_by_a_service(model, tmp_path):
    write_jsonl(tmp_path / "texts.jsonl", MANY)
    with serve_in_thread(spacy.load(model), max_chars=300) as url:
        result = run(url, tmp_path / "texts.jsonl", "-o", tmp_path / "out.jsonl")
        assert result.exit_code == 0, result.output
        assert read(tmp_path / "out.jsonl") == expected(model, MANY)
        long = [TEXTS[0], "a" * 301, TEXTS[1]]
        write_jsonl(tmp_path / "long.jsonl", long)
        result = run(url, tmp_path / "long.jsonl", "-o", tmp_path / "long_out.jsonl")
        assert "1 texts have an error" in " ".join(result.output.split())
        first, second, third = read(tmp_path / "long_out.jsonl")
        assert "at most 300 characters" in second["error"]
        assert [first, third] == expected(model, TEXTS[:2])


def test_what_cannot_be(model, tmp_path):
    write_jsonl(tmp_path / "texts.jsonl", TEXTS)
    texts = tmp_path / "texts.jsonl"
    line = told(run(model, texts, "-o", tmp_path / "out.csv"))
    assert "ends in .jsonl" in line
    assert "name it" in line
    assert "texts.jsonl" in told(run(model, texts, "-o", texts))
    assert "leave --api-key out" in told(
        run(model, texts, "-o", tmp_path / "out.jsonl", "--api-key", "x")
    )
    line = told(run("http://127.0.0.1:9", texts, "-o", tmp_path / "out.jsonl"))
    assert "Expected a service at http://127.0.0.1:9" in line
