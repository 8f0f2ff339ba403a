"""Tables and figures, from invented figures."""

import pytest
from speed.figure import draw_scaling, draw_speeds
from speed.systems import BERT_SIZES
from speed.table import find_row, ratio, report_markdown, systems_of

SPEEDS = {
    ("bert_base", "transformer"): (100.0, 200.0),
    ("teacher", "transformer"): (1000.0, 2000.0),
    ("stock_cnn", "pipeline"): (5000.0, 10_000.0),
    ("mine", "pipeline"): (40_000.0, 150_000.0),
    ("tokenizer", "blank"): (500_000.0, 500_000.0),
}
BERTS = {name: vars(size) for name, size in BERT_SIZES.items()}
MADE_WITH = {
    "texts": {"documents": 1000, "words": 20_000, "sha256": "0"},
    "machine": {"system": "Linux", "processor": "Some CPU", "cores": 2},
    "versions": {"spacy": "3.8"},
    "berts": BERTS,
    "effort": {"rounds": 5, "seconds": 2.0, "batches": 3},
}


def row(system, kind, *, batch, order, speed, threads=1):
    return {
        "system": system,
        "kind": kind,
        "threads": threads,
        "batch": batch,
        "order": order,
        "words_per_second": speed,
        "ms_p50": 3.25 if batch == 1 else None,
        "ms_p99": 7.0 if batch == 1 else None,
        "peak_mb": 100.0 + batch,
        "parameters": 1_600_000,
        "table": 0,
        "load_seconds": 0.61,
        "cold_words_per_second": None if kind == "transformer" else 12_345.0,
        "disk_mb": {"bert_base": 420.0, "mine": 12.0}.get(system, 0.0),
        "environment_mb": 300.0,
    }


def invent(threads=(1, 2)):
    rows = []
    for n in threads:
        for (system, kind), speeds in SPEEDS.items():
            for batch, speed in zip((1, 128), speeds):
                for order, factor in (("sorted", 1.5), ("reading", 1.0)):
                    if (system, order) != ("teacher", "reading"):
                        rows.append(
                            row(
                                system,
                                kind,
                                batch=batch,
                                order=order,
                                speed=n * factor * speed,
                                threads=n,
                            )
                        )
        rows.append(
            row("teacher", "pipeline", batch=1, order="reading", speed=n, threads=n)
        )
    return rows


STREAMS = [
    {
        "system": name,
        "zones": zones,
        "documents": 1000,
        "words": 9000,
        "seconds": 0.5,
        "curve": [[0, 100.0], [100, 110.0], [1000, 112.0]],
    }
    for name in ("mine", "tokenizer")
    for zones in (False, True)
]
LENGTHS = [
    {
        "system": "mine",
        "asked": [10, 100],
        "lengths": [{"words": 12, "seconds": 0.001}, {"words": 100, "seconds": 0.01}],
    }
]


def report(rows, **more):
    return report_markdown(
        rows, **{"streams": [], "lengths": [], "made_with": MADE_WITH, **more}
    )


def lines_of(markdown, beginning):
    return [line for line in markdown.splitlines() if line.startswith(beginning)]


def test_the_row_that_counts():
    rows = invent((1,))
    # A transformer at its best, a pipeline as its users have it.
    assert find_row(rows, "bert_base", 1)["order"] == "sorted"
    assert find_row(rows, "mine", 128)["order"] == "reading"
    assert find_row(rows, "mine", 128, "sorted")["words_per_second"] == 225_000
    assert find_row(rows, "teacher", 1)["kind"] == "transformer"
    assert find_row(rows, "mine", 64) is None
    assert systems_of(rows) == [system for system, _ in SPEEDS]


def test_ratios_are_to_the_best_of_others():
    rows = invent((1,))
    assert ratio(rows, "mine", "bert_base", 1) == pytest.approx(40_000 / 150)
    assert ratio(rows, "mine", "stock_cnn", 128) == pytest.approx(150_000 / 15_000)
    assert ratio(rows, "mine", "teacher_onnx_int8", 1) is None
    assert ratio(rows, "mine", "bert_base", 64) is None


def test_tables():
    markdown = report(invent())
    assert "1,000 documents of 20,000 words" in markdown
    assert markdown.index("## 1 thread\n") < markdown.index("## 2 threads\n")
    speeds, ratios, costs = lines_of(markdown, "| mine ")[:3]
    assert speeds == "| mine | 60,000 | 225,000 | 40,000 | 150,000 |"
    assert ratios == "| mine | 267 | 500 | 5.3 | 10.0 | 35.0 |"
    assert costs == (
        "| mine | 1,600,000 | – | 12.0 | 300 | 228 | 12,345 | 0.61 | 3.25 | 7.00 |"
    )
    # The teacher is two: its columns are filled by both, its costs are apart.
    speeds, _, bare, pipeline = lines_of(markdown, "| teacher")[:4]
    assert speeds == "| teacher | 1,500 | 3,000 | 1 | – |"
    assert bare.startswith("| teacher, bare |")
    assert pipeline.startswith("| teacher as pipeline |")
    (paper, _) = lines_of(markdown, "| distilled, Izsak")
    assert paper.endswith("| 4.3 | up to 55.6 | – | – | 36 |")
    assert "## Much text" not in markdown
    assert "is none here" not in markdown


def test_a_single_system():
    markdown = report([r for r in invent((1,)) if r["system"] == "mine"])
    assert "Times faster" not in markdown
    assert len(lines_of(markdown, "| mine ")) == 2


def test_other_sizes_are_told():
    berts = {**BERTS, "bert_base": {"layers": 2, "width": 8, "heads": 2}}
    markdown = report(invent(), made_with={**MADE_WITH, "berts": berts})
    assert "**BERT-base is none here: it has 2 layers, 8 wide.**" in markdown
    assert "BERT-large is none" not in markdown


def test_much_text():
    markdown = report(invent(), streams=STREAMS, lengths=LENGTHS)
    assert "| mine | yes | 1,000 | 18,000 | 110 | 112 |" in markdown
    assert "| tokenizer alone | no | 1,000 |" in markdown
    assert lines_of(markdown, "| mine | 12,000 | 10,000 |")


def test_figures(tmp_path):
    pytest.importorskip("matplotlib")
    paths = draw_speeds(invent(), stem=tmp_path / "speed")
    paths += draw_scaling(STREAMS, LENGTHS, stem=tmp_path / "scaling")
    assert [p.name for p in paths] == [
        f"{stem}.{ending}" for stem in ("speed", "scaling") for ending in ("svg", "png")
    ]
    before = [path.read_bytes() for path in paths]
    assert before[1].startswith(b"\x89PNG")
    for text in ("BERT-base", "stock spaCy CNN ner", "mine", "batch 128", "2 threads"):
        assert f">{text}</text>" in before[0].decode()
    assert ">mine, memory zones</text>" in before[2].decode()
    # What is drawn anew is the same.
    draw_speeds(invent(), stem=tmp_path / "speed")
    draw_scaling(STREAMS, LENGTHS, stem=tmp_path / "scaling")
    assert [path.read_bytes() for path in paths] == before


def test_some_figures(tmp_path):
    """One number of threads, one batch size, no streams."""
    pytest.importorskip("matplotlib")
    few = [r for r in invent((1,)) if r["batch"] == 1]
    assert draw_speeds(few, stem=tmp_path / "a")[0].exists()
    assert draw_scaling([], LENGTHS, stem=tmp_path / "b")[0].exists()
    assert draw_scaling(STREAMS, [], stem=tmp_path / "c")[0].exists()
