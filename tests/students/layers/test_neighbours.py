import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.students.layers.neighbours import neighbours


@given(st.lists(st.integers(0, 9), max_size=5), st.integers(1, 12))
def test_neighbours_stay_in_their_sequence(lengths, distance):
    left, right = neighbours(lengths, distance)
    n_tokens = sum(lengths)
    sequence = np.repeat(np.arange(len(lengths)), lengths)
    for i in range(n_tokens):
        for found, wanted in ((left[i], i - distance), (right[i], i + distance)):
            inside = 0 <= wanted < n_tokens and sequence[wanted] == sequence[i]
            assert found == (wanted if inside else n_tokens)
