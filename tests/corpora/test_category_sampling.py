"""Splits and draws that keep rare labels."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.corpora.category_sampling import draw_per_label, split_by_label
from spacy_distill.errors import DistillError

NAMES = ("A", "B", "C", "D")
SENTENCES = st.lists(st.sets(st.sampled_from(NAMES)), min_size=10, max_size=60)
SHARES = st.sampled_from([(0.8, 0.1, 0.1), (0.5, 0.5), (0.6, 0.2, 0.2)])
SEEDS = st.integers(0, 50)


@given(SENTENCES, SHARES, SEEDS)
@settings(deadline=None)
def test_parts_are_a_partition_of_the_right_sizes(labels, shares, seed):
    split = split_by_label(labels, shares, seed=seed)
    assert sorted(i for part in split.parts for i in part) == [*range(len(labels))]
    for part, share in zip(split.parts, shares):
        assert part == sorted(part)
        assert abs(len(part) - share * len(labels)) < 1
    assert split == split_by_label(labels, shares, seed=seed)


@given(SENTENCES, SHARES, SEEDS)
@settings(deadline=None)
def test_what_parts_lack_is_told(labels, shares, seed):
    split = split_by_label(labels, shares, seed=seed)
    totals = Counter(x for found in labels for x in found)
    expected = {
        (x, p, totals[x])
        for x in totals
        for p, part in enumerate(split.parts)
        if not any(x in labels[i] for i in part)
    }
    assert {tuple(missing) for missing in split.missing} == expected
    assert len(split.missing) == len(expected)


@given(
    st.dictionaries(st.sampled_from(NAMES), st.integers(3, 30), min_size=1),
    st.integers(0, 100),
    SEEDS,
)
@settings(deadline=None)
def test_every_label_is_in_each_part_if_it_has_enough_sentences(counts, empty, seed):
    labels = [{x} for x, number in counts.items() for _ in range(number)]
    # So many that the small parts have room for all labels.
    labels += [set()] * max(empty, 10 * len(NAMES) - len(labels))
    split = split_by_label(labels, (0.8, 0.1, 0.1), seed=seed)
    assert split.missing == []


@given(SENTENCES, SEEDS)
@settings(deadline=None)
def test_labels_with_other_labels_beside_them_are_in_each_part(labels, seed):
    labels = [*labels, *[set()] * 30]
    split = split_by_label(labels, (0.8, 0.1, 0.1), seed=seed)
    # Three times as many sentences as are needed leave a choice.
    assert not [missing for missing in split.missing if missing.sentences >= 9]


def test_rare_labels_are_where_random_splits_lose_them():
    labels = [["PER", "LOC"]] * 900 + [["RARE", "PER"]] * 6 + [[]] * 94
    random.Random(1).shuffle(labels)
    lost = 0
    for seed in range(20):
        assert split_by_label(labels, (0.8, 0.1, 0.1), seed=seed).missing == []
        order = random.Random(seed).sample(range(1000), 1000)
        lost += not any("RARE" in labels[i] for i in order[:100])
    assert lost > 5


def test_shares_of_labels_are_kept():
    labels = [["A"]] * 200 + [["B"]] * 50 + [["A", "B"]] * 30 + [[]] * 120
    random.Random(0).shuffle(labels)
    split = split_by_label(labels, (0.8, 0.1, 0.1), seed=3)
    for part, share in zip(split.parts, (0.8, 0.1, 0.1)):
        found = Counter(x for i in part for x in labels[i])
        assert found["A"] == pytest.approx(230 * share, abs=2)
        assert found["B"] == pytest.approx(80 * share, abs=2)


def test_seeds_differ():
    labels = [["A"]] * 50 + [[]] * 50
    splits = {str(split_by_label(labels, (0.8, 0.2), seed=seed)) for seed in range(5)}
    assert len(splits) == 5


def test_an_exchange_makes_room():
    # The rarest label's sentences have the only other label that the small part needs.
    labels = [{"A", "B"}, {"A"}, {"B"}, {"A", "B"}]
    for seed in range(20):
        assert split_by_label(labels, (0.5, 0.5), seed=seed).missing == []


@pytest.mark.parametrize("shares", [(0.8, 0.1), (1.0,), (1.2, -0.2), (0.5, 0.6), ()])
def test_shares_that_do_not_fit(shares):
    with pytest.raises(DistillError, match="Expected shares above 0 that sum to 1"):
        split_by_label([["A"]] * 30, shares, seed=0)


def test_parts_without_sentences():
    with pytest.raises(DistillError, match="got 4, which are 4, 0, 0"):
        split_by_label([["A"]] * 4, (0.9, 0.05, 0.05), seed=0)


@given(SENTENCES, st.integers(1, 8), SEEDS)
@settings(deadline=None)
def test_drawn_gold_has_the_number_of_each_label(labels, number, seed):
    drawn = draw_per_label(labels, number, seed=seed)
    totals = Counter(x for found in labels for x in found)
    found = Counter(x for i in drawn.indices for x in labels[i])
    for name in totals:
        assert found[name] >= min(number, totals[name])
    assert drawn.fewer == {x: n for x, n in totals.items() if n < number}
    # No sentence more than one for each label and number.
    assert len(drawn.indices) <= number * len(totals)
    assert all(labels[i] for i in drawn.indices)
    assert len(set(drawn.indices)) == len(drawn.indices)
    more = draw_per_label(labels, number + 1, seed=seed)
    assert set(drawn.indices) <= set(more.indices)


def test_a_number_is_needed():
    with pytest.raises(DistillError, match="from 1 on, got 0"):
        draw_per_label([["A"]], 0, seed=0)
