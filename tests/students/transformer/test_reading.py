"""From Docs to word pieces and back."""

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from tiny_transformer_students import PIECES, make_unigram, make_word_piece

from spacy_distill.errors import DistillError
from spacy_distill.students.transformer.reading import PieceReader, load_json
from spacy_distill.words import word_shape

NLP = spacy.blank("en")
ODD = ["\u200b", "\u200d", "\ufeff", "\u00ad", "\u0301", "\u3000", "\u00a0", "\r", "\t"]
TEXTS = st.text(
    st.one_of(
        st.sampled_from("abcXYZ.,'- \n"),
        st.sampled_from(
            [*ODD, "\U0001f600", "\U0001f468", "\u4e2d", "\u0130", "\ufb01"]
        ),
        st.characters(codec="utf-8"),
    ),
    max_size=40,
)


def make_reader(tokenizer=None, *, max_length=12, case=False):
    tokenizer = make_word_piece() if tokenizer is None else tokenizer
    return PieceReader(tokenizer, max_length=max_length, is_case_aware=case)


def read(reader, docs, most=10_000):
    return reader.read(docs, most=most)


def ids_of_rows(pieces):
    """Ids of the pieces of each token, by the rows that the reader gives."""
    flat = np.concatenate([batch.ids.ravel() for batch in pieces.batches])
    ends = np.cumsum(pieces.lengths)[:-1]
    return [ids.tolist() for ids in np.split(flat[pieces.rows], ends)]


def slow_alignment(tokenizer, doc):
    """Ids of the pieces that share a character with each token, one by one."""
    encoded = tokenizer.encode(doc.text, add_special_tokens=False)
    out = []
    for token in doc:
        start, end = token.idx, token.idx + len(token)
        out.append(
            [
                id_
                for id_, (first, last) in zip(encoded.ids, encoded.offsets)
                if set(range(first, last)) & set(range(start, end))
            ]
        )
    return out


def test_pieces_of_tokens():
    doc = NLP("Anna went  to Paris.")
    (batch,) = read(make_reader(), [doc]).batches
    names = [PIECES[i] for i in batch.ids[0]]
    assert names == ["[CLS]", "anna", "went", "to", "paris", ".", "[SEP]"]
    assert batch.mask.tolist() == [[1] * 7]
    pieces = read(make_reader(), [doc])
    # The second space is a token of its own.
    assert pieces.lengths.tolist() == [1, 1, 0, 1, 1, 1]
    assert [PIECES[i] for i in np.ravel(batch.ids)[pieces.rows]] == names[1:-1]


def test_shapes_are_types():
    doc = NLP("Anna WENT x.")
    (batch,) = read(make_reader(case=True), [doc]).batches
    shapes = [word_shape(word) for word in ("Anna", "W", "E", "N", "T", "x", ".")]
    tokens = [PIECES[i] for i in batch.ids[0]]
    assert tokens[1:-1] == ["anna", "went", "x", "."]
    assert batch.types[0].tolist() == [0, shapes[0], word_shape("WENT"), 0, 5, 0]
    assert not read(make_reader(), [doc]).batches[0].types.any()


@pytest.mark.parametrize("n", [0, 1, 9, 10, 11, 30, 101])
@pytest.mark.parametrize("max_length", [3, 5, 12])
def test_long_documents_have_windows_and_nothing_is_dropped(n, max_length):
    words = [PIECES[5 + i % 28] for i in range(n)]
    doc = Doc(NLP.vocab, words=words)
    pieces = read(make_reader(max_length=max_length), [doc, NLP("anna"), doc])
    found = [PIECES[i] for ids in ids_of_rows(pieces) for i in ids]
    assert found == [*words, "anna", *words]
    for batch in pieces.batches:
        assert batch.ids.shape[1] <= max_length
        for row, mask in zip(batch.ids, batch.mask):
            assert PIECES[row[0]] == "[CLS]"
            assert PIECES[row[mask.sum() - 1]] == "[SEP]"


def test_pieces_come_from_the_window_with_most_context():
    doc = Doc(NLP.vocab, words=["a"] * 18)
    pieces = read(make_reader(), [doc])
    # Windows of ten pieces that overlap by two: 0 to 10 and 8 to 18.
    (batch,) = pieces.batches
    assert batch.ids.shape == (2, 12)
    rows, columns = np.divmod(pieces.rows, 12)
    assert rows.tolist() == [0] * 9 + [1] * 9
    assert columns.tolist() == [*range(1, 10), *range(2, 11)]


def test_batches_are_of_similar_length():
    docs = [Doc(NLP.vocab, words=["a"] * n) for n in (1, 9, 2, 8, 1)]
    pieces = read(make_reader(), docs, most=24)
    assert [batch.ids.shape for batch in pieces.batches] == [(2, 11), (3, 4)]
    assert [len(ids) for ids in ids_of_rows(pieces)] == [1] * 21


@pytest.mark.parametrize("make", [make_word_piece, make_unigram])
@settings(max_examples=150, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=3))
def test_each_token_has_its_pieces_whatever_the_text(make, texts):
    tokenizer = make()
    docs = [NLP.make_doc(text) for text in texts]
    pieces = read(make_reader(tokenizer, max_length=7, case=True), docs)
    assert len(pieces.lengths) == sum(map(len, docs))
    assert pieces.lengths.sum() == len(pieces.rows)
    n_rows = sum(batch.ids.size for batch in pieces.batches)
    assert not len(pieces.rows) or pieces.rows.max() < n_rows
    if make is make_word_piece and pieces.batches:
        slow = [ids for doc in docs for ids in slow_alignment(tokenizer, doc)]
        assert ids_of_rows(pieces) == slow


def test_sentencepiece_spaces_belong_to_no_token():
    doc = NLP("Anna went to Paris.")
    assert read(make_reader(make_unigram()), [doc]).lengths.tolist() == [1] * 5


def test_whitespace_and_empty_documents():
    pieces = read(make_reader(), [NLP(""), NLP("  \n "), NLP("\u200b")])
    assert pieces.batches == []
    assert pieces.lengths.sum() == 0


def test_no_room_beside_special_tokens():
    with pytest.raises(DistillError, match="Expected max_length of more than 2"):
        make_reader(max_length=2)


def test_no_tokenizer():
    with pytest.raises(DistillError, match="Expected a tokenizer that this version"):
        load_json('{"version": "1.0"}')
