"""Settings that cannot be, told when they are made."""

import pytest

from spacy_distill.corpora.augmentation.settings import Augmentation
from spacy_distill.errors import DistillError


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mask_rate": -0.1}, "Expected mask_rate from 0 to 1, got -0.1"),
        ({"replace_rate": 10}, "Expected replace_rate from 0 to 1, got 10"),
        ({"ngram_rate": float("nan")}, "Expected ngram_rate from 0 to 1, got nan"),
        ({"sentence_rate": 1.01}, "Expected sentence_rate from 0 to 1, got 1.01"),
        (
            {"mask_rate": 0.6, "replace_rate": 0.5},
            "mask_rate and replace_rate to sum to at most 1, got 1.1",
        ),
        (
            {"ngram_rate": 0.6, "sentence_rate": 0.5},
            "ngram_rate and sentence_rate to sum to at most 1, got 1.1",
        ),
        (
            dict.fromkeys(
                ("mask_rate", "replace_rate", "ngram_rate", "sentence_rate"), 0.0
            ),
            "Expected a rate above 0",
        ),
        ({"rounds": 0}, "Expected rounds of 1 or more, got 0"),
        ({"ngram_words": 0}, "Expected ngram_words of 1 or more, got 0"),
        ({"mask": ""}, "Expected a mask without whitespace, got ''"),
        ({"mask": "a mask"}, "Expected a mask without whitespace, got 'a mask'"),
    ],
)
def test_settings_that_cannot_be(settings, message):
    with pytest.raises(DistillError, match=message) as error:
        Augmentation(**settings)
    assert len(str(error.value).splitlines()) == 1


def test_the_ends_of_the_ranges():
    Augmentation(mask_rate=0.7, replace_rate=0.3, ngram_rate=1.0, sentence_rate=0.0)
    Augmentation(mask_rate=0.0, replace_rate=0.0, ngram_rate=0.0, sentence_rate=1.0)
