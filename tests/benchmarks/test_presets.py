"""The benchmark of presets, on a corpus of a few sentences."""

import json
import random
import sys

import pytest
from presets import figure, results, run, sets, speed, table
from tiny_transformer_students import write_source

from spacy_distill.training import schedule

SENTENCES = [
    [("Anna", "I-PER"), ("went", "O"), ("to", "O"), ("Paris", "I-LOC"), (".", "O")],
    [("Smith", "I-PER"), ("went", "O"), ("to", "O"), ("Rome", "I-LOC"), (".", "O")],
    [("Rome", "I-LOC"), ("went", "O"), ("to", "O"), ("Anna", "I-PER"), (".", "O")],
]


def cell(row, name, seed, f1, **more):
    return {"row": row, "set": name, "seed": seed, "f1": f1, "dev_f1": f1, **more}


CELLS = [
    cell("teacher", "conll_750", 0, 0.8, bytes=9e7, ece=0.05),
    cell("teacher", "conll_750", 1, 0.9, bytes=9e7, ece=0.07),
    cell("spaCy ner, gold", "conll_750", 0, 0.6, bytes=4e6),
    cell("small", "conll_750", 0, 0.76, bytes=2.7e6, ece=0.02),
    cell(
        *("transformer", "conll_750", 1, 0.81),
        **{"bytes": 3e7, "ece": 0.03, "int8_f1": 0.805, "int8_bytes": 9e6},
    ),
    cell("teacher", "wnut_300", 0, 0.5, bytes=9e7, ece=0.2),
]
SPEEDS = {"teacher": 1000, "small": 150_000.4, "transformer, int8": 15_000}


def test_tables(tmp_path):
    for i, one in enumerate(CELLS):
        path = tmp_path / f"{one['set']}-{one['seed']}" / f"{i}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(one))
    path = tmp_path / "conll_750-0" / "speed.json"
    path.write_text(json.dumps({"set": "conll_750", "seed": 0, "speeds": SPEEDS}))
    found = results.Results(tmp_path / "all.json")
    found.add(tmp_path)
    printed = table.f_scores(found)
    assert "| teacher | 85.0 ± 7.1 (2) | 50.0 (1) |" in printed
    # Of the seed that both have.
    assert "| small | 76.0 (1), 95 % |  |" in printed
    assert "| transformer | 81.0 (1), 90 % |  |" in printed
    printed = table.calibration(found)
    assert "| teacher | 85.0 / 0.060 | 50.0 / 0.200 |" in printed
    assert "| spaCy ner, gold | 60.0 |  |" in printed
    printed = table.sizes(found)
    assert "| conll_750 | small | 76.0 | 2.7 | 150,000 |  |  |  |" in printed
    assert "| transformer | 81.0 | 30.0 |  | 80.5 | 9.0 | 15,000 |" in printed
    points = figure.find_points(found, "conll_750")
    assert points[-1] == figure.Point("transformer", 80.5, 15_000, 9.0)
    assert [point.row for point in points] == ["teacher", "small", "transformer"]
    figure.draw_figure(found, tmp_path / "figure")
    before = (tmp_path / "figure.svg").read_bytes()
    figure.draw_figure(found, tmp_path / "figure")
    assert (tmp_path / "figure.svg").read_bytes() == before
    assert b"transformer, 9.0 MB" in before


@pytest.mark.slow
def test_all_cells_run_once(tmp_path, monkeypatch):
    data = tmp_path / "data" / "conll2003"
    data.mkdir(parents=True)
    for number, name in enumerate(("eng.train", "eng.testa", "eng.testb")):
        lines = []
        for sentence in SENTENCES[number:] + SENTENCES:
            lines += [f"{word} X X {tag}" for word, tag in sentence] + [""]
        (data / name).write_text("\n".join(lines), encoding="utf-8")
    vectors = tmp_path / "vectors.txt"
    numbers = random.Random(0)
    lines = [
        " ".join([word, *(f"{numbers.gauss(0, 1):.3f}" for _ in range(50))])
        for word in ("anna", "to", "rome", "paris", "smith")
    ]
    vectors.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(schedule, "_STUDENT_STEPS", (4, 4))
    monkeypatch.setattr(schedule, "_TEACHER_STEPS", (8, 8))
    monkeypatch.setitem(run._STOCK, "max_steps", 4)
    monkeypatch.setitem(run._STOCK, "eval_frequency", 2)
    source = write_source(tmp_path / "source")
    out = tmp_path / "out"
    arguments = [
        "--data",
        str(tmp_path / "data"),
        "-o",
        str(out),
        "--sets",
        "conll_all",
    ]
    arguments += ["--transformer", str(source), "--vectors", str(vectors)]
    # One of each kind; that all presets can be trained is tested elsewhere.
    arguments += ["--rows", sets.STOCK, "small", "default, vectors", "transformer"]
    monkeypatch.setattr(sys, "argv", ["run.py", *arguments])
    run.main()
    cells = sorted((out / "conll_all-0").glob("*.json"))
    cells.remove(out / "conll_all-0" / "corpus.json")
    found = {row["row"]: row for row in (json.loads(c.read_text()) for c in cells)}
    rows = {sets.TEACHER, sets.STOCK, "small", "default, vectors", "transformer"}
    assert set(found) == rows
    for row, result in found.items():
        assert 0 <= result["f1"] <= 1
        assert 0 <= result["dev_f1"] <= 1
        assert result["bytes"] > 0
        assert ("ece" in result) == (row != sets.STOCK)
        is_quantized = row not in (sets.STOCK, sets.TEACHER)
        assert ("int8_f1" in result) == is_quantized
    assert found["small"]["bytes"] < found["default, vectors"]["bytes"]
    before = {cell: cell.stat().st_mtime_ns for cell in cells}
    run.main()
    assert {cell: cell.stat().st_mtime_ns for cell in cells} == before
    speeds = speed.measure_speeds(out / "conll_all-0")
    assert {"teacher", "small", "transformer, int8", sets.STOCK} < set(speeds)
    assert all(value > 0 for value in speeds.values())
    (tmp_path / "results").mkdir()
    arguments = [str(out), "-o", str(tmp_path / "results")]
    monkeypatch.setattr(sys, "argv", ["table.py", *arguments])
    table.main()
    printed = (tmp_path / "results" / "presets.md").read_text("utf-8")
    assert "| default, vectors |" in printed
