"""Training runs through torch, prediction through numpy, one Doc or many at a time:
all of them find the same entities in 10,000 Docs."""

from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import pytest
from small import entities, make_nlp
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Model, fix_random_seed, set_dropout_rate

from spacy_distill.corpora.sources import read_gold_source, read_unlabelled_source

ASSETS = Path(__file__).parents[3] / "assets"
N_DOCS = 10_000
UNSEEN = ["Zyxgorod", "Qwrt-7", "mcFly", "1984", "U.N.", "x" * 70, "a", "Oslo's"]
ODD = [
    "Zürich",
    "東京",
    "☃",
    "👩\u200d🚀",
    "e\u0301",
    "Ω",
    "\u00ad",
    "\ufeff",
    "ﬁ",
    "İ",
]
SPACES = [" ", "\n", "\n\n", "\t", "\u00a0", "\u2028", "   "]
# Where two tags are this near each other, rounding may tell them apart.
NEAR = 1e-4

Found = List[Tuple[str, str]]


def real_docs(nlp: Language, n: int) -> List[List[str]]:
    """Words of the shipped texts."""
    sentences = read_unlabelled_source(ASSETS / "unlabelled", nlp)
    return [[token.text for token in doc] for doc, _, _ in sentences][:n]


def random_docs(seen: List[str], n: int) -> List[List[str]]:
    """Between 1 and 60 words, known, unknown and odd."""
    rng = np.random.default_rng(0)
    kinds = [seen, UNSEEN, ODD, SPACES]
    docs = []
    for _ in range(n):
        drawn = rng.choice(4, size=rng.integers(1, 61), p=[0.7, 0.14, 0.08, 0.08])
        docs.append([str(rng.choice(kinds[kind])) for kind in drawn])
    return docs


# Each encoder and each output.
STUDENTS = [("bilstm", "softmax"), ("qrnn", "softmax"), ("cnn", "crf")]


@pytest.fixture(scope="module", params=STUDENTS, ids="-".join)
def nlp(request):
    """A student of the shipped sentences."""
    nlp = make_nlp(*request.param)
    gold = read_gold_source(ASSETS / "train", nlp)
    examples = [Example(nlp.make_doc(doc.text), doc) for doc, _, _ in gold]
    fix_random_seed(0)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.02
    for _ in range(25):
        for start in range(0, len(examples), 32):
            nlp.update(examples[start : start + 32], sgd=optimizer)
    return nlp


@pytest.fixture(scope="module")
def words(nlp):
    real = real_docs(nlp, N_DOCS // 2)
    seen = sorted({word for doc in real[:500] for word in doc})
    return real + random_docs(seen, N_DOCS - len(real))


def on_the_training_path(nlp: Language) -> Language:
    """The same component, with its model run as in training, without dropout."""
    ner: Any = nlp.get_pipe("ner")
    other = make_nlp()
    pipe: Any = other.get_pipe("ner")
    pipe.cfg["labels"] = list(ner.labels)
    set_dropout_rate(ner.model, 0.0)
    pipe.model = Model(
        "training_path",
        lambda model, docs, is_train: (ner.model(docs, is_train=True)[0], None),
        layers=[ner.model],
    )
    if ner.model.has_ref("crf"):
        pipe.model.set_ref("crf", ner.model.get_ref("crf"))
    return other


def make_docs(nlp: Language, words: List[List[str]]) -> List[Doc]:
    return [Doc(nlp.vocab, words=doc) for doc in words]


def one_by_one(nlp: Language, words: List[List[str]]) -> List[Found]:
    return [entities(nlp(doc)) for doc in make_docs(nlp, words)]


def piped(size: int) -> Callable[[Language, List[List[str]]], List[Found]]:
    def run(nlp: Language, words: List[List[str]]) -> List[Found]:
        docs = nlp.pipe(make_docs(nlp, words), batch_size=size)
        return [entities(doc) for doc in docs]

    return run


def predicted(nlp: Language, words: List[List[str]]) -> List[Found]:
    ner: Any = nlp.get_pipe("ner")
    docs = make_docs(nlp, words)
    spans = ner.predict(docs)
    return [
        [(doc[span.start : span.end].text, span.label) for span in found]
        for doc, found in zip(docs, spans)
    ]


def in_zones(nlp: Language, words: List[List[str]]) -> List[Found]:
    found: List[Found] = []
    for start in range(0, len(words), 2000):
        with nlp.memory_zone():
            found += piped(128)(nlp, words[start : start + 2000])
    return found


PATHS: Dict[str, Callable[[Language, List[List[str]]], List[Found]]] = {
    "one by one": one_by_one,
    "batches of 128": piped(128),
    "all at once": predicted,
    "memory zones": in_zones,
}


@pytest.mark.slow
def test_every_path_finds_the_same(nlp, words):
    assert len(words) == N_DOCS
    expected = piped(128)(on_the_training_path(nlp), words)
    assert sum(map(len, expected)) > N_DOCS / 4
    assert len({label for found in expected for _, label in found}) > 1
    ner: Any = nlp.get_pipe("ner")
    report = []
    for name, path in PATHS.items():
        found = path(nlp, words)
        differ = [i for i in range(N_DOCS) if found[i] != expected[i]]
        logits = ner.get_logits(make_docs(nlp, [words[i] for i in differ]))
        # Rounding, which differs from processor to processor, may decide near ties.
        far = [i for i, rows in zip(differ, logits) if not is_near(rows)]
        if far:
            report.append(f"{name}: {len(far)} Docs differ, e.g. {words[far[0]]}")
    assert not report


def is_near(logits: np.ndarray) -> bool:
    """Whether any token's two best tags are all but equal."""
    best = np.sort(logits, axis=1)[:, -2:]
    return bool((best[:, 1] - best[:, 0]).min() < NEAR)
