import pytest
from speed.batches import Texts, spread

TEXTS = Texts(("a b c", "d", "e f", "g h i j", "k"), (3, 1, 2, 4, 1))


def test_orders():
    assert TEXTS.make_batches(batch=2, order="reading") == [[0, 1], [2, 3], [4]]
    # The shortest first, and as they stood among equals.
    assert TEXTS.make_batches(batch=2, order="sorted") == [[1, 4], [2, 0], [3]]


def test_all_batches_or_full_ones():
    assert TEXTS.choose(batch=2, order="reading", batches=9) == [0, 1, 2, 3, 4]
    assert TEXTS.choose(batch=2, order="reading", batches=3) == [0, 1, 2, 3, 4]
    assert TEXTS.choose(batch=2, order="sorted", batches=2) == [1, 4, 2, 0]
    # Not the shortest, nor what is left over.
    assert TEXTS.choose(batch=1, order="sorted", batches=1) == [2]
    assert TEXTS.choose(batch=99, order="reading", batches=1) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("n", "k", "places"),
    [(9, 3, [1, 4, 7]), (4, 4, [0, 1, 2, 3]), (2, 5, [0, 1]), (100, 1, [50])],
)
def test_spread(n, k, places):
    assert spread(n, k) == places


def test_saved_and_loaded(tmp_path):
    TEXTS.save(tmp_path / "new" / "texts.json")
    assert Texts.load(tmp_path / "new" / "texts.json") == TEXTS
