"""Corpora by the number of labelled sentences, and the rows of the tables."""

from typing import Dict, NamedTuple, Optional, Tuple


class Source(NamedTuple):
    """A corpus.

    Attributes:
        folder: Its folder in the data.
        files: Its training, development and test file.
        labels: Labels of its entities.
    """

    folder: str
    files: Tuple[str, str, str]
    labels: str


SOURCES = {
    "conll": Source(
        "conll2003", ("eng.train", "eng.testa", "eng.testb"), "PER,ORG,LOC,MISC"
    ),
    "wnut": Source(
        "wnut17",
        (
            "wnut_wnut17train.conll",
            "wnut_emerging.dev.conll",
            "wnut_emerging.test.annotated",
        ),
        "person,location,corporation,group,creative-work,product",
    ),
    "ncbi": Source("ncbi_disease", ("train.tsv", "devel.tsv", "test.tsv"), "Disease"),
}
# Labelled sentences by set; None for all.
_MINILM_SETS: Dict[str, Optional[int]] = {
    **{f"conll_{n}": n for n in (150, 300, 750, 1500, 3000)},
    "conll_all": None,
    "wnut_300": 300,
    "wnut_all": None,
    "ncbi_300": 300,
    "ncbi_all": None,
}
# Other transformers that teachers are fine-tuned from: cased, or without segments.
ENCODERS = ("e5", "mpnet")
# Sets with other teachers come beside those with MiniLM.
SETS: Dict[str, Optional[int]] = {
    full: n_labels
    for name, n_labels in _MINILM_SETS.items()
    for full in (name, *(f"{name}_{encoder}" for encoder in ENCODERS))
}


class Row(NamedTuple):
    """A student.

    Attributes:
        preset: Its preset; None for spaCy's own `ner`, trained on gold annotation.
        vectors: Whether it has word vectors.
    """

    preset: Optional[str]
    vectors: bool = False


TEACHER, STOCK = "teacher", "spaCy ner, gold"
ROWS: Dict[str, Row] = {
    STOCK: Row(None),
    "small": Row("small"),
    "small, vectors": Row("small", vectors=True),
    "default": Row("default"),
    "default, vectors": Row("default", vectors=True),
    "accurate": Row("accurate"),
    "accurate, vectors": Row("accurate", vectors=True),
    "transformer": Row("transformer"),
}
ORDER = [TEACHER, *ROWS]


def source_of(name: str) -> Source:
    """Return the corpus of a set."""
    return SOURCES[name.partition("_")[0]]


def encoder_of(name: str) -> Optional[str]:
    """Return the transformer of a set's teachers; None for MiniLM."""
    encoder = name.rpartition("_")[2]
    return encoder if encoder in ENCODERS else None
