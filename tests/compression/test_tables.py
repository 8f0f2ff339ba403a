import zlib
from collections import Counter
from math import log2

import numpy as np
import pytest
from encoders import make
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays
from small import trained
from with_pieces import trained_with_pieces

from spacy_distill.compression.tables import entropy, find_step, round_tables
from spacy_distill.errors import DistillError
from spacy_distill.quantization import encode_rows, round_to
from spacy_distill.students.composition import KNOWN_PARAMS, KnownWords
from spacy_distill.students.encoder import get_encoders, set_words
from spacy_distill.students.word_vectors import quantize_vectors


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@given(arrays(np.int8, array_shapes()))
def test_entropy_against_its_definition(numbers):
    counts = Counter(numbers.ravel().tolist()).values()
    shares = [count / numbers.size for count in counts]
    assert entropy(numbers) == pytest.approx(-sum(p * log2(p) for p in shares))


@pytest.mark.parametrize("bits", [1, 2.5, 3, 5])
def test_the_smallest_step_of_so_few_bits(bits):
    table = normal(500, 20)
    step = find_step(table, bits)
    assert entropy(round_to(table, step)) <= bits
    assert entropy(round_to(table, step * 0.99)) > bits


def test_no_step_for_what_has_few_bits_already():
    table = normal(500, 20)
    assert find_step(np.zeros((3, 4), np.float32), 3) == 0
    assert find_step(np.zeros((0, 4), np.float32), 3) == 0
    step = find_step(table, 3)
    rounded = round_to(table, step) * np.float32(step)
    assert find_step(rounded, 3) == 0
    assert find_step(rounded, 2) > step


def tables(encoder):
    pieces = (
        encoder.get_param("piece_vectors")
        * (encoder.get_param("piece_scales")[:, None])
    )
    return encoder.get_param("word_vectors"), pieces


def test_both_tables_are_rounded_and_zip_well():
    nlp = trained_with_pieces()
    (encoder,) = get_encoders(nlp.get_pipe("ner").model)
    before = [table.copy() for table in tables(encoder)]
    round_tables(encoder, 3)
    assert encoder.get_param("piece_vectors").dtype == np.int8
    assert encoder.get_param("word_vectors").dtype == np.float32
    for old, new in zip(before, tables(encoder)):
        rows, steps = encode_rows(new)
        assert len(set(steps.tolist())) == 1
        assert entropy(rows) <= 3
        assert np.abs(new - old).max() <= steps[0] / 2 * 1.0001
        zipped = [len(zlib.compress(encode_rows(x)[0].tobytes())) for x in (old, new)]
        assert zipped[1] < 0.7 * zipped[0]
    kept = [table.copy() for table in tables(encoder)]
    round_tables(encoder, 3)
    for old, new in zip(kept, tables(encoder)):
        np.testing.assert_array_equal(old, new)


def test_without_pieces():
    nlp = trained()
    (encoder,) = get_encoders(nlp.get_pipe("ner").model)
    round_tables(encoder, 2)
    assert entropy(encode_rows(encoder.get_param("word_vectors"))[0]) <= 2
    assert not encoder.has_param("piece_vectors")


@pytest.mark.parametrize("bits", [0, 0.9, 8.1, float("nan")])
def test_bits_that_make_no_sense(bits):
    (encoder,) = get_encoders(trained().get_pipe("ner").model)
    with pytest.raises(DistillError, match="Expected 1 to 8 bits"):
        round_tables(encoder, bits)


def test_known_words_are_rounded():
    encoder = make()
    table = normal(200, 4)
    known = KnownWords([f"x{i}" for i in range(200)], True, *quantize_vectors(table))
    set_words(
        encoder,
        ["a"],
        np.zeros((1, encoder.attrs["word_width"]), "f"),
        alphabet=[],
        known=known,
    )
    round_tables(encoder, 3)
    rows, scales = (encoder.get_param(name) for name in KNOWN_PARAMS)
    assert rows.dtype == np.int8
    assert len(set(scales.tolist())) == 1
    assert entropy(rows) <= 3
    np.testing.assert_allclose(rows * scales[:, None], table, atol=scales[0] / 2 + 0.02)
