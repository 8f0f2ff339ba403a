import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from spacy_distill.students.layers import base as workspace
from spacy_distill.students.layers.base import Workspace


def test_memory_is_used_again():
    space = Workspace()
    first = space.array("a", (4, 3))
    assert (first.shape, first.dtype) == ((4, 3), np.float32)
    assert np.shares_memory(first, space.array("a", (2, 5)))
    assert not np.shares_memory(first, space.array("b", (4, 3)))
    larger = space.array("a", (5, 3))
    assert not np.shares_memory(first, larger)
    assert np.shares_memory(larger, space.array("a", (1,)))


def test_the_largest_are_not_kept(monkeypatch):
    monkeypatch.setattr(workspace, "_LARGEST", 6)
    space = Workspace()
    assert np.shares_memory(space.array("a", (2, 3)), space.array("a", (2, 3)))
    assert not np.shares_memory(space.array("a", (7,)), space.array("a", (7,)))


def test_take():
    space = Workspace()
    table = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    rows = np.array([5, 0, 0, 2])
    taken = space.take("a", table, rows)
    np.testing.assert_array_equal(taken, table[rows])
    assert np.shares_memory(taken, space.array("a", (1,)))
    assert space.take("a", table, rows[:0]).shape == (0, 3)


def test_threads_have_their_own():
    space, together = Workspace(), Barrier(4)

    def fill(number):
        array = space.array("a", (1000,))
        array[:] = number
        # All have theirs, and have written to it.
        together.wait()
        return array.copy()

    with ThreadPoolExecutor(4) as pool:
        for number, array in enumerate(pool.map(fill, range(4))):
            np.testing.assert_array_equal(array, number)


@pytest.mark.parametrize(
    "clone", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))]
)
def test_copies_share_nothing(clone):
    space = Workspace()
    array = space.array("a", (3,))
    assert not np.shares_memory(array, clone(space).array("a", (3,)))
