from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tiny_classifiers import SCHEMES, label_names

from spacy_distill.corpora.tag_schemes import TaggedToken, entity_bounds
from spacy_distill.tasks.ner.tags import biluo_tags, span_tags, tag_grammar
from spacy_distill.teachers.hugging_face.alignment import Unit
from spacy_distill.teachers.hugging_face.label_schemes import read_scheme
from spacy_distill.teachers.hugging_face.scheme_conversion import (
    Converted,
    convert,
    entities,
    spread,
)
from spacy_distill.teachers.probabilities import favor, log_probabilities

LABELS = ("PER", "LOC")
COLUMNS = biluo_tags(LABELS)


def scheme_of(name):
    return read_scheme(label_names(name, LABELS), source="m")


@st.composite
def distributions(draw, name, least=0, most=6):
    n = draw(st.integers(least, most))
    shape = (n, len(label_names(name, LABELS)))
    # Certain, uncertain and tied predictions.
    weights = draw(arrays(np.float64, shape, elements=st.sampled_from([0, 0.1, 1, 5])))
    weights = weights + draw(arrays(np.float64, shape, elements=st.floats(0.001, 0.1)))
    return weights / weights.sum(axis=1, keepdims=True)


def read_tags(names):
    """Return entities of BIO, IOB1, BIOS or plain tags, as the corpus reader does."""
    marked = [n if n == "O" or n[1] == "-" else f"I-{n}" for n in names]
    found, start = [], 0
    # An S is an entity of its own, so IOB1 is on both sides of it.
    for i, tag in enumerate([*marked, "S-"]):
        if tag.startswith("S-"):
            tokens = [TaggedToken("w", tag, 1) for tag in marked[start:i]]
            bounds = entity_bounds(tokens, "IOB1", source="t")
            found += [(start + a, start + b, label) for a, b, label in bounds]
            found += [(i, i + 1, tag[2:])] if i < len(marked) else []
            start = i + 1
    return found


def biluo(n, found):
    path = ["O"] * n
    for start, end, label in found:
        path[start:end] = span_tags(end - start, label)
    return path


@settings(max_examples=40, deadline=None)
@given(data=st.data(), name=st.sampled_from(["BIO", "IOB1", "BIOS", "plain"]))
def test_probabilities_are_sums_over_all_sequences(data, name):
    probabilities = data.draw(distributions(name, least=1, most=4))
    names = label_names(name, LABELS)
    expected = np.zeros((len(probabilities), len(COLUMNS)))
    # Sums over all tag sequences. A sequence has the product of its probabilities.
    for columns in product(range(len(names)), repeat=len(probabilities)):
        weight = np.prod(probabilities[np.arange(len(columns)), list(columns)])
        found = read_tags([names[c] for c in columns])
        for i, tag in enumerate(biluo(len(columns), found)):
            expected[i, COLUMNS.index(tag)] += weight
    result = convert(scheme_of(name), probabilities)
    np.testing.assert_allclose(result.probabilities, expected, atol=1e-12)


@given(data=st.data(), name=st.sampled_from(["BIO", "IOB1", "BIOS", "plain"]))
def test_decisions_are_the_best_labels(data, name):
    probabilities = data.draw(distributions(name))
    names = label_names(name, LABELS)
    result = convert(scheme_of(name), probabilities)
    found = read_tags([names[c] for c in probabilities.argmax(axis=1)])
    assert entities(result.path, LABELS) == found
    assert [COLUMNS[tag] for tag in result.path] == biluo(len(probabilities), found)


@given(data=st.data(), name=st.sampled_from(["BILUO", "BIOES"]))
def test_biluo_is_not_converted(data, name):
    probabilities = data.draw(distributions(name))
    result = convert(scheme_of(name), probabilities)
    # The model's columns are in the same order: O, then B, I, L, U of each label.
    np.testing.assert_array_equal(result.probabilities, probabilities)
    assert_valid(result.path)
    best = probabilities.argmax(axis=1)
    if is_valid(best):
        assert result.path.tolist() == best.tolist()


@given(data=st.data(), name=st.sampled_from(SCHEMES))
def test_outputs_of_the_same_meaning_count_as_one(data, name):
    """Split some columns in two; the result is that of the whole columns."""
    probabilities = data.draw(distributions(name))
    names = label_names(name, LABELS)
    more = [f"other {i}" for i in range(len(names))]
    split = read_scheme([*names, *more], source="m", renamed=dict(zip(more, names)))
    shares = data.draw(st.sampled_from([0.0, 0.5, 1.0]))
    # Halves add up exactly.
    apart = np.hstack([probabilities * (1 - shares), probabilities * shares])
    found = convert(split, apart)
    expected = convert(scheme_of(name), probabilities)
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-12)
    assert found.path.tolist() == expected.path.tolist()


def is_valid(path):
    grammar = tag_grammar(COLUMNS)
    if not len(path):
        return True
    inner = all(grammar.follow[a, b] for a, b in zip(path, path[1:]))
    return bool(grammar.start[path[0]] and grammar.end[path[-1]] and inner)


def assert_valid(path):
    assert is_valid(path), [COLUMNS[tag] for tag in path]


@st.composite
def layouts(draw, n_units):
    """Draw units of tokens, with gaps, and the number of tokens."""
    units, token = [], draw(st.integers(0, 2))
    for number in range(n_units):
        size = draw(st.integers(1, 3))
        tokens = []
        for _ in range(size):
            tokens.append(token)
            token += draw(st.integers(1, 2))
        units.append(Unit(tuple(tokens), (number,)))
    return units, token + draw(st.integers(0, 1))


@settings(max_examples=200, deadline=None)
@given(data=st.data(), name=st.sampled_from(SCHEMES))
def test_stored_logits_decode_to_the_path(data, name):
    converted = convert(scheme_of(name), data.draw(distributions(name)))
    units, n_tokens = data.draw(layouts(len(converted.path)))
    over_tokens = spread(converted, units, n_tokens)
    np.testing.assert_allclose(over_tokens.probabilities.sum(axis=1), 1, atol=1e-9)
    assert_valid(over_tokens.path)
    assert entities(over_tokens.path, LABELS) == [
        (units[start].tokens[0], units[end - 1].tokens[-1] + 1, label)
        for start, end, label in entities(converted.path, LABELS)
    ]
    result = favor(*over_tokens)
    np.testing.assert_allclose(result.sum(axis=1), 1, atol=1e-9)
    assert (result >= -1e-12).all()
    stored = log_probabilities(result).astype(np.float16)
    assert stored.argmax(axis=1).tolist() == over_tokens.path.tolist()
    # Rows with a sufficient margin do not change.
    rows = np.arange(n_tokens)
    others = over_tokens.probabilities.copy()
    others[rows, over_tokens.path] = -1
    leads = over_tokens.probabilities[rows, over_tokens.path] - others.max(axis=1)
    same = leads >= 0.0101
    np.testing.assert_allclose(result[same], over_tokens.probabilities[same])


def row(**probabilities):
    return [probabilities.get(tag.replace("-", "_"), 0.0) for tag in COLUMNS]


def test_entity_with_uncertain_end():
    """PER has a probability of 60 %, but each of its tags less than O."""
    names = label_names("BIO", LABELS)
    sure = np.array([[0.4, 0.6, 0, 0, 0], [0.4, 0, 0.6, 0, 0]])
    assert names == ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    result = convert(scheme_of("BIO"), sure)
    np.testing.assert_allclose(
        result.probabilities[0], row(O=0.4, B_PER=0.36, U_PER=0.24)
    )
    assert [COLUMNS[tag] for tag in result.path] == ["B-PER", "L-PER"]
    mended = favor(*result)[0]
    assert mended[COLUMNS.index("B-PER")] == pytest.approx(mended[0] + 0.01)
    # The other tags keep their proportions.
    assert mended[0] / mended[COLUMNS.index("U-PER")] == pytest.approx(0.4 / 0.24)


def test_a_unit_of_three_tokens():
    units = Converted(np.array([row(O=0.1, B_PER=0.4, L_PER=0.2, U_PER=0.3)]), [1])
    found = spread(units._replace(path=np.array([1])), [Unit((0, 1, 2), (0,))], 3)
    np.testing.assert_allclose(
        found.probabilities,
        [
            row(O=0.1, B_PER=0.7, I_PER=0.2),
            row(O=0.1, I_PER=0.9),
            row(O=0.1, I_PER=0.4, L_PER=0.5),
        ],
    )


def test_whitespace_inside_an_entity():
    rows = [row(O=0.2, B_PER=0.5, U_PER=0.3), row(O=0.4, L_PER=0.6), row(O=1.0)]
    path = np.array([COLUMNS.index(tag) for tag in ("B-PER", "L-PER", "O")])
    units = [Unit((1,), (0,)), Unit((4,), (1,)), Unit((6,), (2,))]
    found = spread(Converted(np.array(rows), path), units, 8)
    assert [COLUMNS[tag] for tag in found.path] == [
        *("O", "B-PER", "I-PER", "I-PER", "L-PER", "O", "O", "O")
    ]
    np.testing.assert_allclose(found.probabilities[2], row(O=0.5, I_PER=0.5))
    np.testing.assert_allclose(found.probabilities[3], row(O=0.5, I_PER=0.5))
    for token in (0, 5, 7):
        np.testing.assert_allclose(found.probabilities[token], row(O=1.0))


@pytest.mark.parametrize("name", SCHEMES)
def test_nothing(name):
    empty = convert(scheme_of(name), np.zeros((0, len(label_names(name, LABELS)))))
    assert empty.probabilities.shape == (0, len(COLUMNS))
    found = spread(empty, [], 2)
    np.testing.assert_allclose(favor(*found), [row(O=1.0), row(O=1.0)])
    assert favor(*spread(empty, [], 0)).shape == (0, len(COLUMNS))
