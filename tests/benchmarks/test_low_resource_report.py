"""Rows, tables and figures, from invented results."""

import json
from dataclasses import asdict
from statistics import mean, stdev

import pytest
from common.guard import claim_folders, settings_hash
from low_resource.grid import Run, Variant, enumerate_runs
from low_resource.panels import find_panels, rows_of_panel
from low_resource.results import RUNS, read_results, write_result
from low_resource.rows import SUMMARY, gather_rows, write_rows
from low_resource.run import main
from low_resource.table import by_variant, differences, report_markdown

from spacy_distill.errors import DistillError

SETTINGS = {"alpha": 0.5}
BASE = {"teacher": 67.0, "pseudo": 70.0, "distilled": 71.0, "gold": 50.0, "stock": 60.0}
STUDENT = {"encoder": "bilstm", "classifier": "softmax", "word_init": "teacher"}


def invent(run, *, corpus="mine", f1=None, gpu_id=-1):
    variant = run.variant
    if f1 is None:
        f1 = BASE[variant.system] + run.labels / 100 + run.seed**2
    where = {"seconds": 12.5, "gpu_id": -1, "threads": 1, "jobs": 2}
    teacher = {**where, "gpu_id": gpu_id}
    return {
        "format": 1,
        "corpus": corpus,
        "labels": run.labels,
        "seed": run.seed,
        "system": variant.system,
        "encoder": variant.encoder,
        "classifier": variant.classifier,
        "word_init": variant.word_init,
        "dev": {"precision": 1.0, "recall": 2.0, "f1": f1 + 3, "f1_per_type": {}},
        "test": {"precision": 80.0, "recall": 60.0, "f1": f1, "f1_per_type": {"A": 9}},
        "parameters": 1_600_000,
        "table": 2_980_000,
        "stages": {"train": where, "evaluate": where, "teacher": teacher},
        "settings_hash": settings_hash(SETTINGS),
        "settings": SETTINGS,
        "teacher_sha256": "aa",
        "code_sha256": "abcdef" * 10,
        "versions": {"spacy-distill": "0.1.0", "spacy": "3.8.7", "numpy": "2"},
    }


def write(results, runs, **more):
    corpus = more.get("corpus", "mine")
    folder = results / RUNS / corpus
    claim_folders({folder: SETTINGS})
    for run in runs:
        write_result(folder, run, invent(run, **more))
    return folder


def some_runs(seeds=(0, 1, 2), word_inits=("teacher",)):
    return enumerate_runs(
        labels=(150, 300),
        seeds=seeds,
        systems=tuple(BASE),
        encoders=("bilstm",),
        classifiers=("softmax",),
        word_inits=word_inits,
    )


def test_rows(tmp_path):
    write(tmp_path, some_runs())
    write(tmp_path, [Run(20, 0, Variant("teacher"))], corpus="a", gpu_id=0)
    rows = gather_rows(tmp_path)
    path = write_rows(tmp_path, rows)
    assert path == tmp_path / SUMMARY
    assert json.loads(path.read_text(encoding="utf-8")) == rows
    assert len(path.read_text(encoding="utf-8").splitlines()) == len(rows) + 2
    assert len(rows) == 31
    assert (rows[0]["corpus"], rows[0]["device"]) == ("a", "gpu")
    # Sorted: by corpus, then lines of the table, then labels and seeds.
    mine = [(r["system"], r["labels"], r["seed"]) for r in rows[1:]]
    assert [m[1:] for m in mine[:6]] == [(n, s) for n in (150, 300) for s in (0, 1, 2)]
    assert [m[0] for m in mine[::6]] == [
        "teacher",
        "stock",
        "gold",
        "pseudo",
        "distilled",
    ]
    assert rows[-1] == {
        "corpus": "mine",
        "labels": 300,
        "seed": 2,
        "system": "distilled",
        **STUDENT,
        "test_f1": 78.0,
        "dev_f1": 81.0,
        "test_precision": 80.0,
        "test_recall": 60.0,
        "parameters": 1_600_000,
        "table": 2_980_000,
        "train_seconds": 12.5,
        "device": "cpu",
        "versions": {"spacy-distill": "0.1.0", "spacy": "3.8.7"},
        "code_sha256": "abcdef" * 10,
    }
    assert rows[1]["encoder"] is None


def test_nothing_to_gather(tmp_path):
    with pytest.raises(DistillError, match="got none"):
        gather_rows(tmp_path)


def test_results_that_do_not_belong(tmp_path):
    folder = write(tmp_path, some_runs())
    assert len(read_results(folder)) == 30
    run = Run(150, 7, Variant("teacher"))
    for change, told in (
        ({"settings_hash": "other"}, "one set of settings"),
        ({"corpus": "other"}, "one corpus"),
        ({"format": 0}, "format 1"),
    ):
        write_result(folder, run, {**invent(run), **change})
        with pytest.raises(DistillError, match=told) as caught:
            gather_rows(tmp_path)
        assert "n150-s7-teacher.json" in str(caught.value)
    for text in ("[]", "{", "{}"):
        (folder / "n150-s7-teacher.json").write_text(text, encoding="utf-8")
        with pytest.raises(DistillError, match=r"n150-s7-teacher\.json"):
            gather_rows(tmp_path)


def test_results_without_their_settings(tmp_path):
    folder = write(tmp_path, some_runs())
    (folder / "settings.json").unlink()
    with pytest.raises(DistillError, match=r"settings\.json"):
        gather_rows(tmp_path)


def lines_of(markdown, beginning):
    return [line for line in markdown.splitlines() if line.startswith(beginning)]


def test_table(tmp_path):
    runs = [run for run in some_runs() if run.name != "n300-s1-teacher"]
    write(tmp_path, runs)
    markdown = report_markdown(gather_rows(tmp_path))
    (head,) = lines_of(markdown, "| system")
    assert "| 150 | 300 |" in head
    (teacher,) = lines_of(markdown, "| teacher")
    values = [67.0 + 1.5 + extra for extra in (0, 1, 4)]
    assert f"| {mean(values):.1f} ± {stdev(values):.1f} (3) |" in teacher
    pair = [values[0] + 1.5, values[2] + 1.5]
    assert f"| {mean(pair):.1f} ± {stdev(pair):.1f} (2) |" in teacher
    (student,) = lines_of(markdown, "| distilled (both)")
    assert "| BiLSTM | softmax | teacher's |" in student
    assert student.endswith("| 1,600,000 | 2,980,000 | 12 |")
    # The seed without a teacher is left out of this difference, not of the other.
    (to_teacher,) = lines_of(markdown, "| distilled − teacher")
    assert to_teacher.endswith("| +4.0 ± 0.0 (3) | +4.0 ± 0.0 (2) |")
    (to_pseudo,) = lines_of(markdown, "| distilled − pseudo")
    assert to_pseudo.endswith("| +1.0 ± 0.0 (3) | +1.0 ± 0.0 (3) |")
    assert "abcdefabcdef" in markdown
    assert "29 with a teacher on the CPU" in markdown


def test_one_seed_has_no_spread(tmp_path):
    write(tmp_path, [run for run in some_runs((0,)) if run.labels == 150][:1])
    markdown = report_markdown(gather_rows(tmp_path))
    assert lines_of(markdown, "| teacher")[0].endswith(
        "| 68.5 (1) | 1,600,000 | 2,980,000 | 12 |"
    )
    assert not lines_of(markdown, "| distilled")
    assert "Differences" not in markdown
    assert ".svg" not in markdown


def test_differences_are_of_the_same_seed_and_network(tmp_path):
    ours = Variant("distilled", "bilstm", "softmax", "random")
    theirs = Variant("pseudo", "bilstm", "softmax", "random")
    other = Variant("pseudo", "bilstm", "softmax", "teacher")
    folder = tmp_path / RUNS / "mine"
    claim_folders({folder: SETTINGS})
    for run, f1 in (
        (Run(150, 0, ours), 70.0),
        (Run(150, 1, ours), 72.0),
        (Run(300, 1, ours), 80.0),
        (Run(150, 1, theirs), 71.5),
        (Run(150, 2, theirs), 10.0),
        (Run(150, 0, other), 20.0),
    ):
        write_result(folder, run, invent(run, f1=f1))
    rows = gather_rows(tmp_path)
    assert differences(rows, ours, "pseudo", 150) == [0.5]
    assert differences(rows, ours, "pseudo", 300) == []
    assert differences(rows, ours, "teacher", 150) == []
    assert [len(found) for found in by_variant(rows).values()] == [1, 2, 3]


def test_two_states_of_the_code_are_named(tmp_path):
    runs = some_runs((0,))
    folder = write(tmp_path, runs)
    write_result(folder, runs[0], {**invent(runs[0]), "code_sha256": "9" * 64})
    markdown = report_markdown(gather_rows(tmp_path))
    assert "999999999999, abcdefabcdef" in markdown


def test_a_panel_compares_the_same_sentences():
    runs = some_runs()
    crf = Variant("pseudo", "bilstm", "crf", "teacher")
    second = Variant("second", "bilstm", "crf", "teacher")
    runs += [Run(150, 1, crf), Run(300, 0, second)]
    runs += [Run(n, s, Variant("second_teacher")) for n in (150, 300) for s in (0, 1)]
    rows = [
        {**asdict(run.variant), "labels": run.labels, "seed": run.seed} for run in runs
    ]
    variants = by_variant(rows)
    softmax, other = find_panels(variants)
    assert (softmax.classifier, other.classifier) == ("softmax", "crf")

    def draws(panel):
        return {
            variant.system: {(row["labels"], row["seed"]) for row in mine}
            for variant, mine in rows_of_panel(variants, panel).items()
        }

    everything = {(n, s) for n in (150, 300) for s in (0, 1, 2)}
    assert draws(softmax) == dict.fromkeys(BASE, everything)
    both = {(150, 1), (300, 0)}
    assert draws(other) == {
        "teacher": both,
        "second_teacher": both,
        "stock": both,
        "pseudo": {(150, 1)},
        "second": {(300, 0)},
    }


def test_without_students_all_is_in_one_panel():
    rows = [
        {**asdict(Variant(system)), "labels": 150, "seed": 0}
        for system in ("teacher", "stock")
    ]
    variants = by_variant(rows)
    (panel,) = find_panels(variants)
    assert rows_of_panel(variants, panel) == variants


def test_report_without_running_anything(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    write(tmp_path, some_runs(word_inits=("teacher", "random")))
    write(tmp_path, [Run(20, 0, Variant("teacher"))], corpus="other")
    main(["--report-only", "--results", str(tmp_path)])
    names = [SUMMARY, "low_resource.md"]
    # Of one size there is no figure.
    names += ["low_resource_mine.svg", "low_resource_mine.png"]
    before = {name: (tmp_path / name).read_bytes() for name in names}
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == sorted(names)
    assert before["low_resource_mine.png"].startswith(b"\x89PNG")
    svg = before["low_resource_mine.svg"].decode()
    for text in ("mine: BiLSTM, softmax", "teacher", "distilled (both)", "150", "300"):
        assert f">{text}</text>" in svg
    assert "gold only, random words</text>" in svg
    assert ">logits only</text>" not in svg
    # What is made anew is the same.
    main(["--report-only", "--results", str(tmp_path)])
    assert {name: (tmp_path / name).read_bytes() for name in names} == before
    printed = capsys.readouterr().out
    assert all(name in printed for name in names)


def test_report_of_nothing(tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--report-only", "--results", str(tmp_path)])
    assert caught.value.code == 1
    assert "run the grid first" in capsys.readouterr().out
