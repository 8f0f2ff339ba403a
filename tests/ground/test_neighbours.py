import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.arrays import neighbours, with_neighbours


@given(st.lists(st.integers(0, 9), max_size=5), st.integers(1, 12))
def test_neighbours_stay_in_their_sequence(lengths, distance):
    left, right = neighbours(lengths, distance)
    n_tokens = sum(lengths)
    sequence = np.repeat(np.arange(len(lengths)), lengths)
    for i in range(n_tokens):
        for found, wanted in ((left[i], i - distance), (right[i], i + distance)):
            inside = 0 <= wanted < n_tokens and sequence[wanted] == sequence[i]
            assert found == (wanted if inside else n_tokens)


@given(st.lists(st.integers(0, 9), max_size=5))
def test_entries_beside_their_neighbours(lengths):
    entries = np.arange(100, 100 + sum(lengths))
    edge = 7
    left, right = neighbours(lengths, 1)
    padded = np.append(entries, edge)
    found = with_neighbours(entries, lengths, edge)
    assert found.tolist() == [
        entries.tolist(),
        padded[left].tolist(),
        padded[right].tolist(),
    ]
