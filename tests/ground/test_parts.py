import pickle

import numpy as np
import pytest

from spacy_distill.arrays import Parts


@pytest.mark.parametrize("lengths", [[], [2], [0, 3, 0, 2], [0]])
def test_parts_of_one_array(lengths):
    whole = np.arange(2.0 * sum(lengths)).reshape(-1, 2)
    parts = Parts(whole, lengths)
    assert [len(part) for part in parts] == lengths
    assert parts.whole is whole
    assert all(np.shares_memory(part, whole) for part in parts if len(part))
    if lengths:
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_pickled():
    parts = pickle.loads(pickle.dumps(Parts(np.eye(3), [1, 2])))
    np.testing.assert_array_equal(parts.whole, np.eye(3))
    np.testing.assert_array_equal(parts[1], np.eye(3)[1:])
