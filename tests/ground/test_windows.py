import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.errors import DistillError
from spacy_distill.windows import max_context_ranges, split, split_by_size, stitch

sizes = st.integers(1, 12).flatmap(
    lambda window: st.tuples(
        st.integers(0, 60), st.just(window), st.integers(0, window - 1)
    )
)


@pytest.mark.parametrize(
    ("n_tokens", "expected"),
    [
        (0, []),
        (1, [(0, 1)]),
        (10, [(0, 10)]),
        (11, [(0, 10), (8, 11)]),
        (18, [(0, 10), (8, 18)]),
        (19, [(0, 10), (8, 18), (16, 19)]),
    ],
)
def test_windows_by_hand(n_tokens, expected):
    assert split(n_tokens, window=10, overlap=2) == expected


def test_homes_by_hand():
    assert max_context_ranges([(0, 10), (8, 18), (16, 19)]) == [
        (0, 9),
        (9, 17),
        (17, 19),
    ]
    assert max_context_ranges([(0, 7)]) == [(0, 7)]
    assert max_context_ranges([]) == []


@given(sizes)
def test_windows_cover_all_tokens(size):
    n_tokens, window, overlap = size
    windows = split(n_tokens, window=window, overlap=overlap)
    covered = {i for start, end in windows for i in range(start, end)}
    assert covered == set(range(n_tokens))
    assert all(0 < end - start <= window for start, end in windows)
    for (start, end), (next_start, next_end) in zip(windows, windows[1:]):
        assert end - next_start == overlap
        # No window lies inside another.
        assert start < next_start
        assert end < next_end


@given(sizes)
def test_home_is_where_a_token_has_most_context(size):
    n_tokens, window, overlap = size
    windows = split(n_tokens, window=window, overlap=overlap)

    def context(token, start, end):
        """Distance to the nearest inner edge; minus one outside of the window."""
        left = token - start if start > 0 else n_tokens
        right = end - 1 - token if end < n_tokens else n_tokens
        return min(left, right) if start <= token < end else -1

    found = [
        i
        for i, (start, end) in enumerate(max_context_ranges(windows))
        for _ in range(start, end)
    ]
    best = [
        int(np.argmax([context(token, *place) for place in windows]))
        for token in range(n_tokens)
    ]
    assert found == best


@given(sizes)
def test_stitched_rows_are_the_home_windows_rows(size):
    n_tokens, window, overlap = size
    windows = split(n_tokens, window=window, overlap=overlap)
    if not windows:
        return
    rows = [
        np.stack([np.arange(start, end), np.full(end - start, i)], axis=1)
        for i, (start, end) in enumerate(windows)
    ]
    joined = stitch(windows, rows)
    assert joined[:, 0].tolist() == list(range(n_tokens))
    for i, (start, end) in enumerate(max_context_ranges(windows)):
        assert (joined[start:end, 1] == i).all()


@pytest.mark.parametrize(("window", "overlap"), [(0, 0), (5, 5), (5, 6), (5, -1)])
def test_settings_out_of_range(window, overlap):
    with pytest.raises(DistillError, match=f"window={window} and overlap={overlap}"):
        split(3, window=window, overlap=overlap)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], []),
        ([9], [(0, 1)]),
        ([2, 2, 1], [(0, 3)]),
        ([2, 2, 2, 2], [(0, 2), (1, 3), (2, 4)]),
        # Nothing is shared where an item would not fit beside it.
        ([2, 2, 5, 1, 3], [(0, 2), (2, 3), (3, 5)]),
    ],
)
def test_windows_by_size_by_hand(sizes, expected):
    assert split_by_size(sizes, most=5, overlap=2) == expected


@given(
    sizes=st.lists(st.integers(0, 12), max_size=40),
    most=st.integers(1, 20),
    overlap=st.integers(0, 19),
)
def test_windows_by_size_fit_and_go_on(sizes, most, overlap):
    overlap = min(overlap, most - 1)
    windows = split_by_size(sizes, most=most, overlap=overlap)
    covered = [i for start, end in windows for i in range(start, end)]
    assert sorted(set(covered)) == list(range(len(sizes)))
    for start, end in windows:
        assert sum(sizes[start:end]) <= most or end - start == 1
    for (start, end), (next_start, next_end) in zip(windows, windows[1:]):
        assert start < next_start <= end < next_end
        assert sum(sizes[next_start:end]) <= overlap
    assert all(start < end for start, end in max_context_ranges(windows))
