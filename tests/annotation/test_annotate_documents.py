"""What `annotate` does with documents: none dropped, none altered, bad ones named."""

import gzip

import numpy as np
import pytest
import spacy
from hash_teacher import HashTeacher
from spacy.tokens import Doc, DocBin
from tiny_teachers import write_jsonl

from spacy_distill.annotation.annotate import annotate
from spacy_distill.arrays import token_entropies
from spacy_distill.docs import LOGITS
from spacy_distill.errors import DistillError
from spacy_distill.soft_labels.manifest import Dropped, Manifest
from spacy_distill.soft_labels.store import SoftLabels
from spacy_distill.windows import max_context_ranges, split


def run(tmp_path, texts, teacher=None, **kwargs):
    """Annotate texts; returns (manifest, docs as a student reads them)."""
    path = write_jsonl(tmp_path / "texts.jsonl", texts)
    out = tmp_path / "out"
    manifest = annotate(
        teacher or HashTeacher(), path, out, **{"progress": False, **kwargs}
    )
    return manifest, list(SoftLabels(out).read(spacy.blank("en")))


def test_empty_and_blank_documents_keep_their_places(tmp_path):
    texts = ["One .", "", " ", "\n\n", "Two", ""]
    manifest, docs = run(tmp_path, texts, shard_size=2)
    assert [doc.text for doc in docs] == texts
    assert [len(doc.user_data[LOGITS]) for doc in docs] == [2, 0, 1, 1, 1, 0]
    assert manifest.counts.docs == 6
    assert manifest.counts.tokens == 5


def test_nothing_but_empty_documents(tmp_path):
    manifest, docs = run(tmp_path, ["", ""])
    assert [doc.user_data[LOGITS].shape for doc in docs] == [(0, 9), (0, 9)]
    assert manifest.counts.mean_entropy == 0


def test_counts(tmp_path):
    texts = ["Anna met Bo Li .", "Nobody met Anna .", "?"]
    manifest, docs = run(
        tmp_path, texts, HashTeacher(blind=("Anna", "?")), shard_size=2
    )
    logits = np.concatenate([doc.user_data[LOGITS] for doc in docs])
    counts = manifest.counts
    assert [shard.docs for shard in manifest.shards] == [2, 1]
    assert (counts.docs, counts.tokens) == (3, len(logits)) == (3, 10)
    assert counts.unaligned == 3
    assert counts.labels == manifest.find_task().count(logits)
    assert counts.mean_entropy == pytest.approx(token_entropies(logits).mean())
    assert manifest.complete


def test_long_documents_come_back_whole(tmp_path):
    words = [f"w{i}" for i in range(47)]
    teacher = HashTeacher(blind=("w9", "w10", "w46"))
    manifest, docs = run(
        tmp_path, ["Short .", " ".join(words)], teacher, window=10, overlap=4
    )
    assert docs[1].text == " ".join(words)
    logits = docs[1].user_data[LOGITS]
    expected = np.stack([HashTeacher().row(word) for word in words])
    np.testing.assert_array_equal(logits[:, :-1], expected[:, :-1].astype(np.float16))
    # The last column tells how far a token was from its window's edge.
    windows = split(47, window=10, overlap=4)
    seen = np.concatenate(
        [
            [min(i - start, end - 1 - i) for i in range(first, last)]
            for (start, end), (first, last) in zip(windows, max_context_ranges(windows))
        ]
    )
    np.testing.assert_array_equal(logits[:, -1], seen)
    # Tokens that two windows share are counted once.
    assert manifest.counts.unaligned == 3
    assert manifest.counts.tokens == 49
    assert max(length for batch in teacher.batches for length in batch) == 10


def test_dropped_entities_are_named_once_each(tmp_path):
    words = [f"w{i}" for i in range(47)]
    # w7 and w8 are in two windows, and at home in one of them each.
    teacher = HashTeacher(lose=("w0", "w7", "w8", "w46", "Anna"))
    texts = ["Anna and Bo", "Nobody", " ".join(words), "Anna", ""]
    manifest, _ = run(tmp_path, texts, teacher, window=10, overlap=4, shard_size=2)
    expected = [
        Dropped(1, "Anna", "OF3", "made up"),
        Dropped(3, "w0", "OF10", "made up"),
        Dropped(3, "w7", "OF10", "made up"),
        Dropped(3, "w8", "OF10", "made up"),
        Dropped(3, "w46", "OF5", "made up"),
        Dropped(4, "Anna", "OF1", "made up"),
    ]
    assert manifest.dropped == expected
    assert [len(shard.dropped) for shard in manifest.shards] == [1, 5, 0]
    assert manifest.counts.dropped == 6
    assert Manifest.read(tmp_path / "out").dropped == expected


def test_whole_documents(tmp_path):
    teacher = HashTeacher(whole=True, lose=("w30",), blind=("w2",))
    texts = [" ".join(f"w{i}" for i in range(40)), "", "One ."]
    manifest, docs = run(tmp_path, texts, teacher, window=10, overlap=4)
    assert sorted(length for batch in teacher.batches for length in batch) == [2, 40]
    assert manifest.dropped == [Dropped(1, "w30", "OF40", "made up")]
    assert manifest.counts.unaligned == 1
    assert [len(doc) for doc in docs] == [40, 0, 2]
    assert docs[0].user_data[LOGITS][20, -1] == 19


def test_hundred_thousand_tokens(tmp_path):
    text = " ".join(f"w{i % 50}" for i in range(100_000))
    manifest, (doc,) = run(tmp_path, [text])
    assert len(doc) == manifest.counts.tokens == 100_000
    row = HashTeacher().row("w7").astype(np.float16)
    found = doc.user_data[LOGITS][7::50]
    assert found.shape == (2000, 9)
    assert (found[:, :-1] == row[:-1]).all()


def test_batches_are_of_like_length_and_within_the_limit(tmp_path):
    rng = np.random.default_rng(0)
    texts = [" ".join("x" * rng.integers(1, 30)) for _ in range(60)]
    teacher = HashTeacher()
    run(tmp_path, texts, teacher, batch_words=100, shard_size=60)
    assert all(max(batch) * len(batch) <= 100 for batch in teacher.batches)
    lengths = [length for batch in teacher.batches for length in batch]
    assert lengths == sorted(lengths, reverse=True)
    assert len(lengths) == 60


def test_own_tokens_are_kept(tmp_path):
    nlp = spacy.blank("en")
    words = ["New York", "'s", " ", "don't"]
    docs = [
        Doc(nlp.vocab, words=words, spaces=[False, True, False, False]),
        Doc(nlp.vocab, words=["spaces", "unknown"]),
    ]
    (tmp_path / "t.spacy.gz").write_bytes(gzip.compress(DocBin(docs=docs).to_bytes()))
    annotate(HashTeacher(), tmp_path / "t.spacy.gz", tmp_path / "out", progress=False)
    found = list(SoftLabels(tmp_path / "out").read(spacy.blank("en")))
    assert [t.text for t in found[0]] == words
    assert [doc.text for doc in found] == [doc.text for doc in docs]
    assert [doc.has_unknown_spaces for doc in found] == [False, True]


def spoil(value):
    def change(texts, rows):
        for text, row in zip(texts, rows):
            if "bad" in text:
                row[len(row) // 2, 1] = value

    return change


@pytest.mark.parametrize(
    ("value", "told"),
    [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity"), (7e4, "float16")],
)
def test_logits_that_are_not_finite(tmp_path, value, told):
    texts = ["fine one", "fine two", "fine three", "this is bad", "fine four"]
    with pytest.raises(DistillError, match=f"{told}.*document 4.*'this is bad'"):
        run(tmp_path, texts, HashTeacher(change=spoil(value)), shard_size=2)
    # The shard before is there, of the bad one nothing.
    assert [p.name for p in sorted((tmp_path / "out").iterdir())] == [
        "manifest.json",
        "shard-00000.json",
        "shard-00000.spacy",
    ]
    # With the teacher mended, the work goes on.
    manifest, docs = run(tmp_path, texts, shard_size=2)
    assert [doc.text for doc in docs] == texts
    assert manifest.complete


def test_bad_window_of_a_long_document_is_named(tmp_path):
    texts = ["fine", " ".join(["fine"] * 30 + ["bad"] + ["fine"] * 30)]
    with pytest.raises(DistillError, match="document 2, which begins 'fine fine"):
        run(tmp_path, texts, HashTeacher(change=spoil(np.nan)), window=8, overlap=2)


def test_logits_of_another_shape(tmp_path):
    def drop_a_row(texts, rows):
        rows[0] = rows[0][:-1]

    with pytest.raises(DistillError, match=r"shape \(2, 9\).*shape \(1, 9\)"):
        run(tmp_path, ["One ."], HashTeacher(change=drop_a_row))


@pytest.mark.parametrize(
    "setting", [{"shard_size": 0}, {"batch_words": 0}, {"window": 0}, {"overlap": 512}]
)
def test_settings_out_of_range(tmp_path, setting):
    name = next(iter(setting))
    with pytest.raises(DistillError, match=f"{name}={setting[name]}"):
        run(tmp_path, ["One ."], **setting)
    assert not (tmp_path / "out").exists()


def test_texts_that_cannot_be_read_leave_no_trace(tmp_path):
    (tmp_path / "t.txt").write_bytes(b"fine\nsch\xf6n\n")
    with pytest.raises(DistillError, match=r"t\.txt:2"):
        annotate(HashTeacher(), tmp_path / "t.txt", tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()
