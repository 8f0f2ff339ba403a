"""How many steps a training has, by the amount of data."""

from pathlib import Path

import pytest
import spacy
from small import TEXTS, make_examples, write_gold, write_soft_labels
from spacy.tokens import DocBin
from spacy.util import load_config

from spacy_distill.errors import DistillError
from spacy_distill.soft_labels.store import SoftLabels
from spacy_distill.training.config import CONFIGS, STUDENT_CONFIG
from spacy_distill.training.schedule import (
    Amount,
    evaluation_at_end,
    student_schedule,
    teacher_schedule,
    without_overridden,
)
from spacy_distill.training.student import find_amount, find_schedule, override

STEPS = "training.max_steps"
EVERY = "training.eval_frequency"
WARMUP = "training.optimizer.learn_rate.warmup_steps"
BATCH = "training.batcher.size"


def amount(gold, soft=0, words=22):
    """Return an amount of documents of equal length."""
    return Amount(gold=gold, soft=soft, words=(gold + soft) * words)


def student(found, passes=None, batch_size=64):
    return student_schedule(found, passes=passes, batch_size=batch_size)


def teacher(found, passes=None, batch_size=16):
    return teacher_schedule(found, passes=passes, batch_size=batch_size)


def test_settings_of_the_assets():
    """These are the numbers in the shipped config."""
    settings = student(amount(185, 4085)).settings()
    assert settings == {STEPS: 1500, EVERY: 150, WARMUP: 100, BATCH: 64}
    training = load_config(STUDENT_CONFIG)["training"]
    assert training["max_steps"] == 1500
    assert training["eval_frequency"] == 150
    assert training["optimizer"]["learn_rate"]["warmup_steps"] == 100
    assert training["batcher"]["size"] == 64


@pytest.mark.parametrize(
    ("gold", "soft", "steps"),
    [
        # 9 passes with up to 300 gold documents, 18 with more.
        (150, 13_891, 1980),
        (300, 13_700, 1970),
        (301, 13_700, 3940),
        (750, 13_291, 3950),
        # Without gold documents the teacher may be any: 18 passes.
        (0, 14_000, 3940),
        # At least 1,500 steps.
        (5, 10, 1500),
        # At most 20,000, but one pass.
        (0, 200_000, 20_000),
        (0, 6_400_000, 100_000),
    ],
)
def test_steps_of_a_student(gold, soft, steps):
    schedule = student(amount(gold, soft))
    assert schedule.steps == steps
    assert schedule.batch_size == 64
    assert schedule.steps % schedule.eval_frequency == 0
    assert schedule.passes == pytest.approx(steps * 64 / (gold + soft))


@pytest.mark.parametrize(
    ("gold", "steps"),
    [
        (750, 940),
        # At least 400, at most 2,500.
        (10, 400),
        (320, 400),
        (14_000, 2500),
    ],
)
def test_steps_of_a_teacher(gold, steps):
    schedule = teacher(amount(gold))
    assert schedule.steps == steps
    assert schedule.eval_frequency == steps / 4
    assert schedule.warmup_steps == 50
    assert schedule.batch_size == 16
    assert schedule.seconds is None


def test_given_passes_have_no_lower_and_no_upper_limit():
    assert student(amount(64, 576), passes=2).steps == 20
    assert student(amount(64, 576), passes=0.5).steps == 5
    assert student(amount(0, 640_000), passes=3).steps == 30_000
    assert teacher(amount(160), passes=2).steps == 20
    assert teacher(amount(16_000), passes=4).steps == 4000


@pytest.mark.parametrize("steps", [1, 7, 10, 11, 1499])
def test_the_last_step_is_evaluated(steps):
    schedule = student(amount(0, 64), passes=steps)
    assert schedule.steps >= steps
    assert schedule.steps % schedule.eval_frequency == 0
    assert schedule.steps / schedule.eval_frequency <= 10
    assert 1 <= schedule.warmup_steps <= max(1, schedule.steps // 8)


@pytest.mark.parametrize(
    ("words", "batch_size"),
    [(8, 64), (25, 64), (32, 64), (50, 32), (100, 16), (400, 4), (100_000, 4)],
)
def test_long_documents_go_into_smaller_batches(words, batch_size):
    schedule = student(amount(100, 900, words=words), passes=16)
    assert schedule.batch_size == batch_size
    # As many passes, so more steps.
    assert schedule.steps == pytest.approx(16 * 1000 / batch_size, rel=0.1)


def test_a_small_batch_is_not_enlarged():
    assert student(amount(100, 900, words=500), batch_size=2).batch_size == 2
    assert student(amount(100, 900, words=10), batch_size=2).batch_size == 2


def test_nothing_to_learn_from():
    """The corpus raises the error that explains it."""
    assert student(Amount(gold=0, soft=0, words=0)).steps == 1500
    assert teacher(Amount(gold=0, soft=0, words=0)).steps == 400


def test_description():
    line = student(amount(185, 4085)).describe()
    assert line.startswith("1,500 steps of 64 documents (22.5 passes), evaluated every")
    assert "every 150; about " in line
    assert "min on one core" not in teacher(amount(750)).describe()


SETTINGS = {STEPS: 1500, EVERY: 150, WARMUP: 100, BATCH: 64}


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({}, SETTINGS),
        ({"system.seed": 3}, SETTINGS),
        ({BATCH: 8}, {STEPS: 1500, EVERY: 150, WARMUP: 100}),
        (dict.fromkeys(SETTINGS, 5), {}),
        # Only the steps: ten evaluations remain, and warm-up is an eighth at most.
        ({STEPS: 500}, {EVERY: 50, WARMUP: 62, BATCH: 64}),
        ({STEPS: 20_000}, {EVERY: 2000, WARMUP: 100, BATCH: 64}),
        ({STEPS: 4}, {EVERY: 1, WARMUP: 1, BATCH: 64}),
        ({STEPS: 500, EVERY: 7}, {WARMUP: 62, BATCH: 64}),
        # For spaCy, 0 steps are endless.
        ({STEPS: 0}, {EVERY: 150, WARMUP: 100, BATCH: 64}),
    ],
)
def test_overrides_win(overrides, expected):
    assert without_overridden(SETTINGS, overrides) == expected
    assert SETTINGS[STEPS] == 1500


@pytest.mark.parametrize("steps", [1, 3, 9, 10, 11, 25, 150, 997, 1499, 1500])
def test_the_end_of_given_steps_is_evaluated(steps):
    """Or, where no frequency divides them, less steps follow than evaluations."""
    every = without_overridden(SETTINGS, {STEPS: steps})[EVERY]
    assert 1 <= every <= steps
    assert steps % every < 10
    if steps not in (25, 997, 1499):
        assert steps % every == 0


@pytest.mark.parametrize(
    ("training", "documents", "expected"),
    [
        ({"max_steps": 40, "eval_frequency": 150}, 1000, 40),
        ({"max_steps": 150, "eval_frequency": 150}, 1000, None),
        ({"max_steps": 151, "eval_frequency": 150}, 1000, None),
        # Three passes over 20 documents in batches of 8: steps 0 to 8.
        ({"max_steps": 0, "max_epochs": 3, "eval_frequency": 9}, 20, 8),
        ({"max_steps": 0, "max_epochs": 3, "eval_frequency": 8}, 20, None),
        ({"max_steps": 5, "max_epochs": 3, "eval_frequency": 9}, 20, 5),
        ({"max_steps": 0, "max_epochs": 1, "eval_frequency": 9}, 5, 1),
        # Endless but for `patience`, so the end is unknown.
        ({"max_steps": 0, "eval_frequency": 9}, 20, None),
        # spaCy's default is 200.
        ({"max_steps": 100}, 20, 100),
    ],
)
def test_evaluation_at_end(training, documents, expected):
    training = {"batcher": {"size": 8}, **training}
    assert evaluation_at_end(training, documents) == expected


def test_override_changes_only_what_the_config_has():
    config = load_config(STUDENT_CONFIG)
    settings = {STEPS: 7, "training.none.x": 1, "a.b": 2, "corpora.z": 3}
    changed = override(config, settings)
    assert changed["training"]["max_steps"] == 7
    assert config["training"]["max_steps"] == 1500
    del changed["training"]["max_steps"], config["training"]["max_steps"]
    assert changed == config


@pytest.fixture
def data(tmp_path):
    write_gold(tmp_path / "gold.spacy", spacy.blank("en"), repeat=5)
    write_soft_labels(tmp_path, TEXTS * 10)
    return tmp_path


def schedule_of(config, data, held_out=0, **overrides):
    overrides = {"paths.train": str(data / "gold.spacy"), **overrides}
    store = SoftLabels(data / "soft_labels")
    loaded = load_config(config, overrides=overrides, interpolate=False)
    amount = find_amount(loaded, Path(config), store, held_out)
    return find_schedule(loaded, Path(config), amount)


def test_the_amount_is_that_of_the_files(data):
    passes = {"schedule.passes": 16}
    # 20 gold and 40 soft-labelled documents.
    expected = student(Amount(gold=20, soft=40, words=360), passes=16)
    assert schedule_of(STUDENT_CONFIG, data, **passes) == expected
    # Those that are held out are not trained on.
    expected = student(Amount(gold=20, soft=30, words=300), passes=16)
    found = schedule_of(STUDENT_CONFIG, data, held_out=10, **passes)
    assert found == expected
    passes["paths.train"] = None
    expected = student(Amount(gold=0, soft=40, words=240), passes=16)
    assert schedule_of(STUDENT_CONFIG, data, **passes) == expected


def test_long_gold_documents_are_counted(data):
    doc = make_examples(spacy.blank("en"))[0].reference
    long_doc = type(doc).from_docs([doc] * 40)
    DocBin(docs=[long_doc] * 8).to_disk(data / "gold.spacy")
    words = (8 * len(long_doc) + 240) / 48
    assert words > 32
    found = schedule_of(STUDENT_CONFIG, data).batch_size
    assert found == round(64 * 25 / words) < 64


def test_a_config_without_a_schedule_keeps_its_numbers(data, tmp_path):
    text = STUDENT_CONFIG.read_text(encoding="utf-8")
    path = tmp_path / "student.cfg"
    path.write_text(text.replace("[schedule]\n", "").replace("passes = null\n", ""))
    assert schedule_of(path, data) is None


def test_a_config_whose_variables_are_unknown(data, tmp_path):
    path = tmp_path / "student.cfg"
    text = STUDENT_CONFIG.read_text(encoding="utf-8")
    path.write_text(text.replace("${system.seed}", "${system.sede}"))
    with pytest.raises(DistillError, match="student.cfg"):
        schedule_of(path, data)


@pytest.mark.parametrize("name", ["student", "teacher"])
def test_shipped_configs_have_every_setting_of_a_schedule(name):
    """A setting that the config lacks would be skipped without a word."""
    config = load_config(CONFIGS / f"{name}.cfg")
    changed = override(config, dict.fromkeys(SETTINGS, 7))
    for setting in SETTINGS:
        block = changed
        for part in setting.split("."):
            block = block[part]
        assert block == 7
    assert config["schedule"] == {"passes": None}
