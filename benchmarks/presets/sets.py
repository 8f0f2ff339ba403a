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
# Labelled sentences; None for all.
_LABELLED: Dict[str, Optional[int]] = {
    **{f"conll_{n}": n for n in (150, 300, 750, 1500, 3000)},
    "conll_all": None,
    "wnut_300": 300,
    "wnut_all": None,
    "ncbi_300": 300,
    "ncbi_all": None,
}
# Other transformers that teachers are fine-tuned from: cased, or without segments.
ENCODERS = ("e5", "mpnet")


class Set(NamedTuple):
    """A corpus with a number of labelled sentences.

    Attributes:
        source: The corpus.
        n_labels: Labelled sentences; None for all.
        encoder: The transformer of its teacher, in `ENCODERS`; None for MiniLM.
        has_more_text: Whether the teacher annotates texts of other corpora, too.
    """

    source: Source
    n_labels: Optional[int]
    encoder: Optional[str] = None
    has_more_text: bool = False


SETS: Dict[str, Set] = {}
for _name, _number in _LABELLED.items():
    SETS[_name] = Set(SOURCES[_name.partition("_")[0]], _number)
    SETS[f"{_name}_more_text"] = SETS[_name]._replace(has_more_text=True)
    for _encoder in ENCODERS:
        SETS[f"{_name}_{_encoder}"] = SETS[_name]._replace(encoder=_encoder)


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
