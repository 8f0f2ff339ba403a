"""The benchmark of text classification, on a corpus of a few documents."""

import json
import sys

import pytest
import spacy
from textcat import baselines, corpora, results, rows, run, speed, table
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


def cell(row, name, seed, accuracy, **more):
    numbers = {"macro_f": accuracy, "ece": 0.1, **more}
    return {"row": row, "set": name, "seed": seed, "accuracy": accuracy, **numbers}


def write_cells(folder, cells):
    for i, one in enumerate(cells):
        path = folder / f"{one['set']}-{one['seed']}" / f"{i}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(one))


GAP = [
    cell("teacher", "sst2", 0, 0.9),
    cell("teacher", "sst2", 1, 0.8),
    cell("TF-IDF + LR, gold", "sst2", 0, 0.75),
    cell("spaCy bow, gold", "sst2", 0, 0.7),
    cell("spaCy cnn, gold", "sst2", 0, 0.6),
    cell("n-grams, soft", "sst2", 0, 0.85, int8_accuracy=0.848, int8_bytes=2e5),
    cell("n-grams, hard", "sst2", 0, 0.845, int8_accuracy=0.845, int8_bytes=2e5),
]


def test_share_of_the_gap(tmp_path):
    write_cells(tmp_path, GAP)
    found = results.Results(tmp_path / "all.json")
    found.add(tmp_path)
    # Seed 1 has no other rows, so that it has no part in the comparison.
    expected = "| sst2 | 1 | 70.0 | 75.0 | 85.0 (n-grams, soft) | 90.0 | 75 % |"
    assert expected in table.gaps(found)
    assert "| teacher | 85.0 ± 7.1 (2) |" in table.accuracies(found)
    pairs = table.differences(found, "soft in place of hard labels")
    assert pairs.endswith("| n-grams, soft − n-grams, hard | +0.5 | +0.5 |")
    quality = table.quality(found)
    assert "| n-grams, soft | 1 | 85.0 | 85.0 | 0.100 |  | 0.2 | -0.20 |" in quality
    assert "| teacher | 1 | 90.0 | 90.0 | 0.100 |  |  |  |" in quality


def test_results_are_added_to_those_there_are(tmp_path):
    path = tmp_path / "all.json"
    write_cells(tmp_path / "one", GAP[:3])
    write_cells(tmp_path / "two", [*GAP[3:], cell("teacher", "sst2", 0, 0.95)])
    for folder in ("one", "two"):
        found = results.Results(path)
        found.add(tmp_path / folder)
        found.save()
    found = results.Results(path)
    assert [c["accuracy"] for c in found.cells("teacher", "sst2")] == [0.95, 0.8]
    assert len(found.cells("spaCy cnn, gold")) == 1
    before = path.read_bytes()
    found.save()
    assert path.read_bytes() == before


def test_rounds_of_augmentation():
    nlp = spacy.blank("en")
    for words, expected in ((1, 8), (99_999, 2), (10**6, 1)):
        texts = ["a " * min(words, 1000)] * max(words // 1000, 1)
        settings = run.augmentation("all", texts, nlp)
        assert settings.rounds == expected
        assert (settings.mask_rate, settings.sentence_rate) == (0.1, 0.0)
    assert run.augmentation("mask", ["a"], nlp).rounds == 1


@pytest.mark.parametrize("name", baselines.BASELINES)
def test_baselines_learn(name):
    baseline = baselines.BASELINES[name]
    pytest.importorskip(baseline.package)
    data = [("good " * n, "x") for n in range(1, 9)]
    data += [("bad " * n, "y") for n in range(1, 9)]
    corpus = corpora.Corpus("en", data, [], data, [])
    predict = baseline.fit(corpus)
    found = predict(["good good", "bad"])
    assert found[0]["x"] > found[0]["y"]
    assert found[1]["y"] > found[1]["x"]
    assert all(sum(row.values()) == pytest.approx(1, abs=1e-3) for row in found)


@pytest.mark.slow
def test_all_cells_run_once(tmp_path, monkeypatch, capsys):
    pytest.importorskip("sklearn")
    write_sst2(tmp_path / "data")
    make_bert_teacher(tmp_path / "weights")
    monkeypatch.setitem(corpora.READERS, "sst2", ("en", 20, corpora.READERS["sst2"][2]))
    monkeypatch.setattr(run, "TEACHER_STEPS", {"sst2": 4})
    for name in ("GOLD_STEPS", "SOFT_STEPS", "AUGMENTED_STEPS", "TRANSFORMER_STEPS"):
        monkeypatch.setattr(rows, name, 10)
    chosen = ["spaCy bow, gold", "n-grams, gold", "n-grams, soft", "n-grams, soft, all"]
    chosen += ["QRNN, soft, GloVe", "transformer, soft"]
    vectors = tmp_path / "vectors.txt"
    numbers = [" ".join(["0.5", "-0.5"] * 25), " ".join(["0.1", "0.2"] * 25)]
    vectors.write_text(f"film {numbers[0]}\nfine {numbers[1]}\n", encoding="utf-8")
    arguments = ["--data", str(tmp_path / "data"), "-o", str(tmp_path / "out")]
    arguments += ["--sets", "sst2", "--transformer", str(tmp_path / "weights")]
    arguments += ["--word-vectors", str(vectors)]
    monkeypatch.setattr(sys, "argv", ["run.py", *arguments, "--rows", *chosen])
    run.main()
    cells = sorted((tmp_path / "out" / "sst2-0").glob("*.json"))
    found = [json.loads(cell.read_text()) for cell in cells]
    rows_found = {result["row"]: result for result in found}
    installed = {name for name, one in baselines.BASELINES.items() if one.is_installed}
    assert set(rows_found) == {"teacher", *installed, *chosen}
    for row, result in rows_found.items():
        assert 0 <= result["accuracy"] <= 1
        is_compact = row.startswith(("n-grams", "QRNN", "transformer"))
        assert ("int8_bytes" in result) == is_compact
    before = {cell: cell.stat().st_mtime_ns for cell in cells}
    run.main()
    assert {cell: cell.stat().st_mtime_ns for cell in cells} == before
    measured = speed.measure_speeds(
        speed.find_pipelines(tmp_path / "out" / "sst2-0"), ["good film"] * 3, rounds=1
    )
    expected = {"teacher", *chosen, *(f"{row}, int8" for row in chosen[1:])}
    assert set(measured) == expected
    for numbers in measured.values():
        assert all(number > 0 for number in numbers.values())
    (tmp_path / "results").mkdir()
    arguments = [str(tmp_path / "out"), "-o", str(tmp_path / "results")]
    monkeypatch.setattr(sys, "argv", ["table.py", *arguments])
    table.main()
    printed = (tmp_path / "results" / "textcat.md").read_text(encoding="utf-8")
    for row in rows_found:
        assert f"| {row} | {100 * rows_found[row]['accuracy']:.1f} (1) |" in printed
    assert (tmp_path / "results" / "textcat.svg").is_file()
