"""Quantize a trained pipeline: fewer words, coarser tables, smaller numbers."""

from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Tuple, Union

import srsly
from spacy.language import Language
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc

from ..docs import load_pipeline
from ..errors import DistillError
from ..evaluation.agreement import compare_entities
from ..evaluation.measure import gold_references, predict
from ..evaluation.size import folder_bytes, zipped_bytes
from ..students.encoder import get_encoders
from ..tasks.ner.component import CompactNER
from ..tasks.ner.task import compact_ner_score
from ..tasks.storage import check_storage
from .tables import round_tables
from .vocabulary import prune_words


def drop_strings(nlp: Language, folder: Path) -> bool:
    """Leave a saved pipeline no strings but its labels. spaCy keeps every word that
    training met, but a `compact_ner` has the words of its tables, the tokenizer has
    those of its rules, and what is read brings its own.

    folder: where `nlp` was saved to.
    RETURNS: False if the strings stay, since something else may want them: another
        component, a tokenizer of another kind, vectors or lookups.
    """
    pipes = [pipe for _, pipe in nlp.components if isinstance(pipe, CompactNER)]
    if (
        len(pipes) < len(nlp.components)
        or type(nlp.tokenizer) is not Tokenizer
        or nlp.vocab.vectors.n_keys
        or len(nlp.vocab.lookups)
    ):
        return False
    labels = {label for pipe in pipes for label in pipe.labels}
    srsly.write_json(folder / "vocab" / "strings.json", sorted(labels))
    return True


# What int8 does to tables unless told otherwise: on CoNLL-2003 F1 stays, and the wheel
# has 2.7 MB (docs/small.md).
WORDS = 15_000
TABLE_BITS = 3.5


@dataclass(frozen=True)
class Figures:
    """folder, zipped: bytes of the pipeline's folder, and of its files in a zip, as a
    wheel is one. words: with a row of their own. f1: in [0, 1]; None without gold."""

    folder: int
    zipped: int
    words: int
    f1: Optional[float]


@dataclass(frozen=True)
class Quantized:
    """A pipeline before and after.

    bare: words that keep their row since they cannot be composed from pieces.
    documents, differing: gold ones that were compared, and those of them with other
        entities than before; 0 without gold.
    """

    before: Figures
    after: Figures
    bare: int
    documents: int
    differing: int


def quantize(
    model: Union[str, Path],
    output: Path,
    *,
    storage: str = "int8",
    words: Optional[int] = None,
    table_bits: Optional[float] = None,
    gold: Optional[Path] = None,
) -> Quantized:
    """Write a smaller copy of a pipeline, and compare the two.

    model: an installed package or a folder. output: a new or an empty folder.
    storage: of each `compact_ner`; see `storage.pack`.
    words: rows that each student's word table keeps; see `prune_words`. table_bits:
        see `round_tables`. Without them, int8 takes WORDS and TABLE_BITS, while other
        storage leaves tables alone.
    gold: `.spacy` file or folder to compare entities on.
    RAISES: DistillError if there is no `compact_ner` in the pipeline, if it cannot be
        loaded or written, for a setting that there is not, and for gold without
        entities.
    """
    check_storage(storage)
    if storage == "int8":
        words = WORDS if words is None else words
        table_bits = TABLE_BITS if table_bits is None else table_bits
    _check_folder(output)
    nlp = load_pipeline(model)
    pipes = compact_pipes(nlp)
    before, docs = _measure(nlp, gold)
    bare = 0
    for name, pipe in pipes:
        for encoder in get_encoders(pipe.model):
            if words is not None:
                bare += prune_words(encoder, words).bare
            if table_bits is not None:
                round_tables(encoder, table_bits)
        pipe.storage = storage
        nlp.get_pipe_config(name)["storage"] = storage
    try:
        nlp.to_disk(output)
        drop_strings(nlp, output)
    except OSError as error:
        raise DistillError(
            f"Could not write {output}: {error.strerror or error}."
        ) from error
    after, new_docs = _measure(load_pipeline(output), gold)
    agreement = compare_entities(docs, new_docs)
    return Quantized(
        before=before,
        after=after,
        bare=bare,
        documents=agreement.compared,
        differing=agreement.compared - agreement.documents,
    )


def _check_folder(output: Path) -> None:
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise DistillError(
            f"Expected a new or an empty folder to write to, got {output} with"
            " something in it: choose another."
        )


def compact_pipes(nlp: Language) -> List[Tuple[str, CompactNER]]:
    """Name and component of each `compact_ner` that is enabled. RAISES: DistillError if
    there is none."""
    pipes = [
        (name, pipe) for name, pipe in nlp.pipeline if isinstance(pipe, CompactNER)
    ]
    if not pipes:
        raise DistillError(
            f"Expected a compact_ner in the pipeline, got {', '.join(nlp.pipe_names)}"
            ": give a student, or a teacher trained with this package."
        )
    return pipes


def _measure(nlp: Language, gold: Optional[Path]) -> Tuple[Figures, List[Doc]]:
    """What can be told of a pipeline, and the gold documents with its entities."""
    encoders = [e for _, pipe in compact_pipes(nlp) for e in get_encoders(pipe.model)]
    examples = [] if gold is None else predict(nlp, gold_references(gold))
    assert nlp.path is not None
    figures = Figures(
        folder=folder_bytes(nlp.path),
        zipped=zipped_bytes(nlp.path),
        words=sum(len(encoder.attrs["words"]) for encoder in encoders),
        f1=compact_ner_score(examples)["ents_f"] if examples else None,
    )
    return figures, [eg.predicted for eg in examples]
