"""Small students and what they learn from."""

from functools import cache
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
import spacy
from hash_teacher import HashTeacher
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_distill.annotation.annotate import annotate
from spacy_distill.words import WordPieces

ARCHITECTURES: Dict[str, Dict[str, Any]] = {
    "bilstm": {
        "@architectures": "spacy_distill.CharCNNBiLSTM.v1",
        "word_width": 12,
        "char_width": 6,
        "char_filters": 8,
        "word_dropout": 0.0,
        "hidden_width": 10,
    },
    "deep_bilstm": {
        "@architectures": "spacy_distill.CharCNNBiLSTM.v1",
        "word_width": 12,
        "char_width": 6,
        "char_filters": 8,
        "word_dropout": 0.0,
        "hidden_width": 7,
        "depth": 2,
        "lowercase": False,
    },
    "qrnn": {
        "@architectures": "spacy_distill.CharCNNQRNN.v1",
        "word_width": 12,
        "char_width": 6,
        "char_filters": 8,
        "word_dropout": 0.0,
        "hidden_width": 10,
    },
    "cnn": {
        "@architectures": "spacy_distill.DilatedCNN.v1",
        "word_width": 12,
        "char_width": 6,
        "char_filters": 8,
        "word_dropout": 0.0,
        "hidden_width": 16,
        "dilations": [1, 2],
    },
}
OUTPUTS = ("softmax", "crf")
SENTENCES: List[Tuple[str, List[Tuple[int, int, str]]]] = [
    ("Anna went to Paris .", [(0, 4, "PER"), (13, 18, "LOC")]),
    ("Bob Smith likes New York City", [(0, 9, "PER"), (16, 29, "LOC")]),
    ("nothing of note here", []),
    (
        "Paris and Rome are far from Anna Smith .",
        [(0, 5, "LOC"), (10, 14, "LOC"), (28, 38, "PER")],
    ),
]
TEXTS = [text for text, _ in SENTENCES]


def model_config(arch: str = "bilstm", output: str = "softmax") -> Dict[str, Any]:
    return {
        "@architectures": "spacy_distill.TokenClassifier.v1",
        "output": output,
        "tok2vec": {**ARCHITECTURES[arch], "dropout": 0.1},
    }


def make_nlp(arch: str = "bilstm", output: str = "softmax", **config: Any) -> Language:
    """A blank pipeline with a student that knows nothing yet."""
    nlp = spacy.blank("en")
    nlp.add_pipe(
        "compact_ner",
        name="ner",
        config={"model": model_config(arch, output), **config},
    )
    return nlp


def make_examples(nlp: Language) -> List[Example]:
    return [
        Example.from_dict(nlp.make_doc(text), {"entities": entities})
        for text, entities in SENTENCES
    ]


def train(nlp: Language, steps: int, **kwargs: Any) -> Any:
    """Initialize and train on SENTENCES. RETURNS: the optimizer."""
    fix_random_seed(0)
    examples = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.02
    for _ in range(steps):
        nlp.update(examples, sgd=optimizer, drop=0.1, **kwargs)
    return optimizer


@cache
def _trained_bytes(arch: str, output: str) -> bytes:
    nlp = make_nlp(arch, output)
    # An LSTM on top of another one learns more slowly.
    train(nlp, 200 if arch == "deep_bilstm" else 60)
    return nlp.to_bytes()


def trained(arch: str = "bilstm", output: str = "softmax") -> Language:
    """A student that has SENTENCES by heart; a new copy at every call."""
    # The tokenizer is the same, and the slowest part to load.
    return make_nlp(arch, output).from_bytes(
        _trained_bytes(arch, output), exclude=["tokenizer"]
    )


def entities(doc: Any) -> List[Tuple[str, str]]:
    return [(ent.text, ent.label_) for ent in doc.ents]


def f_score(nlp: Language, examples: List[Example]) -> float:
    """F1 of the entities found in the texts of examples."""
    predicted = nlp.pipe(example.text for example in examples)
    pairs = [
        (set(entities(doc)), set(entities(example.reference)))
        for doc, example in zip(predicted, examples)
    ]
    right = sum(len(found & gold) for found, gold in pairs)
    return 2 * right / sum(len(found) + len(gold) for found, gold in pairs)


def scores(doc: Any) -> List[float]:
    return doc.spans["ner"].attrs["scores"].tolist()


def gold_of(number: int) -> List[Tuple[str, str]]:
    text, spans = SENTENCES[number]
    return [(text[start:end], label) for start, end, label in spans]


def write_gold(path: Path, nlp: Language, repeat: int = 1) -> Path:
    """SENTENCES as a `.spacy` file."""
    docs = [eg.reference for _ in range(repeat) for eg in make_examples(nlp)]
    DocBin(docs=docs).to_disk(path)
    return path


def make_pieces(width: int = 16) -> WordPieces:
    """Word pieces for the words of SENTENCES: whole, or letter by letter."""
    words = sorted({word.lower() for text in TEXTS for word in text.split()})
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    surfaces = [*words[::2], *letters, *letters]
    initial = [True] * (len(surfaces) - len(letters)) + [False] * len(letters)
    vectors = np.random.default_rng(0).normal(size=(len(surfaces), width))
    return WordPieces(
        surfaces=surfaces,
        initial=np.array(initial),
        vectors=vectors.astype(np.float16),
        lowercase=True,
        strip_accents=True,
    )


def write_soft_labels(folder: Path, texts: List[str], **teacher: Any) -> Path:
    """Soft labels of a made-up teacher for the texts, in `folder`/soft_labels."""
    lines = folder / "texts.txt"
    lines.write_text("\n".join(texts) + "\n", encoding="utf-8")
    out = folder / "soft_labels"
    annotate(HashTeacher(**teacher), lines, out, shard_size=5, progress=False)
    return out
