"""The benchmark of the service, for moments."""

import json
import sys

import pytest
import spacy
from service import load, memory, run
from small import TEXTS, trained
from spacy.tokens import DocBin


def test_what_clients_saw():
    found = load.Load(2.0, [0.004, 0.001, 0.003, 0.002])
    assert found.rate == 2
    assert found.percentile(50) == pytest.approx(3)
    assert found.percentile(99) == pytest.approx(4)
    request = load.request_bytes("/predict", {"inputs": "é"})
    head, _, body = request.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert json.loads(body) == {"inputs": "é"}


@pytest.mark.slow
def test_all_settings(tmp_path, monkeypatch, capsys):
    trained().to_disk(tmp_path / "student")
    nlp = spacy.blank("en")
    DocBin(docs=[nlp(text) for text in TEXTS] * 10).to_disk(tmp_path / "texts.spacy")
    settings = [run.Setting(2), run.Setting(1, texts=4), run.Setting(1, sentences=2)]
    monkeypatch.setattr(run, "SETTINGS", settings)
    arguments = [tmp_path / "student", "--texts", tmp_path / "texts.spacy"]
    arguments += ["--seconds", "0.3", "-o", tmp_path]
    monkeypatch.setattr(sys, "argv", ["run.py", *map(str, arguments)])
    run.main()
    result = json.loads((tmp_path / "service.json").read_text("utf-8"))
    for row in result["rows"]:
        assert row["failed"] == 0
        assert row["requests"] > 0 < row["bare"]
        assert row["p50"] <= row["p99"]
    assert set(result["overload"]["codes"]) <= {"200", "429"}
    assert result["overload"]["after_codes"] == {"200": 1}
    assert "| 1 | 4 | 1 |" in capsys.readouterr().out


@pytest.mark.slow
def test_memory(tmp_path, monkeypatch, capsys):
    trained().to_disk(tmp_path / "student")
    nlp = spacy.blank("en")
    DocBin(docs=[nlp(text) for text in TEXTS]).to_disk(tmp_path / "texts.spacy")
    arguments = [tmp_path / "student", "--texts", tmp_path / "texts.spacy"]
    arguments += ["--requests", "2000", "-o", tmp_path]
    monkeypatch.setattr(sys, "argv", ["memory.py", *map(str, arguments)])
    memory.main()
    result = json.loads((tmp_path / "service_memory.json").read_text("utf-8"))
    assert [row["requests"] for row in result["rows"]] == list(range(100, 2001, 100))
    assert all(row["bytes"] > 50e6 for row in result["rows"])
    assert "after the first tenth" in capsys.readouterr().out
