"""Vocabularies pruned to texts."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_transformer_students import LETTERS, make_unigram, make_word_piece

from spacy_distill.errors import DistillError
from spacy_distill.students.transformer.reading import load_json
from spacy_distill.students.transformer.vocabulary import prune_tokenizer

MAKERS = {"word_piece": make_word_piece, "unigram": make_unigram}
WORDS = st.sampled_from(
    [
        "Anna",
        "went",
        "to",
        "Paris",
        "smith",
        "xyz",
        "unused",
        "Smith",
        ".",
        "\u4e2d",
        "a",
    ]
)
TEXTS = st.lists(st.lists(WORDS, max_size=5).map(" ".join), max_size=4)


def prune(tokenizer, texts):
    used = {id_ for text in texts for id_ in tokenizer.encode(text).ids}
    pruned, before = prune_tokenizer(tokenizer.to_str(), used)
    return load_json(pruned), before


@pytest.mark.parametrize("name", MAKERS)
@settings(max_examples=60, deadline=None)
@given(texts=TEXTS)
def test_texts_are_split_as_before(name, texts):
    tokenizer = MAKERS[name]()
    pruned, before = prune(tokenizer, texts)
    assert pruned.get_vocab_size() == len(before) <= tokenizer.get_vocab_size()
    for text in texts:
        old, new = tokenizer.encode(text), pruned.encode(text)
        assert new.tokens == old.tokens
        assert new.offsets == old.offsets
        # With special tokens, by the ids that they have now.
        assert [before[i] for i in new.ids] == old.ids
        assert new.special_tokens_mask == old.special_tokens_mask


@pytest.mark.parametrize("name", MAKERS)
def test_what_stays(name):
    tokenizer = MAKERS[name]()
    pruned, before = prune(tokenizer, ["Anna"])
    assert before == sorted(before)
    vocab = pruned.get_vocab()
    assert set(LETTERS) <= set(vocab)
    assert not {"unused", "paris", "\u2581Paris", "##mith"} & set(vocab)
    assert {"anna", "[MASK]"} <= set(vocab) or {"\u2581Anna", "<pad>"} <= set(vocab)
    # Any word of letters still has pieces.
    assert pruned.token_to_id("[UNK]") not in pruned.encode("unused").ids
    for token, id_ in vocab.items():
        assert tokenizer.token_to_id(token) == before[id_]


def test_post_processors_of_bert_and_roberta():
    from tokenizers import processors

    for kind in (processors.BertProcessing, processors.RobertaProcessing):
        tokenizer = make_word_piece()
        # Special tokens that come late, so that their ids change.
        tokenizer.post_processor = kind(
            ("rome", tokenizer.token_to_id("rome")),
            ("city", tokenizer.token_to_id("city")),
        )
        pruned, _ = prune(tokenizer, ["anna"])
        ids = pruned.encode("anna").ids
        assert (ids[0], ids[-1]) == tuple(map(pruned.token_to_id, ("city", "rome")))


def test_added_tokens_after_the_vocabulary():
    tokenizer = make_unigram()
    tokenizer.add_special_tokens(["<mask>"])
    assert tokenizer.token_to_id("<mask>") == tokenizer.get_vocab_size() - 1
    pruned, before = prune(tokenizer, ["Anna"])
    assert pruned.token_to_id("<mask>") == len(before) - 1
    assert before[-1] == tokenizer.token_to_id("<mask>")


def test_other_models():
    from tokenizers import Tokenizer, models

    bpe = Tokenizer(models.BPE({"a": 0, "b": 1, "ab": 2}, [("a", "b")]))
    with pytest.raises(DistillError, match="WordPiece or Unigram to prune, got BPE"):
        prune_tokenizer(bpe.to_str(), {0})
    assert json.loads(bpe.to_str())["model"]["type"] == "BPE"
