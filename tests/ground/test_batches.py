from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.windows import batches_by_size


@given(st.lists(st.integers(0, 20)), st.integers(1, 40))
def test_batches_take_everything_once_and_keep_to_the_limit(sizes, most):
    batches = batches_by_size(sizes, most=most)
    assert sorted(i for batch in batches for i in batch) == list(range(len(sizes)))
    for batch in batches:
        assert batch
        assert len(batch) == 1 or max(sizes[i] for i in batch) * len(batch) <= most


@given(st.lists(st.integers(0, 20)), st.integers(1, 40))
def test_largest_first_and_equals_in_order(sizes, most):
    order = [i for batch in batches_by_size(sizes, most=most) for i in batch]
    assert order == sorted(order, key=lambda i: (-sizes[i], i))
