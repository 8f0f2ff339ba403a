"""The kernel by itself, and how it is loaded.

The tests of modules where it replaces numpy run with both (`both_ways` in conftest.py).
"""

import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import spacy
from spacy.attrs import ENT_IOB, ENT_KB_ID, ENT_TYPE
from spacy.tokens import Doc, Span

from spacy_distill import kernel as front
from spacy_distill.students.layers.bilstm import BiLSTM
from spacy_distill.tasks.ner.annotations import set_entities
from spacy_distill.tasks.ner.decoding import ScoredSpan

needs_kernel = pytest.mark.skipif(
    front.get_kernel() is None, reason="the kernel is not built"
)
NLP = spacy.blank("en")
TEXT = "The European Commission said on Thursday it agreed with Anna Smith ."
WORDS = TEXT.split(" ")
FOUND = [ScoredSpan(1, 3, "ORG", 0.75), ScoredSpan(9, 11, "PER", 0.5)]
LOADED = """
import logging
logging.basicConfig(level=logging.DEBUG, format="%(name)s %(levelname)s %(message)s")
logging.getLogger("spacy_distill").setLevel(logging.DEBUG)
from spacy_distill.kernel import get_kernel
print(get_kernel())
"""


@pytest.fixture(scope="module")
def kernel():
    return front.get_kernel()


def run(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip(), done.stderr


def test_the_switch():
    out, errors = run(LOADED, SPACY_DISTILL_PURE="1")
    assert out == "None"
    lines = [line for line in errors.splitlines() if line.startswith("spacy_distill")]
    assert lines == [
        "spacy_distill DEBUG Predictions run in numpy alone: SPACY_DISTILL_PURE is set."
    ]


def test_a_kernel_that_cannot_be_imported_is_one_debug_line(monkeypatch, caplog):
    monkeypatch.delenv("SPACY_DISTILL_PURE", raising=False)

    def fail(name, package):
        raise error

    monkeypatch.setattr(front, "import_module", fail)
    errors = (
        ModuleNotFoundError("No module named 'spacy_distill._kernel'"),
        ValueError("spacy.tokens.doc.Doc size changed"),
    )
    for error in errors:
        caplog.clear()
        with caplog.at_level(logging.DEBUG, logger="spacy_distill"):
            assert front._load() is None
        assert [record.levelname for record in caplog.records] == ["DEBUG"]
        assert caplog.messages == [f"Predictions run in numpy alone: {error}"]


@needs_kernel
def test_a_kernel_of_earlier_code_is_not_used(tmp_path, monkeypatch, caplog):
    monkeypatch.delenv("SPACY_DISTILL_PURE", raising=False)
    if not front._SOURCES[0].exists():
        pytest.skip("the package was installed from a wheel")
    assert front._load() is front.get_kernel()
    sources = [tmp_path / source.name for source in front._SOURCES]
    for copy, source in zip(sources, front._SOURCES):
        copy.write_bytes(source.read_bytes())
    monkeypatch.setattr(front, "_SOURCES", sources)
    assert front._load() is front.get_kernel()
    sources[1].write_text("// changed\n", encoding="utf-8")
    assert front._load() is None
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "pip install -e ." in caplog.text


@needs_kernel
def test_tanh_is_within_its_bound(kernel):
    x = np.linspace(-12, 12, 4_000_001, dtype=np.float32)
    small = np.logspace(-40, 0, 100_001).astype(np.float32)
    for values in (x, small, -small):
        expected = np.tanh(values.astype(np.float64))
        assert np.abs(kernel.tanh(values) - expected).max() < 5e-7


@needs_kernel
def test_tanh_of_what_is_no_number_or_huge(kernel):
    x = np.array([3.4e38, -3.4e38, np.inf, -np.inf, 0.0, np.nan], dtype=np.float32)
    out = kernel.tanh(x)
    np.testing.assert_allclose(out[:5], [1, -1, 1, -1, 0], atol=5e-7)
    assert np.isnan(out[5])


@needs_kernel
def test_exp_is_within_its_bound(kernel):
    x = np.concatenate([-np.logspace(-20, np.log10(708), 200_001), [0.0, -708.0]])
    expected = np.exp(x.astype(np.longdouble))
    assert (np.abs(kernel.exp(x) - expected) / expected).max() < 1e-15
    assert not kernel.exp(np.array([-708.1, -1e4, -1e30, -np.inf])).any()
    assert np.isnan(kernel.exp(np.array([np.nan]))).all()


@needs_kernel
@pytest.mark.parametrize("n", [0, 1, 7, 16, 33, 1000])
def test_finite(kernel, n):
    x = np.random.default_rng(n).uniform(-3e38, 3e38, n).astype(np.float32)
    assert kernel.is_finite(x)
    for wrong in (np.nan, np.inf, -np.inf):
        for place in {0, n // 2, n - 1} if n else ():
            broken = x.copy()
            broken[place] = wrong
            assert not kernel.is_finite(broken)


@needs_kernel
def test_wide_gates_of_any_size_neither_overflow_nor_leave_their_range(kernel):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(50, 12 * 19)).astype(np.float32) * np.float32(1e6)
    table[-1] = 0.0
    entries = rng.integers(0, 49, 40)
    states = kernel.quasi_recurrent(table, entries, [40], 19)
    assert np.isfinite(states).all()
    # A state is a weighted mean of values.
    assert np.abs(states).max() <= 3.001 * np.abs(table).max()


@needs_kernel
def test_types_are_found_by_their_hash(kernel):
    types = kernel.TypeMap()
    docs = [Doc(NLP.vocab, words=words) for words in (WORDS, [], WORDS[::-1])]
    assert types.find(docs) is None
    for i, word in enumerate(WORDS):
        types.add(NLP.vocab.strings[word], i)
    places = list(range(len(WORDS)))
    assert types.find(docs).tolist() == places + places[::-1]
    assert types.find([*docs, Doc(NLP.vocab, words=["else"])]) is None


def annotation(doc):
    return (
        doc.to_array([ENT_IOB, ENT_TYPE, ENT_KB_ID]).tolist(),
        [(e.start_char, e.end_char, e.label_, e.id_, e.kb_id_) for e in doc.ents],
        [(e.start, e.end, e.start_char, e.end_char) for e in doc.spans["ner"]],
        [e.label_ for e in doc.spans["ner"]],
        doc.spans["ner"].attrs["scores"].tolist(),
        doc.spans.to_bytes(),
    )


@needs_kernel
@pytest.mark.parametrize("found", [FOUND, []])
def test_entities_are_written_as_by_spacy(found, monkeypatch):
    written = []
    for compiled in (front.get_kernel(), None):
        monkeypatch.setattr(front, "_kernel", compiled)
        doc = Doc(NLP.vocab, words=WORDS)
        set_entities(doc, found, "ner")
        written.append(annotation(doc))
    assert written[0] == written[1]
    assert len(written[0][1]) == len(found)


@needs_kernel
def test_entities_outside_of_the_doc(kernel):
    doc = Doc(NLP.vocab, words=WORDS[:2])
    for start, end in ((0, 3), (-1, 1), (1, 1)):
        with pytest.raises(IndexError, match="Doc of 2"):
            kernel.set_entities(doc, [(start, end, "ORG", 1.0)], None)
        assert not doc.has_annotation("ENT_IOB")


@needs_kernel
def test_annotation_that_limits_entities(kernel):
    plain, spaced, preset, missing = (
        Doc(NLP.vocab, words=words)
        for words in (["a", "b"], ["a", " "], ["a", "b"], ["a", "b"])
    )
    preset.set_ents([Span(preset, 0, 1, "ORG")])
    missing.set_ents([Span(missing, 0, 1, "ORG")], default="missing")
    docs = [plain, spaced, preset, missing]
    assert kernel.has_spaces_or_entities(docs) == [False, True, True, True]
    for doc in [*docs, Doc(NLP.vocab)]:
        assert kernel.has_entities(doc) == doc.has_annotation("ENT_IOB")


@needs_kernel
def test_arrays_of_other_types_and_sizes_are_refused(kernel):
    table, entries = np.zeros((3, 24), dtype=np.float32), np.zeros(2, dtype=np.int64)
    assert kernel.quasi_recurrent(table, entries, [2], 2).shape == (2, 4)
    wrong = [
        (table.astype(np.float64), entries),
        (np.asfortranarray(table), entries),
        (table, entries.astype(np.int32)),
    ]
    for arguments in wrong:
        with pytest.raises(TypeError, match="contiguous array of"):
            kernel.quasi_recurrent(*arguments, [2], 2)
    for lengths, width in (([3], 2), ([3, -1], 2), ([2], 3)):
        with pytest.raises(ValueError, match="Expected"):
            kernel.quasi_recurrent(table, entries, lengths, width)


@needs_kernel
def test_lstm_checks_its_arrays(kernel):
    layer = BiLSTM(width=3, depth=1)
    weights = layer.prepare(layer.init(5))["lstm_0_forward_blocks"]
    table, rows = np.zeros((4, 12), dtype=np.float32), np.arange(2)
    out = np.full((2, 6), 9.0, dtype=np.float32)
    kernel.lstm(table, rows, rows, [1, 1], weights, out, 1)
    assert not out[:, 3:].any()
    assert (out[:, :3] == 9.0).all()
    kernel.lstm(table, rows[:0], rows[:0], [], weights, out[:0], 0)
    for wrong in (table.astype(np.float64), np.asfortranarray(table)):
        with pytest.raises(TypeError, match="contiguous array of"):
            kernel.lstm(wrong, rows, rows, [1, 1], weights, out, 0)
    for arguments in (
        (table, rows, rows, [1], weights, out),
        (table[:, :8].copy(), rows, rows, [1, 1], weights, out),
        (table, rows, rows, [1, 1], weights[:, :2].copy(), out),
    ):
        with pytest.raises(ValueError, match="Expected"):
            kernel.lstm(*arguments, 0)


@needs_kernel
def test_threads_share_a_table(kernel):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(500, 12 * 40)).astype(np.float32)
    table[-1] = 0.0
    batches = [rng.integers(0, 499, 600) for _ in range(40)]
    lengths = [30] * 20

    def read(entries):
        return kernel.quasi_recurrent(table, entries, lengths, 40)

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(read, batches))
    for entries, states in zip(batches, together):
        np.testing.assert_array_equal(states, read(entries))
