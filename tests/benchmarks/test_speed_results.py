import json

import pytest
from speed.results import LENGTHS, ROWS, STREAMS, Results, row_name

from spacy_distill.errors import DistillError


def row(system, *, threads=1, batch=1, order="reading", fingerprint="a"):
    return {
        "system": system,
        "threads": threads,
        "batch": batch,
        "order": order,
        "fingerprint": fingerprint,
    }


def write(results, **changes):
    made = row(**changes)
    name = row_name(
        made["system"], **{n: made[n] for n in ("threads", "batch", "order")}
    )
    results.write(ROWS, name, made)
    return name


def test_found_again(tmp_path):
    results = Results(tmp_path)
    name = write(results, system="mine", batch=32)
    assert name == "mine-t1-b32-reading"
    assert results.find(ROWS, name, fingerprint="a")["batch"] == 32
    # Of a system that has changed since.
    assert results.find(ROWS, name, fingerprint="b") is None
    assert results.find(STREAMS, name, fingerprint="a") is None


def test_in_order(tmp_path):
    results = Results(tmp_path)
    for system in ("tokenizer", "zoe", "anna", "stock_cnn", "bert_large", "bert_base"):
        write(results, system=system)
    write(results, system="anna", threads=2)
    write(results, system="anna", batch=32)
    write(results, system="anna", order="sorted", batch=32)
    found = [(r["system"], r["order"], r["batch"]) for r in results.read(ROWS)]
    assert [system for system, _, _ in found] == [
        *("bert_base", "bert_large", "stock_cnn", "anna", "anna", "anna", "zoe"),
        *("tokenizer", "anna"),
    ]
    assert [rest for s, *rest in found if s == "anna"][:3] == [
        ["sorted", 32],
        ["reading", 1],
        ["reading", 32],
    ]
    path = results.write_summary(ROWS)
    assert path == tmp_path / "speed.json"
    text = path.read_text(encoding="utf-8")
    assert json.loads(text) == results.read(ROWS)
    assert len(text.splitlines()) == 11


def test_nothing_yet(tmp_path):
    assert Results(tmp_path).read(LENGTHS) == []
    path = Results(tmp_path).write_summary(LENGTHS)
    assert json.loads(path.read_bytes()) == []


def test_removed(tmp_path):
    results = Results(tmp_path)
    write(results, system="mine")
    write(results, system="other")
    results.write(STREAMS, "mine-plain", row("mine"))
    assert results.remove("mine") == 2
    assert [r["system"] for r in results.read(ROWS)] == ["other"]


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_other_files(tmp_path, text):
    results = Results(tmp_path)
    name = write(results, system="mine")
    (tmp_path / "speed" / ROWS / f"{name}.json").write_text(text, encoding="utf-8")
    with pytest.raises(DistillError, match=f"{name}.json.*take the file away"):
        results.read(ROWS)
    with pytest.raises(DistillError, match="take the file away"):
        results.find(ROWS, name, fingerprint="a")
