import random

import pytest

from spacy_distill.corpora.build import draw_gold
from spacy_distill.errors import DistillError


def test_the_draw_is_the_first_of_the_shuffled_indices():
    order = list(range(100))
    random.Random(7).shuffle(order)
    gold, rest = draw_gold([f"s{i}" for i in range(100)], 30, seed=7)
    assert gold == [f"s{i}" for i in order[:30]]
    assert rest == [f"s{i}" for i in order[30:]]


def test_a_larger_draw_holds_the_smaller_one():
    small, _ = draw_gold(range(50), 10, seed=0)
    large, _ = draw_gold(range(50), 20, seed=0)
    assert large[:10] == small
    assert draw_gold(range(50), 10, seed=1)[0] != small


def test_no_more_than_there_are():
    assert draw_gold([1, 2], 2, seed=0)[1] == []
    with pytest.raises(DistillError, match="from 0 to 2, .* got 3"):
        draw_gold([1, 2], 3, seed=0)
    with pytest.raises(DistillError, match="got -1"):
        draw_gold([1, 2], -1, seed=0)
