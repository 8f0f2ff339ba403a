"""Shards are annotated by a pure function: any order gives the same bytes."""

import random
from dataclasses import asdict

import pytest
import spacy
from hash_teacher import HashTeacher, make_pieces
from killed_annotation import LOSE, SETTINGS
from tiny_teachers import make_cnn_teacher

from spacy_distill.annotation.annotate import annotate, run_shards
from spacy_distill.annotation.plan import begin, finish, plan_annotation
from spacy_distill.annotation.shard import annotate_shard
from spacy_distill.corpora.texts import MemoryTexts
from spacy_distill.errors import DistillError
from spacy_distill.shards import write_shard
from spacy_distill.soft_labels.manifest import Manifest, Settings
from spacy_distill.teachers.load import load_teacher

TEXTS = [f"Text {i} of Anna and the windows " + "again " * (i % 9) for i in range(14)]
PLAN = Settings(
    shard_size=SETTINGS["shard_size"],
    window=SETTINGS["window"],
    overlap=SETTINGS["overlap"],
)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def hash_teacher():
    return HashTeacher(pieces=make_pieces(), lose=LOSE)


def cnn_teacher():
    return load_teacher(make_cnn_teacher())


@pytest.mark.parametrize("make_teacher", [hash_teacher, cnn_teacher])
def test_any_order_gives_the_same_bytes(tmp_path, make_teacher):
    texts = MemoryTexts(TEXTS)
    annotate(make_teacher(), texts, tmp_path / "whole", progress=False, **SETTINGS)
    whole = contents(tmp_path / "whole")
    for seed in range(3):
        out = tmp_path / str(seed)
        teacher = make_teacher()
        plan = plan_annotation(teacher, texts, PLAN)
        numbers = begin(plan, out, replace=False)
        assert numbers == list(range(plan.n_shards)) == list(range(5))
        random.Random(seed).shuffle(numbers)
        for number in numbers:
            docs = list(texts.read(teacher.nlp, plan.start(number), plan.stop(number)))
            data, record = annotate_shard(teacher, docs, plan, number)
            write_shard(out, record.file, data, asdict(record))
        finish(plan, out)
        assert contents(out) == whole


def test_gaps_are_filled(tmp_path):
    texts = MemoryTexts(TEXTS)
    annotate(hash_teacher(), texts, tmp_path / "whole", progress=False, **SETTINGS)
    teacher = hash_teacher()
    plan = plan_annotation(teacher, texts, PLAN)
    out = tmp_path / "out"
    begin(plan, out, replace=False)
    run_shards(teacher, texts, plan, [1, 3], out, progress=False)
    with pytest.raises(DistillError, match=r"shard-00000\.spacy is not done"):
        finish(plan, out)
    assert begin(plan, out, replace=False) == [0, 2, 4]
    annotate(hash_teacher(), texts, out, progress=False, **SETTINGS)
    assert contents(out) == contents(tmp_path / "whole")


def test_a_shard_does_not_depend_on_earlier_calls():
    texts = MemoryTexts(TEXTS)
    teacher = hash_teacher()
    plan = plan_annotation(teacher, texts, PLAN)

    def run(number):
        docs = list(texts.read(teacher.nlp, plan.start(number), plan.stop(number)))
        return annotate_shard(teacher, docs, plan, number)

    first = run(2)
    run(0)
    assert run(2) == first


def test_a_damaged_record_is_not_built_upon(tmp_path):
    texts = MemoryTexts(TEXTS)
    teacher = hash_teacher()
    plan = plan_annotation(teacher, texts, PLAN)
    begin(plan, tmp_path / "out", replace=False)
    run_shards(teacher, texts, plan, [0], tmp_path / "out", progress=False)
    record = tmp_path / "out" / "shard-00000.json"
    for damage in (
        "{",
        "[]",
        record.read_text(encoding="utf-8").replace("docs", "doks"),
    ):
        record.write_text(damage, encoding="utf-8")
        with pytest.raises(DistillError, match=r"shard-00000\.json.*begin again"):
            begin(plan, tmp_path / "out", replace=False)


def test_texts_in_memory_and_in_a_file_differ_in_their_hash_alone(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    annotate(hash_teacher(), path, tmp_path / "file", progress=False, **SETTINGS)
    annotate(hash_teacher(), TEXTS, tmp_path / "memory", progress=False, **SETTINGS)
    ours, theirs = contents(tmp_path / "memory"), contents(tmp_path / "file")
    del ours["manifest.json"], theirs["manifest.json"]
    assert ours == theirs
    difference = Manifest.read(tmp_path / "file").difference(
        Manifest.read(tmp_path / "memory")
    )
    assert difference is not None
    assert difference.startswith("texts_hash")


def test_docs_keep_their_tokens(tmp_path):
    nlp = spacy.blank("en")
    docs = [nlp(text) for text in TEXTS]
    manifest = annotate(hash_teacher(), docs, tmp_path, progress=False, **SETTINGS)
    assert manifest.tokenizer_hash is None
    assert manifest.counts.tokens == sum(map(len, docs))
