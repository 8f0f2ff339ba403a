"""Transformer students, their sources and tokenizers, small enough for a test."""

from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
import spacy
from small import SENTENCES, TEXTS, write_gold
from spacy.language import Language
from spacy.training import Example
from thinc.api import fix_random_seed
from tiny_teachers import write_jsonl

from spacy_distill.students.transformer.architecture import (
    get_shim,
    get_transformer_students,
)
from spacy_distill.students.transformer.initialization import init_transformer_v1
from spacy_distill.students.transformer.shim import TransformerShim

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)]
WORDS = [
    "anna",
    "went",
    "to",
    "paris",
    "smith",
    "new",
    "york",
    "city",
    "rome",
    "unused",
]
PIECES = [*SPECIAL, ".", ",", *LETTERS, *WORDS, *(f"##{c}" for c in LETTERS), "##mith"]
# Of one and of several tokens, and one that is in no text.
LEXICON = ["Anna", "York", "New York", "New York City", "Anna Smith", "Berlin"]
SHAPE: Dict[str, int] = {
    "layers": 2,
    "width": 16,
    "feed_forward_width": 32,
    "heads": 2,
    "max_length": 12,
}
# Settings of the shipped configs, for a student that trains in a second.
SMALL: Dict[str, Any] = {
    **{f"components.ner.model.tok2vec.{name}": size for name, size in SHAPE.items()},
    "training.max_steps": 60,
    "training.eval_frequency": 20,
    "training.batcher.size": 4,
    "training.optimizer.learn_rate.initial_rate": 0.003,
    "training.optimizer.learn_rate.warmup_steps": 5,
}


def make_word_piece() -> Any:
    """An uncased WordPiece tokenizer, as BERT has."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    vocab = {piece: i for i, piece in enumerate(PIECES)}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[("[CLS]", vocab["[CLS]"]), ("[SEP]", vocab["[SEP]"])],
    )
    tokenizer.add_special_tokens(SPECIAL)
    return tokenizer


def make_unigram() -> Any:
    """A cased Unigram tokenizer with SentencePiece's marker, as XLM-R has."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces += [("\u2581" + word, -3.0) for word in ("Anna", "went", "to", "Paris")]
    pieces += [("\u2581", -4.0), ("unused", -4.0), ("Smith", -4.0)]
    pieces += [(c, -6.0) for c in [*LETTERS, *(c.upper() for c in LETTERS), "."]]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    return tokenizer


def write_source(
    folder: Path,
    *,
    layers: int = 4,
    tokenizer: Optional[Any] = None,
    vocab_size: Optional[int] = None,
    seed: int = 0,
) -> Path:
    """Write a random BERT with a tokenizer, as a Hugging Face folder."""
    import torch
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    tokenizer = make_word_piece() if tokenizer is None else tokenizer
    torch.manual_seed(seed)
    pad = "[PAD]" if tokenizer.token_to_id("[PAD]") is not None else "<pad>"
    config = BertConfig(
        vocab_size=vocab_size or tokenizer.get_vocab_size(),
        hidden_size=SHAPE["width"],
        num_hidden_layers=layers,
        num_attention_heads=SHAPE["heads"],
        intermediate_size=SHAPE["feed_forward_width"],
        max_position_embeddings=32,
        pad_token_id=tokenizer.token_to_id(pad),
        # Differences between tokens that training can use at once.
        initializer_range=0.2,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=pad).save_pretrained(
        folder
    )
    return folder


def make_student(
    source: Path,
    *,
    init: Optional[Dict[str, Any]] = None,
    storage: str = "float32",
    **settings: Any,
) -> Language:
    """An initialized pipeline with a transformer student that has learned nothing."""
    nlp = spacy.blank("en")
    tok2vec = {
        "@architectures": "spacy_distill.TransformerStudent.v1",
        **SHAPE,
        **settings,
    }
    classifier = {
        "@architectures": "spacy_distill.TokenClassifier.v1",
        "output_learn_rate": 10.0,
        "tok2vec": tok2vec,
    }
    nlp.add_pipe(
        "compact_ner", name="ner", config={"model": classifier, "storage": storage}
    )
    fix_random_seed(0)
    init_transformer_v1(str(source), **(init or {}))(nlp)
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    return nlp


def give_lexicon(nlp: Language, words: Sequence[str] = LEXICON) -> Language:
    """Add a lexicon with random vectors to a student, and return its pipeline."""
    vectors = np.random.default_rng(0).normal(size=(len(words), 8))
    shim_of(nlp).set_lexicon(list(words), vectors.astype("f"), max_words=2)
    return nlp


def make_examples(nlp: Language) -> List[Example]:
    return [
        Example.from_dict(nlp.make_doc(text), {"entities": entities})
        for text, entities in SENTENCES
    ]


def train(nlp: Language, steps: int, drop: float = 0.0) -> List[float]:
    """Train on the sentences, and return the losses."""
    from thinc.api import Adam

    examples = make_examples(nlp)
    optimizer = Adam(0.003)
    losses = []
    for _ in range(steps):
        found = nlp.update(examples, sgd=optimizer, drop=drop)
        losses.append(found["ner"])
    return losses


def shim_of(nlp: Language) -> TransformerShim:
    (student,) = get_transformer_students(nlp.get_pipe("ner").model)
    return get_shim(student)


def write_data(folder: Path) -> Path:
    """Write a source, a teacher that has learned the sentences, gold and texts.

    They are `source`, `teacher`, `gold.spacy` and `texts.jsonl` in the folder.
    """
    write_source(folder / "source")
    teacher = make_student(folder / "source", layers=4)
    train(teacher, 40)
    teacher.to_disk(folder / "teacher")
    write_gold(folder / "gold.spacy", teacher)
    write_jsonl(folder / "texts.jsonl", TEXTS * 3)
    return folder
