"""spaCy's own commands on a saved pipeline, as processes."""

import json
import subprocess
import sys

import pytest
import spacy
from small import SENTENCES, entities, gold_of, make_nlp, train, trained, write_gold


def run(*args):
    command = [sys.executable, "-m", "spacy", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("commands")
    nlp = trained()
    nlp.to_disk(folder / "model")
    write_gold(folder / "gold.spacy", nlp, repeat=3)
    return folder


@pytest.mark.slow
def test_evaluate(saved):
    out, page = saved / "scores.json", saved / "html"
    page.mkdir()
    printed = run(
        "evaluate", saved / "model", saved / "gold.spacy", "--output", out, "-dp", page
    )
    scores = json.loads(out.read_text(encoding="utf-8"))
    assert scores["ents_f"] == 1.0
    assert set(scores["ents_per_type"]) == {"LOC", "PER"}
    assert 0.0 <= scores["ents_ece"] < 0.5
    assert "NER F" in printed


@pytest.mark.slow
def test_benchmark_speed(saved):
    printed = run(
        "benchmark", "speed", saved / "model", saved / "gold.spacy", "--batches", "30"
    )
    assert "Mean" in printed


@pytest.mark.slow
def test_assemble(saved, tmp_path):
    config = trained().config.copy()
    config["components"]["ner"] = {"source": str(saved / "model"), "component": "ner"}
    config.to_disk(tmp_path / "config.cfg")
    run("assemble", tmp_path / "config.cfg", tmp_path / "assembled")
    nlp = spacy.load(tmp_path / "assembled")
    assert entities(nlp(SENTENCES[0][0])) == gold_of(0)


@pytest.mark.slow
def test_init_labels(saved, tmp_path):
    nlp = make_nlp()
    train(nlp, 1)
    config = nlp.config.copy()
    config["paths"]["train"] = config["paths"]["dev"] = str(saved / "gold.spacy")
    config.to_disk(tmp_path / "config.cfg")
    run("init", "labels", tmp_path / "config.cfg", tmp_path / "labels")
    labels = json.loads((tmp_path / "labels" / "ner.json").read_text(encoding="utf-8"))
    assert labels == ["LOC", "PER"]
