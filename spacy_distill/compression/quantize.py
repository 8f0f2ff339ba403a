"""Quantize a trained pipeline: fewer words, coarser tables, smaller numbers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Union

import srsly
from spacy.language import Language
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc

from ..docs import load_pipeline
from ..errors import DistillError
from ..evaluation.agreement import compare_entities
from ..evaluation.measure import predict
from ..evaluation.references import gold_references
from ..evaluation.rows import Quantization
from ..evaluation.size import folder_bytes, zipped_bytes
from ..files import check_output_folder
from ..students.encoder import get_encoders
from ..tasks.ner.component import CompactNER
from ..tasks.ner.task import compact_ner_score
from ..tasks.storage import check_storage
from .card import keep_card
from .tables import round_tables
from .vocabulary import prune_words

# Times as large as all `compact_ner` that other components may be.
_MOST_OTHERS = 9
# Defaults of int8. With them the F1 of a student on CoNLL-2003 does not change, and its
# wheel has 2.7 MB (docs/small.md).
WORDS = 15_000
TABLE_BITS = 3.5


def drop_strings(nlp: Language, folder: Path) -> bool:
    """Remove all strings but labels from the string store of a saved pipeline.

    spaCy stores every word that training met. A pipeline of `compact_ner` does not
    need them: words are in the component's tables, and new texts bring their own.

    Args:
        nlp: The pipeline.
        folder: Where it was saved.

    Returns:
        False if nothing was removed, since something else may need the strings:
        another component, a tokenizer of another type, vectors or lookups.
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


@dataclass(frozen=True)
class Figures:
    """Size and quality of a pipeline.

    Attributes:
        folder: Bytes of its folder.
        zipped: Bytes of its files in a zip, which a wheel is.
        words: Words with a row of their own in the embedding tables.
        f1: Entity F1 in [0, 1]; None without gold annotation.
    """

    folder: int
    zipped: int
    words: int
    f1: Optional[float]


@dataclass(frozen=True)
class Quantized:
    """A pipeline before and after quantization.

    Attributes:
        before: The pipeline that was given.
        after: The smaller copy.
        bare: Words that keep their row since they cannot be composed from pieces.
        documents: Gold documents on which the two were compared; 0 without gold.
        differing: How many of them have other entities than before.
    """

    before: Figures
    after: Figures
    bare: int
    documents: int
    differing: int


def quantize(
    model: Union[str, Path],
    output: Union[str, Path],
    *,
    storage: str = "int8",
    words: Optional[int] = None,
    table_bits: Optional[float] = None,
    gold: Optional[Union[str, Path]] = None,
) -> Quantized:
    """Write a smaller copy of a pipeline and compare the two.

    License and model card come along. Scores that were measured before are not kept as
    the copy's own: its `performance` in meta.json has those on `gold`, or none.

    Args:
        model: Installed package or folder of the pipeline.
        output: A new or an empty folder for the copy.
        storage: Format of the parameters of each `compact_ner`: "float32", "float16"
            or "int8".
        words: Rows that each word embedding table keeps; see `prune_words`. By default
            15,000 with int8, otherwise all.
        table_bits: Bits of a value in the embedding tables; see `round_tables`. By
            default 3.5 with int8, otherwise they are not rounded.
        gold: `.spacy` file or folder to compare entities on.

    Returns:
        Size, quality and differences.

    Raises:
        DistillError: If the pipeline has no `compact_ner`, or is a teacher that would
            stay as large as it is, or cannot be loaded or written, for an unknown
            storage, and for gold documents without entities.
    """
    check_storage(storage)
    output = Path(output)
    if storage == "int8":
        words = WORDS if words is None else words
        table_bits = TABLE_BITS if table_bits is None else table_bits
    check_output_folder(output)
    nlp = load_pipeline(model)
    pipes = compact_pipes(nlp)
    _check_share(nlp, [name for name, _ in pipes])
    gold = None if gold is None else Path(gold)
    scores, docs = _score(nlp, gold)
    assert nlp.path is not None
    source = nlp.path
    before = _figures(nlp, source, scores)
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
        output.mkdir(parents=True, exist_ok=True)
        nlp.to_disk(output)
        drop_strings(nlp, output)
    except OSError as error:
        raise DistillError(
            f"Could not write {output}: {error.strerror or error}."
        ) from error
    small = load_pipeline(output)
    new_scores, new_docs = _score(small, gold)
    agreement = compare_entities(docs, new_docs)
    facts = Quantization(
        storage=storage,
        words=words,
        table_bits=table_bits,
        documents=agreement.compared,
        differing=agreement.compared - agreement.documents,
        f1_before=before.f1,
        f1=new_scores.get("ents_f"),
    )
    keep_card(small, source, facts, new_scores)
    return Quantized(
        before=before,
        after=_figures(small, output, new_scores),
        bare=bare,
        documents=facts.documents,
        differing=facts.differing,
    )


def _check_share(nlp: Language, compact: List[str]) -> None:
    """Refuse a teacher: its transformer would be copied as it is."""
    assert nlp.path is not None
    sizes = {
        name: folder_bytes(nlp.path / name)
        for name in nlp.component_names
        if (nlp.path / name).is_dir()
    }
    small = sum(size for name, size in sizes.items() if name in compact)
    others = {name: size for name, size in sizes.items() if name not in compact}
    if sum(others.values()) > _MOST_OTHERS * small:
        raise DistillError(
            f"Expected a student, got {nlp.path}, of which quantizing would change"
            f" {small / 1e6:.1f} of {sum(sizes.values()) / 1e6:.1f} MB: the rest is in"
            f" {', '.join(others)}, copied as it is. Give the model-best of a student."
        )


def compact_pipes(nlp: Language) -> List[Tuple[str, CompactNER]]:
    """Return name and component of each enabled `compact_ner`.

    Raises:
        DistillError: If there is none.
    """
    pipes = [
        (name, pipe) for name, pipe in nlp.pipeline if isinstance(pipe, CompactNER)
    ]
    if not pipes:
        raise DistillError(
            f"Expected a compact_ner in the pipeline, got {', '.join(nlp.pipe_names)}"
            ": give a student, or a teacher trained with this package."
        )
    return pipes


def _score(nlp: Language, gold: Optional[Path]) -> Tuple[Dict[str, Any], List[Doc]]:
    """Return scores, and the gold documents with predicted entities."""
    if gold is None:
        return {}, []
    examples = predict(nlp, gold_references(gold))
    return compact_ner_score(examples), [eg.predicted for eg in examples]


def _figures(nlp: Language, folder: Path, scores: Dict[str, Any]) -> Figures:
    encoders = [e for _, pipe in compact_pipes(nlp) for e in get_encoders(pipe.model)]
    return Figures(
        folder=folder_bytes(folder),
        zipped=zipped_bytes(folder),
        words=sum(len(encoder.attrs["words"]) for encoder in encoders),
        f1=scores.get("ents_f"),
    )
