"""The reviews in assets/, and what assets/README.md says of them."""

import json
from collections import Counter
from pathlib import Path

import pytest

REVIEWS = Path(__file__).parents[2] / "assets" / "reviews"


def labelled(folder, name):
    lines = (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def unlabelled(folder):
    return (folder / "unlabelled.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("folder", "sizes", "n_unlabelled"),
    [
        (REVIEWS, {"train": 504, "dev": 298, "test": 598}, 2040),
        (REVIEWS / "de", {"train": 24, "dev": 24}, 60),
        (REVIEWS / "fr", {"train": 24, "dev": 24}, 60),
    ],
)
def test_sizes_and_labels(folder, sizes, n_unlabelled):
    texts = unlabelled(folder)
    assert len(texts) == n_unlabelled
    for name, size in sizes.items():
        rows = labelled(folder, name)
        assert len(rows) == size
        assert {tuple(row) for row in rows} == {("text", "label")}
        texts += [row["text"] for row in rows]
        counts = Counter(row["label"] for row in rows)
        assert set(counts) == {"positive", "negative"}
        if folder == REVIEWS:
            assert counts["positive"] == size / 2
    repeated = [text for text, n in Counter(texts).items() if n > 1]
    assert not repeated
    assert all(text == text.strip() and text for text in texts)
