from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_transformer_students import make_word_piece

from spacy_distill.corpora.texts import as_texts
from spacy_distill.errors import DistillError
from spacy_distill.training.general_distillation import piece_batches
from spacy_distill.training.general_distillation.piece_batches import (
    PieceBatches,
    Position,
)

WORDS = ["anna", "went", "to", "Paris", "new", "york", "city"]


def make_batches(texts, **given):
    options = {
        "max_length": 8,
        "batch_size": 3,
        "seed": 0,
        "is_case_aware": False,
        **given,
    }
    return PieceBatches(as_texts(texts), make_word_piece(), 0, **options)


BEGINNING = Position()


def read(batches, n, position=BEGINNING):
    return list(islice(batches.read(position), n))


def test_every_piece_is_read_once_an_epoch():
    texts = [" ".join(WORDS[: i % 5]) for i in range(11)]
    texts.append(" ".join(["city"] * 30))
    batches = make_batches(texts)
    tokenizer = make_word_piece()
    expected = sorted(
        id_
        for text in texts
        for id_ in tokenizer.encode(text, add_special_tokens=False).ids
    )
    epoch = []
    for batch in batches.read(Position()):
        epoch.append(batch)
        if batch.following.epoch == 1:
            break
    special = set(tokenizer.encode("").ids)
    got = sorted(
        id_
        for batch in epoch
        for id_ in batch.inputs["input_ids"][batch.inputs["attention_mask"] == 1]
        if id_ not in special
    )
    assert got == expected
    assert all(batch.inputs["input_ids"].shape[1] <= 8 for batch in epoch)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 25), st.integers(1, 4))
def test_reading_goes_on_where_it_stopped(n, batch_size):
    texts = [f"anna went {'to ' * (i % 7)}" for i in range(17)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(piece_batches, "BLOCK_TEXTS", 6)
        batches = make_batches(texts, batch_size=batch_size)
        whole = read(batches, n + 6)
        position = whole[n - 1].following if n else Position()
        rest = read(make_batches(texts, batch_size=batch_size), 6, position)
    for one, other in zip(whole[n:], rest, strict=True):
        assert one.following == other.following
        for name in one.inputs:
            np.testing.assert_array_equal(one.inputs[name], other.inputs[name])


def test_epochs_and_seeds_have_other_orders():
    texts = [f"{word} {other}" for word in WORDS for other in WORDS]

    def ids(batches):
        return np.concatenate([b.inputs["input_ids"] for b in batches]).tolist()

    batches = make_batches(texts, batch_size=7)
    both = read(batches, 14)
    assert both[6].following == Position(1)
    assert ids(both[:7]) != ids(both[7:])
    assert sorted(ids(both[:7])) == sorted(ids(both[7:]))
    assert ids(read(make_batches(texts, batch_size=7, seed=1), 7)) != ids(both[:7])


def test_shapes_of_words_are_inputs_of_a_case_aware_encoder():
    batch = read(make_batches(["Paris to ANNA"], is_case_aware=True), 1)[0].inputs
    shapes = batch["token_type_ids"][0].tolist()
    # [CLS] Paris to ANNA [SEP]
    assert shapes[0] == shapes[-1] == 0
    assert len({*shapes[1:4]}) == 3
    assert "token_type_ids" not in read(make_batches(["Paris"]), 1)[0].inputs


def test_texts_without_pieces_are_an_error():
    with pytest.raises(DistillError, match="Expected texts with word pieces"):
        read(make_batches(["", "  "]), 1)
