import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.arrays import Packing

some_lengths = st.lists(st.integers(0, 7), max_size=8)


@given(some_lengths)
def test_there_and_back(lengths):
    packing = Packing(lengths)
    values = np.random.default_rng(0).normal(size=(sum(lengths), 3))
    for rows in (packing.rows, packing.reversed_rows):
        back = np.full_like(values, np.nan)
        back[rows] = values[rows]
        assert sorted(rows.tolist()) == list(range(sum(lengths)))
        np.testing.assert_array_equal(back, values)


@given(some_lengths)
def test_steps_follow_each_sequence_forwards_and_backwards(lengths):
    packing = Packing(lengths)
    firsts = np.cumsum([0, *lengths])
    assert sorted(packing.order.tolist()) == list(range(len(lengths)))
    assert packing.lengths.tolist() == sorted(lengths, reverse=True)
    assert len(packing) == max(lengths, default=0)
    position = 0
    for t, (start, end, size) in enumerate(packing.steps()):
        assert (start, end) == (position, position + size)
        assert size == sum(length > t for length in lengths)
        for k in range(size):
            i = packing.order[k]
            assert packing.rows[start + k] == firsts[i] + t
            assert packing.reversed_rows[start + k] == firsts[i + 1] - 1 - t
        position = end
    assert position == sum(lengths)


@given(some_lengths, st.randoms(use_true_random=False))
def test_order_of_sequences_only_moves_rows(lengths, random):
    shuffled = list(enumerate(lengths))
    random.shuffle(shuffled)
    ours, theirs = Packing(lengths), Packing([length for _, length in shuffled])
    assert list(ours.steps()) == list(theirs.steps())
    for steps in (ours, theirs):
        np.testing.assert_array_equal(steps.sizes, np.diff(steps.bounds))


def test_nothing_to_pack():
    for lengths in ([], [0], [0, 0]):
        packing = Packing(lengths)
        assert len(packing) == len(packing.rows) == len(packing.reversed_rows) == 0
        assert list(packing.steps()) == []


@given(some_lengths)
def test_runs_are_steps_of_the_same_size(lengths):
    packing = Packing(lengths)
    steps = [
        (first, first + size, size)
        for start, end, size in packing.runs()
        for first in range(start, end, size)
    ]
    assert steps == list(packing.steps())
    sizes = [size for _, _, size in packing.runs()]
    assert sizes == sorted(set(sizes), reverse=True)
