"""Generated texts of characters, in which only a lexicon tells where names are.

A text is a row of characters, and names are pairs of the same characters. Each name is
a word of the lexicon, whose vector says of which kind it is. Half of the names are in
no training text.
"""

from itertools import product
from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np
import spacy
from spacy.tokens import Doc, DocBin
from spacy.vectors import Vectors
from tiny_teachers import write_jsonl

from spacy_distill.students.lexicon.matching import Lexicon

CHARACTERS = "\u7532\u4e59\u4e19\u4e01\u620a\u5df1\u5e9a\u8f9b"
_PAIRS = ["".join(pair) for pair in product(CHARACTERS, repeat=2)]
_ORDER = np.random.default_rng(5).permutation(len(_PAIRS)).tolist()
NAMES: List[str] = [_PAIRS[i] for i in _ORDER[:24]]
KINDS: Dict[str, str] = {name: ("PER", "LOC")[i % 2] for i, name in enumerate(NAMES)}
SEEN, UNSEEN = NAMES[:12], NAMES[12:]


def make_docs(names: Sequence[str], n: int, seed: int) -> List[Doc]:
    """Texts of ten characters with one or two of the names, and no others."""
    rng = np.random.default_rng(seed)
    nlp = spacy.blank("zh")
    lexicon = Lexicon(NAMES)
    docs: List[Doc] = []
    while len(docs) < n:
        doc = nlp.make_doc("".join(rng.choice(list(CHARACTERS), size=10)))
        matches = lexicon.find(doc)
        apart = all(a.end <= b.start for a, b in zip(matches, matches[1:]))
        found = [NAMES[match.word] for match in matches]
        if apart and found and set(found) <= set(names):
            doc.set_ents(
                [
                    doc.char_span(m.start, m.end, label=KINDS[name])
                    for m, name in zip(matches, found)
                ]
            )
            docs.append(doc)
    return docs


def write_lexicon_data(folder: Path) -> Path:
    """Write gold, texts, a lexicon as segmenters have, and a pipeline with vectors.

    They are `train.spacy`, `test.spacy`, whose names are not in the former,
    `texts.jsonl`, `words.txt` and `vectors` in the folder.
    """
    train, test = make_docs(SEEN, 60, seed=1), make_docs(UNSEEN, 20, seed=2)
    DocBin(docs=train).to_disk(folder / "train.spacy")
    DocBin(docs=test).to_disk(folder / "test.spacy")
    write_jsonl(folder / "texts.jsonl", [doc.text for doc in train])
    lines = [f"{name} {i} nr\n" for i, name in enumerate(NAMES)]
    (folder / "words.txt").write_text("".join(lines), encoding="utf-8")
    rng = np.random.default_rng(0)
    nlp = spacy.blank("zh")
    kinds = np.array([1.0 if KINDS[name] == "PER" else -1.0 for name in NAMES])
    data = rng.normal(0.0, 0.2, (len(NAMES), 12)).astype("f")
    data[:, :4] += kinds[:, None]
    nlp.vocab.vectors = Vectors(data=data, keys=NAMES, strings=nlp.vocab.strings)
    for name in NAMES:
        nlp.vocab.strings.add(name)
    nlp.to_disk(folder / "vectors")
    return folder


def write_bert(folder: Path) -> Path:
    """Write a random BERT whose word pieces are the characters."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *CHARACTERS]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(pieces), encoding="utf-8")
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"))
    tokenizer.model_max_length = 64
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=0.2,
    )
    BertModel(config).save_pretrained(folder)
    return folder


def f1(nlp, path: Path) -> float:
    """F1 of entities in a file."""
    gold = list(DocBin().from_disk(path).get_docs(nlp.vocab))
    right = found = there = 0
    for doc in gold:
        expected = {(e.start, e.end, e.label_) for e in doc.ents}
        got = {(e.start, e.end, e.label_) for e in nlp(doc.text).ents}
        right += len(expected & got)
        found += len(got)
        there += len(expected)
    return 2 * right / (found + there)
