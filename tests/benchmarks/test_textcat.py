"""The benchmark of text classification, on a corpus of a few documents."""

import json
import sys

import pytest
from textcat import corpora, rows, run, table
from texts_with_categories import make_data
from tiny_teachers import make_bert_teacher


def write_sst2(folder):
    data = make_data(90)
    (folder / "sst2").mkdir(parents=True)
    for number, name in enumerate(("train", "dev", "test")):
        lines = []
        for text, cats in data[number * 30 : (number + 1) * 30]:
            lines.append(f"{text}\t{int(cats['good'] >= 0.5)}\n")
        path = folder / "sst2" / f"{name}.tsv"
        path.write_text("".join(lines), encoding="utf-8")


def test_the_seed_draws_the_labelled_documents(tmp_path, monkeypatch):
    write_sst2(tmp_path)
    monkeypatch.setitem(corpora.READERS, "sst2", ("en", 10, corpora.READERS["sst2"][2]))
    first, again, other = (
        corpora.read_corpus("sst2", tmp_path, seed) for seed in (0, 0, 1)
    )
    assert first == again
    assert len(first.train) == 10
    assert len(first.unlabelled) == 20
    assert first.train != other.train
    assert first.test == other.test
    assert first.labels == ["0", "1"]
    texts = {text for text, _ in first.train}
    assert not texts & set(first.unlabelled)


def test_scores():
    train = [("a", "x"), ("b", "y")]
    test = [("1", "x"), ("2", "x"), ("3", "y"), ("4", "y")]
    corpus = corpora.Corpus("en", train, [], test, [])
    found = {"1": 0.9, "2": 0.2, "3": 0.1, "4": 0.3}

    def predict(texts):
        return [{"x": found[text], "y": 1 - found[text]} for text in texts]

    result = run.measure(predict, corpus)
    assert result["accuracy"] == 0.75
    # x: 1 of 1 predicted, of 2 in gold; y: 2 of 3 predicted, of 2 in gold.
    assert result["macro_f"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    # Confidences 0.9, 0.8, 0.9, 0.7; the second is wrong.
    gaps = abs(0.9 + 0.9 - 2) + abs(0.8 - 0) + abs(0.7 - 1)
    assert result["ece"] == pytest.approx(gaps / 4)


@pytest.mark.slow
def test_all_cells_run_once(tmp_path, monkeypatch, capsys):
    pytest.importorskip("sklearn")
    write_sst2(tmp_path / "data")
    make_bert_teacher(tmp_path / "weights")
    monkeypatch.setitem(corpora.READERS, "sst2", ("en", 20, corpora.READERS["sst2"][2]))
    monkeypatch.setattr(run, "TEACHER_STEPS", {"sst2": 4})
    for name in ("GOLD_STEPS", "SOFT_STEPS", "AUGMENTED_STEPS"):
        monkeypatch.setattr(rows, name, 10)
    chosen = ["spaCy bow, gold", "n-grams, gold", "n-grams, soft", "n-grams, soft, all"]
    arguments = ["--data", str(tmp_path / "data"), "-o", str(tmp_path / "out")]
    arguments += ["--sets", "sst2", "--transformer", str(tmp_path / "weights")]
    monkeypatch.setattr(sys, "argv", ["run.py", *arguments, "--rows", *chosen])
    run.main()
    cells = sorted((tmp_path / "out" / "sst2-0").glob("*.json"))
    results = {r["row"]: r for r in (json.loads(cell.read_text()) for cell in cells)}
    assert set(results) == {"teacher", "TF-IDF + LR, gold", *chosen}
    for row, result in results.items():
        assert 0 <= result["accuracy"] <= 1
        assert ("int8_bytes" in result) == row.startswith("n-grams")
    before = {cell: cell.stat().st_mtime_ns for cell in cells}
    run.main()
    assert {cell: cell.stat().st_mtime_ns for cell in cells} == before
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["table.py", str(tmp_path / "out")])
    table.main()
    printed = capsys.readouterr().out
    for row in results:
        assert f"| {row} | {100 * results[row]['accuracy']:.1f} (1) |" in printed
