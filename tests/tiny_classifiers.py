"""Hugging Face token classifiers, small enough to be trained in a test."""

from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

# Text with words separated by spaces, and entities (start, end, label) in words, end
# exclusive.
Sentence = Tuple[str, List[Tuple[int, int, str]]]
SENTENCES: List[Sentence] = [
    ("anna lowe sailed to porto", [(0, 2, "PER"), (4, 5, "LOC")]),
    ("the ferry to new york was late", [(3, 5, "LOC")]),
    ("ben met anna in the old mill", [(0, 1, "PER"), (2, 3, "PER")]),
    ("nobody sailed to the old mill", []),
    ("porto and york met ben lowe", [(0, 1, "LOC"), (2, 3, "LOC"), (4, 6, "PER")]),
    ("anna lowe and york sailed late", [(0, 2, "PER"), (3, 4, "LOC")]),
    ("in new porto ben sailed", [(1, 3, "LOC"), (3, 4, "PER")]),
]
TEXTS = [text for text, _ in SENTENCES]
SCHEMES = ("BIO", "IOB1", "BIOS", "BILUO", "BIOES", "plain")
_PREFIXES = {
    **{"BIO": "BI", "IOB1": "BI", "BIOS": "BIS", "BILUO": "BILU", "BIOES": "BIES"},
    "plain": "",
}
_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789'.,-"
# Names have two or three pieces; other words have one.
_STEMS = ["an", "lo", "por", "be", "yor", "##na", "##we", "##to", "##n", "##k"]
LENGTH = 24


def label_names(scheme: str, labels: Sequence[str] = ("PER", "LOC")) -> List[str]:
    """Return the label names of a model in order."""
    if scheme == "plain":
        return [*labels, "O"]
    return ["O"] + [f"{prefix}-{x}" for x in labels for prefix in _PREFIXES[scheme]]


def write_tags(
    n_words: int, entities: Sequence[Tuple[int, int, str]], scheme: str
) -> List[str]:
    """Return the tags of a sentence's words."""
    tags = ["O"] * n_words
    before = (0, "")
    for start, end, label in entities:
        if scheme == "plain":
            tags[start:end] = [label] * (end - start)
        elif scheme in ("BIO", "IOB1") or (scheme == "BIOS" and end - start > 1):
            needed = scheme != "IOB1" or before == (start, label)
            tags[start:end] = [f"I-{label}"] * (end - start)
            tags[start] = f"{'B' if needed else 'I'}-{label}"
        elif end - start == 1:
            tags[start] = f"{'U' if scheme == 'BILUO' else 'S'}-{label}"
        else:
            last = "L" if scheme == "BILUO" else "E"
            inner = [f"I-{label}"] * (end - start - 2)
            tags[start:end] = [f"B-{label}", *inner, f"{last}-{label}"]
        before = (end, label)
    return tags


def make_bert(
    folder: Path, scheme: str = "BIO", *, steps: int = 60, length: int = LENGTH
) -> Path:
    """Train a lowercase BERT with two layers and a small WordPiece vocabulary.

    Args:
        folder: Folder to save the model to.
        scheme: Scheme of the labels.
        steps: Number of training steps.
        length: Maximum input length in word pieces.

    Returns:
        The folder.
    """
    from transformers import BertConfig, BertForTokenClassification

    tokenizer = bert_tokenizer(folder, length)
    config = BertConfig(**bert_sizes(tokenizer), **_outputs(scheme))
    model = _seeded(BertForTokenClassification, config)
    return _train_and_save(model, tokenizer, folder, scheme, steps)


def bert_tokenizer(folder: Path, length: int = LENGTH) -> Any:
    """Return a tokenizer with the words of SENTENCES, whose names have several pieces.

    Args:
        folder: Folder to write its vocabulary to.
        length: Maximum input length in word pieces.
    """
    from transformers import BertTokenizerFast

    words = sorted({word for text in TEXTS for word in text.split()})
    names = {"anna", "lowe", "porto", "ben", "york"}
    pieces = [w for w in words if w not in names and len(w) > 1] + _STEMS
    pieces += [*_LETTERS, *(f"##{c}" for c in _LETTERS)]
    folder.mkdir(parents=True, exist_ok=True)
    vocab = [*_SPECIAL, *dict.fromkeys(pieces)]
    (folder / "vocab.txt").write_text("\n".join(vocab) + "\n", encoding="utf-8")
    return BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=length)


def bert_sizes(tokenizer: Any) -> Dict[str, int]:
    """Return the arguments of a tiny BERT's config."""
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": tokenizer.model_max_length,
    }


def make_table(folder: Path, tags: Dict[str, str]) -> Path:
    """Create a BERT that predicts a fixed tag for each word piece, in any context.

    Args:
        folder: Folder to save the model to.
        tags: BIO tag of each word piece; all other pieces have the tag "O".

    Returns:
        The folder.
    """
    import torch
    from transformers import BertForTokenClassification, BertTokenizerFast

    make_bert(folder, steps=0)
    model = BertForTokenClassification.from_pretrained(str(folder))
    columns = label_names("BIO")
    with torch.no_grad():
        # With parameters of 0, layers return their input.
        for name, parameter in model.named_parameters():
            if "LayerNorm" not in name:
                parameter.zero_()
        table = model.get_input_embeddings().weight
        vocab = BertTokenizerFast.from_pretrained(str(folder)).get_vocab()
        for piece, row in vocab.items():
            table[row, columns.index(tags.get(piece, "O"))] = 1.0
        model.classifier.weight.fill_diagonal_(1.0)
    model.save_pretrained(folder)
    return folder


def make_roberta(folder: Path, scheme: str = "BIO", *, steps: int = 60) -> Path:
    """Train a RoBERTa with two layers and byte-level BPE learned from SENTENCES."""
    from transformers import RobertaConfig, RobertaForTokenClassification

    tokenizer = roberta_tokenizer(folder)
    config = RobertaConfig(**roberta_sizes(tokenizer), **_outputs(scheme))
    model = _seeded(RobertaForTokenClassification, config)
    return _train_and_save(model, tokenizer, folder, scheme, steps)


def roberta_tokenizer(folder: Path) -> Any:
    """Return a byte-level BPE tokenizer, learned from SENTENCES.

    It has no maximum length, so that must be read from the model.
    """
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator(
        TEXTS * 2, vocab_size=320, special_tokens=special, show_progress=False
    )
    bpe.save_model(str(folder))
    return RobertaTokenizerFast(str(folder / "vocab.json"), str(folder / "merges.txt"))


def roberta_sizes(tokenizer: Any) -> Dict[str, int]:
    """Return the arguments of a tiny RoBERTa's config."""
    sizes = {**bert_sizes(tokenizer), "max_position_embeddings": LENGTH + 2}
    return {**sizes, "type_vocab_size": 1}


def make_xlm_roberta(folder: Path, scheme: str = "BIO", *, steps: int = 60) -> Path:
    """Train an XLM-RoBERTa with two layers.

    Its tokenizer is in tokenizer.json alone, without the SentencePiece model.
    """
    from tokenizers import Tokenizer
    from tokenizers.models import Unigram
    from tokenizers.pre_tokenizers import Metaspace
    from transformers import (
        XLMRobertaConfig,
        XLMRobertaForTokenClassification,
        XLMRobertaTokenizerFast,
    )

    words = sorted({word for text in TEXTS for word in text.split()})
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = [*(f"\u2581{word}" for word in words), "\u2581", *_LETTERS, "<mask>"]
    scores = [(piece, 0.0) for piece in special]
    scores += [(piece, -3.0 - (len(piece) == 1) * 5) for piece in pieces]
    backend = Tokenizer(Unigram(scores, unk_id=3))
    backend.pre_tokenizer = Metaspace()
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = XLMRobertaTokenizerFast(
        tokenizer_object=backend, model_max_length=LENGTH
    )
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=LENGTH + 2,
        type_vocab_size=1,
        **_outputs(scheme),
    )
    model = _seeded(XLMRobertaForTokenClassification, config)
    return _train_and_save(model, tokenizer, folder, scheme, steps)


def _outputs(scheme: str) -> Dict[str, Any]:
    names = label_names(scheme)
    return {
        "id2label": dict(enumerate(names)),
        "label2id": {name: i for i, name in enumerate(names)},
    }


def _seeded(kind: Any, config: Any) -> Any:
    import torch

    torch.manual_seed(0)
    return kind(config)


def _train_and_save(
    model: Any, tokenizer: Any, folder: Path, scheme: str, steps: int
) -> Path:
    """Train on the first piece of each word, as is usual, ignoring the others."""
    import torch

    columns = {name: i for i, name in enumerate(label_names(scheme))}
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    labels = torch.full(batch["input_ids"].shape, -100)
    for row, (text, entities) in enumerate(SENTENCES):
        words = text.split()
        tags = write_tags(len(words), entities, scheme)
        start = 0
        for word, tag in zip(words, tags):
            start = text.index(word, start)
            piece = batch.char_to_token(row, start)
            labels[row, piece] = columns[tag]
            start += len(word)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    model.train()
    for _ in range(steps):
        loss = model(**batch, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
