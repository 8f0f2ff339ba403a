from hypothesis import given
from hypothesis import strategies as st
from low_resource.grid import (
    CLASSIFIERS,
    ENCODERS,
    STUDENTS,
    SYSTEMS,
    WORD_INITS,
    Run,
    Variant,
    enumerate_runs,
)

WHOLE = {
    "labels": (150, 300),
    "seeds": (0, 1, 2),
    "systems": SYSTEMS,
    "encoders": ENCODERS,
    "classifiers": CLASSIFIERS,
    "word_inits": WORD_INITS,
}


def some(values):
    return st.lists(st.sampled_from(values), min_size=1, unique=True)


@given(
    labels=some((1, 2, 30)),
    seeds=some((0, 1, 7)),
    systems=some(SYSTEMS),
    encoders=some(ENCODERS),
    classifiers=some(CLASSIFIERS),
    word_inits=some(WORD_INITS),
)
def test_every_choice_is_there_once(**choices):
    runs = enumerate_runs(**choices)
    students = [s for s in choices["systems"] if s in STUDENTS]
    others = len(choices["systems"]) - len(students)
    variants = (
        len(choices["encoders"])
        * len(choices["classifiers"])
        * len(choices["word_inits"])
    )
    cells = len(choices["labels"]) * len(choices["seeds"])
    assert len(runs) == cells * (others + len(students) * variants)
    assert len({run.name for run in runs}) == len(runs)
    for run in runs:
        assert run.labels in choices["labels"]
        assert run.seed in choices["seeds"]
        assert run.variant.system in choices["systems"]
        is_student = run.variant.system in STUDENTS
        assert (run.variant.encoder in choices["encoders"]) == is_student
        assert (run.variant.classifier in choices["classifiers"]) == is_student
        assert (run.variant.word_init in choices["word_inits"]) == is_student


def test_what_is_given_twice_is_run_once():
    once = enumerate_runs(**WHOLE)
    assert enumerate_runs(**{**WHOLE, "seeds": (0, 1, 2, 1)}) == once


def test_whole_lines_come_first():
    runs = enumerate_runs(**WHOLE)
    first = Variant("distilled", "qrnn", "softmax", "teacher")
    # Eight systems for each number of labels and seed, before any other variant.
    assert {run.variant for run in runs[: 6 * 8]} == {
        Variant("teacher"),
        Variant("second_teacher"),
        Variant("stock"),
        *(Variant(s, *first.parts[1:]) for s in STUDENTS),
    }
    # And all numbers of labels for the first seed before the next seed.
    assert [(r.labels, r.seed) for r in runs[:48:8]] == [
        (n, seed) for seed in (0, 1, 2) for n in (150, 300)
    ]
    assert [run.variant.system for run in runs[:8]] == list(SYSTEMS)


def test_names():
    run = Run(150, 2, Variant("distilled", "bilstm", "crf", "random"))
    assert run.name == "n150-s2-distilled-bilstm-crf-random"
    assert run.cell == "n150-s2"
    assert Run(150, 2, Variant("teacher")).name == "n150-s2-teacher"
