"""Transformer encoders with random weights, and tokenizers for them."""

from pathlib import Path
from typing import Any, Sequence

_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = ("ada", "lives", "in", "berlin", "the", "night", "is", "long", "paris", "we")


def make_tokenizer(words: Sequence[str] = WORDS) -> Any:
    """Return a lowercasing WordPiece tokenizer, as that of BERT.

    Args:
        words: Word pieces, beside letters.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    pieces = [*_SPECIAL, *_LETTERS, *(f"##{x}" for x in _LETTERS)]
    pieces += [word.lower() for word in words if word.lower() not in pieces]
    vocab = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[(x, vocab[x]) for x in ("[CLS]", "[SEP]")],
    )
    return tokenizer


def save_bert(folder: Path, *, seed: int = 0, **sizes: int) -> Path:
    """Save a BERT with random weights as a Hugging Face model.

    Args:
        folder: Folder to save to.
        seed: Seed of the weights.
        **sizes: Settings of `BertConfig`; small by default.

    Returns:
        The folder.
    """
    import torch
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    tokenizer = make_tokenizer()
    torch.manual_seed(seed)
    settings = {
        "hidden_size": 16,
        "num_hidden_layers": 4,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        "max_position_embeddings": 32,
        "initializer_range": 0.3,
        **sizes,
    }
    model = BertModel(BertConfig(vocab_size=tokenizer.get_vocab_size(), **settings))
    model.save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]"
    ).save_pretrained(folder)
    return folder
