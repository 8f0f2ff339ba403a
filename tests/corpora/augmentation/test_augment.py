"""Texts from a source to a file."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from tagged_docs import TAGS, pipeline_with_vectors, tagging_pipeline
from tiny_teachers import write_jsonl

from spacy_distill.corpora.augmentation.augment import augment
from spacy_distill.corpora.augmentation.settings import Augmentation
from spacy_distill.corpora.texts import read_texts
from spacy_distill.errors import DistillError

TEXTS = [
    "A mill stands. A dog sleeps, and a cat runs!",
    "The road runs, a river stands.",
    "A ferry sleeps\nnear the mill. The dog runs.",
]
NO_REPLACING = Augmentation(replace_rate=0.0)


def written(path):
    lines = path.read_text("utf-8").splitlines()
    assert all(list(json.loads(line)) == ["text"] for line in lines)
    return [json.loads(line)["text"] for line in lines]


def test_texts_and_new_ones_are_read_back(tmp_path):
    out = tmp_path / "new" / "out.jsonl"
    done = augment(TEXTS, out, nlp=tagging_pipeline(), progress=False)
    texts = written(out)
    assert [doc.text for doc in read_texts(out, spacy.blank("en"))] == texts
    assert len(set(texts)) == len(texts) == done.originals + done.augmented
    assert set(TEXTS) < set(texts)
    assert (done.documents, done.originals) == (3, 3)
    assert done.augmented + done.duplicates + done.empty == 3 * 5
    words = {word for text in TEXTS for word in tokens(text)}
    assert {word for text in texts for word in tokens(text)} <= {
        *words,
        "[",
        "MASK",
        "]",
    }
    # Each text is followed by what is made of it.
    assert texts[0] == TEXTS[0]
    between = texts[1 : texts.index(TEXTS[1])]
    assert between
    tags = {TAGS.get(word, "XX") for word in tokens(TEXTS[0])}
    for text in between:
        without = text.replace("[MASK]", "mill")
        assert {TAGS.get(word, "XX") for word in tokens(without)} <= tags


def tokens(text):
    return [token.text for token in spacy.blank("en")(text)]


def test_without_the_texts_themselves(tmp_path):
    both, new = tmp_path / "both.jsonl", tmp_path / "new.jsonl"
    done = augment(TEXTS, both, settings=NO_REPLACING, progress=False)
    settings = Augmentation(replace_rate=0.0, originals=False)
    alone = augment(TEXTS, new, settings=settings, progress=False)
    assert alone.originals == 0
    assert alone.augmented == done.augmented
    assert written(new) == [text for text in written(both) if text not in TEXTS]


def test_any_source_gives_the_same(tmp_path):
    write_jsonl(tmp_path / "texts.jsonl", TEXTS)
    (tmp_path / "texts.jsonl.gz").write_bytes(
        gzip.compress((tmp_path / "texts.jsonl").read_bytes())
    )
    docs = [spacy.blank("en")(text) for text in TEXTS]
    DocBin(docs=docs).to_disk(tmp_path / "texts.spacy")
    outs = []
    for i, source in enumerate(
        [
            TEXTS,
            docs,
            *(tmp_path / f"texts.{end}" for end in ("jsonl", "jsonl.gz", "spacy")),
        ]
    ):
        out = tmp_path / f"{i}.jsonl"
        augment(source, out, nlp=tagging_pipeline(), seed=3, progress=False)
        outs.append(out.read_bytes())
    assert len(set(outs)) == 1


def test_seeds(tmp_path):
    outs = []
    for i, seed in enumerate((0, 0, 1)):
        out = tmp_path / f"{i}.jsonl"
        augment(TEXTS, out, settings=NO_REPLACING, seed=seed, progress=False)
        outs.append(out.read_bytes())
    assert outs[0] == outs[1] != outs[2]


HASHED = """
import sys
from tagged_docs import pipeline_with_vectors, tagging_pipeline
from spacy_distill.corpora.augmentation.augment import augment
texts = ["A mill stands. A dog sleeps, and a cat runs!", "The road runs."] * 2
augment(texts, sys.argv[1], nlp=tagging_pipeline(), progress=False)
augment(texts, sys.argv[2], nlp=pipeline_with_vectors(), progress=False)
"""


def test_the_hash_seed_of_python_changes_nothing(tmp_path, monkeypatch):
    here, there = (
        [str(tmp_path / f"{place}_{name}.jsonl") for name in ("tags", "vectors")]
        for place in ("here", "there")
    )
    monkeypatch.setattr(sys, "argv", ["augment", *here])
    exec(HASHED, {})
    # Not the seed of this process, which is random or 0.
    env = {**os.environ, "PYTHONHASHSEED": "5", "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", HASHED, *there], check=True, env=env)
    for one, other in zip(here, there):
        assert Path(one).read_bytes() == Path(other).read_bytes()


def test_what_is_not_written_is_counted(tmp_path):
    texts = ["mill", "mill", "...", " "]
    settings = Augmentation(
        mask_rate=1.0, replace_rate=0.0, ngram_rate=0.0, sentence_rate=0.0, rounds=2
    )
    done = augment(texts, tmp_path / "out.jsonl", settings=settings, progress=False)
    assert written(tmp_path / "out.jsonl") == ["mill", "..."]
    assert (done.documents, done.originals, done.augmented) == (4, 2, 0)
    # Repeated "mill"; two variants of each "mill", and the text of whitespace.
    assert (done.duplicates, done.empty) == (1, 5)


def test_words_are_replaced_by_neighbours(tmp_path):
    settings = Augmentation(
        mask_rate=0.0,
        replace_rate=1.0,
        ngram_rate=0.0,
        sentence_rate=0.0,
        originals=False,
    )
    out = tmp_path / "out.jsonl"
    augment(
        ["The mill"],
        out,
        settings=settings,
        nlp=pipeline_with_vectors(),
        progress=False,
    )
    assert written(out)
    # "The" has no vector.
    assert all(text.split()[0] == "The" and "mill" not in text for text in written(out))


def test_entities_of_the_pipeline_stay_whole(tmp_path):
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PER", "pattern": "Old Man Brook"}])
    settings = Augmentation(
        mask_rate=0.5, replace_rate=0.0, ngram_rate=0.5, rounds=60, originals=False
    )
    out = tmp_path / "out.jsonl"
    text = ["Yesterday nobody saw Old Man Brook at the mill."]
    augment(text, out, settings=settings, nlp=nlp, progress=False)
    found = [text for text in written(out) if {"Old", "Man", "Brook"} & {*tokens(text)}]
    assert len(found) > 5
    assert all("Old Man Brook" in text for text in found)


def test_texts_without_words_need_no_pipeline(tmp_path):
    done = augment(["...", "!"], tmp_path / "out.jsonl", progress=False)
    assert done.originals == 2


def test_neither_tags_nor_vectors(tmp_path):
    with pytest.raises(DistillError, match="Expected a pipeline with a tagger"):
        augment(TEXTS, tmp_path / "out.jsonl", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_write(tmp_path):
    settings = Augmentation(replace_rate=0.0, originals=False)
    with pytest.raises(DistillError, match="got 1 of which nothing new can be made"):
        augment(["..."], tmp_path / "out.jsonl", settings=settings, progress=False)
    assert list(tmp_path.iterdir()) == []


def test_no_texts(tmp_path):
    with pytest.raises(DistillError, match="Expected texts as strings or as Docs"):
        augment([], tmp_path / "out.jsonl", progress=False)
    (tmp_path / "texts.txt").write_text("\n")
    with pytest.raises(DistillError, match="Expected documents in .* found none"):
        augment(
            tmp_path / "texts.txt",
            tmp_path / "out.jsonl",
            settings=NO_REPLACING,
            progress=False,
        )


def test_outputs_that_cannot_be(tmp_path):
    (tmp_path / "texts").mkdir()
    write_jsonl(tmp_path / "texts" / "texts.jsonl", TEXTS)
    (tmp_path / "there.jsonl").write_text("mine")
    for out, message in [
        ("out.txt", "ends in .jsonl, got .*out.txt: name it .*out.jsonl"),
        ("there.jsonl", "Expected a new file to write to, got .*there.jsonl"),
        ("there.jsonl/out.jsonl", "but .*there.jsonl is a file"),
        ("texts/out.jsonl", "outside of the folder of texts"),
        ("texts/deep/out.jsonl", "outside of the folder of texts"),
    ]:
        with pytest.raises(DistillError, match=message):
            augment(tmp_path / "texts", tmp_path / out, progress=False)
    assert (tmp_path / "there.jsonl").read_text() == "mine"


def test_a_text_that_cannot_be_read_leaves_nothing(tmp_path):
    lines = [json.dumps({"text": "A mill"}), '{"text": 3}']
    (tmp_path / "texts.jsonl").write_text("\n".join(lines))
    out = tmp_path / "out" / "new.jsonl"
    with pytest.raises(DistillError, match='Expected "text" to be a string'):
        augment(tmp_path / "texts.jsonl", out, settings=NO_REPLACING, progress=False)
    assert list(out.parent.iterdir()) == []
