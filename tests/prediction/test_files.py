"""Predictions of many texts in a file, by a pipeline or by a service."""

import json

import pytest
import spacy
from served import serve_in_thread
from small import TEXTS, trained
from small_classifiers import by_heart
from spacy.tokens import DocBin
from spacy.training import Example
from tiny_distillation import told
from tiny_teachers import write_jsonl
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.errors import DistillError
from spacy_distill.executors import Processes
from spacy_distill.prediction.files import predict_file
from spacy_distill.prediction.sources import LocalPipeline

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


def read_parquet(path):
    """Rows in the form of JSON lines."""
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = []
    for row in parquet.read_table(path).to_pylist():
        if row["cats"] is not None:
            row["cats"] = {one["label"]: one["score"] for one in row["cats"]}
        rows.append({name: value for name, value in row.items() if value is not None})
    return rows


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


def test_parquet_has_the_same_rows(model, tmp_path):
    pytest.importorskip("pyarrow")
    source = LocalPipeline(model)
    predict_file(source, MANY, tmp_path / "out.jsonl", shard_size=50, progress=False)
    predict_file(source, MANY, tmp_path / "out.parquet", shard_size=50, progress=False)
    assert read_parquet(tmp_path / "out.parquet") == read(tmp_path / "out.jsonl")


def test_row_groups_have_many_shards(model, tmp_path, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet")
    source = LocalPipeline(model)
    for most, groups in ((10**9, 1), (1, 4)):
        monkeypatch.setattr("spacy_distill.prediction.formats._ROW_GROUP", most)
        out = tmp_path / f"{groups}.parquet"
        predict_file(source, MANY, out, shard_size=40, progress=False)
        assert parquet.ParquetFile(out).num_row_groups == groups
        assert read_parquet(out) == expected(model, MANY)


def test_columns_do_not_depend_on_the_pipeline(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    for name, nlp in (("ner", trained()), ("textcat", by_heart())):
        nlp.to_disk(tmp_path / name)
        out = tmp_path / f"{name}.parquet"
        predict_file(LocalPipeline(tmp_path / name), MANY, out, progress=False)
    ner, textcat = (
        parquet.read_table(tmp_path / f"{name}.parquet") for name in ("ner", "textcat")
    )
    assert ner.schema == textcat.schema
    assert ner["cats"].null_count == textcat["entities"].null_count == len(MANY)


def test_docs_have_all_annotation(model, tmp_path):
    out = tmp_path / "out.spacy"
    predict_file(LocalPipeline(model), MANY, out, shard_size=50, progress=False)
    nlp = spacy.blank("en")
    docs = list(DocBin().from_disk(out).get_docs(nlp.vocab))
    wanted = list(spacy.load(model).pipe(MANY))
    assert [doc.text for doc in docs] == MANY
    for doc, other in zip(docs, wanted):
        assert doc.to_json()["ents"] == other.to_json()["ents"]
        assert doc.cats == pytest.approx(other.cats)
        assert list(doc.spans["ner"].attrs["scores"]) == pytest.approx(
            list(other.spans["ner"].attrs["scores"])
        )
    # As spaCy's own commands read them.
    examples = [Example(doc, doc) for doc in docs]
    assert spacy.load(model).evaluate(examples)["ents_f"] == 1.0


def test_a_killed_run_goes_on(model, tmp_path):
    source = LocalPipeline(model)
    whole = tmp_path / "whole.jsonl"
    predict_file(source, MANY, whole, shard_size=16, progress=False)
    calls = []

    class Killed:
        fingerprint = source.fingerprint
        begin_shard = source.begin_shard

        def predict(self, texts):
            calls.append(texts)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return source.predict(texts)

    out = tmp_path / "out.jsonl"
    with pytest.raises(KeyboardInterrupt):
        predict_file(Killed(), MANY, out, shard_size=16, progress=False)
    assert not out.exists()
    part = tmp_path / "out.jsonl.part"
    # As if it had been killed while it wrote a shard.
    (part / ".shard-00002.jsonl.1.writing").write_bytes(b'{"text": "half of a li')
    for texts, fingerprint in ((MANY[1:], None), (MANY, "another")):
        other = LocalPipeline(model)
        other.fingerprint = fingerprint or other.fingerprint
        with pytest.raises(DistillError, match="predictions of the same texts by the"):
            predict_file(other, texts, out, shard_size=16, progress=False)
    done = predict_file(source, MANY, out, shard_size=16, progress=False)
    assert (done.documents, done.earlier, done.failed) == (len(MANY), 32, 0)
    assert out.read_bytes() == whole.read_bytes()
    assert not part.exists()


def test_what_an_earlier_run_left_is_checked(model, tmp_path):
    source = LocalPipeline(model)
    out, part = tmp_path / "out.jsonl", tmp_path / "out.jsonl.part"

    class Killed(LocalPipeline):
        def begin_shard(self):
            if (part / "shard-00001.json").exists():
                raise KeyboardInterrupt
            super().begin_shard()

    with pytest.raises(KeyboardInterrupt):
        predict_file(Killed(model), MANY, out, shard_size=16, progress=False)
    shard = part / "shard-00001.jsonl"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(DistillError, match=r"shard-00001.jsonl has changed since"):
        predict_file(source, MANY, out, shard_size=16, progress=False)
    out = tmp_path / "other.jsonl"
    (tmp_path / "other.jsonl.part").mkdir()
    (tmp_path / "other.jsonl.part" / "notes.txt").touch()
    with pytest.raises(DistillError, match="got something else: move it away"):
        predict_file(source, MANY, out, progress=False)


def test_a_shard_does_not_depend_on_those_before(model, tmp_path):
    """New words are computed together, and few at a time are rounded differently."""
    source = LocalPipeline(model)
    shards = [MANY[start : start + 10] for start in range(0, len(MANY), 10)]
    for number, texts in enumerate(shards):
        predict_file(source, texts, tmp_path / f"{number}.jsonl", progress=False)
    alone = b"".join(
        (tmp_path / f"{number}.jsonl").read_bytes() for number in range(len(shards))
    )
    out = tmp_path / "out.jsonl"
    predict_file(LocalPipeline(model), MANY, out, shard_size=10, progress=False)
    assert out.read_bytes() == alone


@pytest.mark.parametrize("ending", ["jsonl", "parquet", "spacy"])
def test_texts_that_cannot_be_read_have_an_error(model, tmp_path, ending):
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    source = LocalPipeline(model)
    source.nlp.max_length = 100
    texts = [TEXTS[0], "a" * 101, TEXTS[1], "half of \ud83d it"]
    out = tmp_path / f"out.{ending}"
    done = predict_file(source, texts, out, progress=False)
    assert (done.documents, done.failed) == (4, 2)
    if ending == "spacy":
        docs = list(DocBin().from_disk(out).get_docs(source.nlp.vocab))
        assert [doc.text for doc in docs] == [*texts[:3], "half of \ufffd it"]
        annotated = [doc.has_annotation("ENT_IOB") for doc in docs]
        assert annotated == [True, False, True, False]
        return
    rows = read(out) if ending == "jsonl" else read_parquet(out)
    first, second, third, fourth = rows
    assert "at most 100 characters" in second["error"]
    assert fourth["text"] == "half of \ufffd it"
    assert "surrogate at character 8" in fourth["error"]
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
        texts = tmp_path / "texts.jsonl"
        line = told(run(url, texts, "-o", tmp_path / "out.spacy"))
        assert "sends no tokens: write .jsonl or .parquet" in line
        line = told(run(url, texts, "-o", tmp_path / "x.jsonl", "--n-process", 2))
        assert "Expected a pipeline for workers to load" in line


def test_what_cannot_be(model, tmp_path):
    write_jsonl(tmp_path / "texts.jsonl", TEXTS)
    texts = tmp_path / "texts.jsonl"
    line = told(run(model, texts, "-o", tmp_path / "out.csv"))
    assert "ends in .jsonl, .parquet, .spacy, got" in line
    assert "name it" in line
    assert "texts.jsonl" in told(run(model, texts, "-o", texts))
    out = ("-o", tmp_path / "out.jsonl")
    assert "leave --api-key out" in told(run(model, texts, *out, "--api-key", "x"))
    line = told(run("http://127.0.0.1:9", texts, *out))
    assert "Expected a service at http://127.0.0.1:9" in line
    both = ("--n-process", 2, "--executor", "ray")
    assert "Expected either processes" in told(run(model, texts, *out, *both))
    assert "Expected --executor ray with" in told(
        run(model, texts, *out, "--workers", 2)
    )
    assert "got spark" in told(run(model, texts, *out, "--executor", "spark"))
    assert run(model, texts, *out, "--n-process", 0).exit_code == 2
    with pytest.raises(DistillError, match="since each worker loads its own"):
        predict_file(LocalPipeline(model), TEXTS, out[1], executor=Processes(2))
    with pytest.raises(DistillError, match="shards of 1 text or more, got 0"):
        predict_file(LocalPipeline(model), TEXTS, out[1], shard_size=0)
    assert list(tmp_path.glob("out*")) == []
