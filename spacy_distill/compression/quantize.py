"""Quantize a trained pipeline, and measure what that costs."""

from dataclasses import dataclass
from pathlib import Path
from typing import List, Mapping, Optional, Tuple, Union

from spacy.language import Language

from ..docs import load_pipeline
from ..errors import DistillError
from ..evaluation.rows import Quantization
from ..evaluation.size import folder_bytes, zipped_bytes
from ..files import check_output_folder
from ..students.encoder import get_encoders
from ..students.ngrams import get_ngram_layers
from ..tasks.storage import check_storage
from .card import keep_card
from .comparison import OUTPUTS, Pipes, Predictions, nouns, predict_gold
from .shrink import Limits, compact_pipes, shrink
from .tables import count_ngrams
from .vocabulary import count_known_words

# Times as large as all components to quantize that other components may be.
_MOST_OTHERS = 9


@dataclass(frozen=True)
class Figures:
    """Size and quality of a pipeline.

    Attributes:
        folder: Bytes of its folder.
        zipped: Bytes of its files in a zip, which a wheel is.
        words: Words with a row of their own in the embedding tables.
        known: Known words: those with a pretrained vector, see `StaticVectors.v1`.
        ngrams: Rows of n-gram tables that are not zero.
        scores: Scores in [0, 1] by spaCy's names: `ents_f` of entities, `cats_acc` and
            `cats_macro_f` of categories. Empty without gold annotation.
    """

    folder: int
    zipped: int
    words: int
    known: int
    ngrams: int
    scores: Mapping[str, float]

    @property
    def f1(self) -> Optional[float]:
        """Entity F1 in [0, 1]; None without gold entities."""
        return self.scores.get("ents_f")

    @property
    def accuracy(self) -> Optional[float]:
        """Share of documents with the right categories; None without gold ones."""
        return self.scores.get("cats_acc")


@dataclass(frozen=True)
class Quantized:
    """A pipeline before and after quantization.

    Attributes:
        before: The pipeline that was given.
        after: The smaller copy.
        bare: Words that keep their row since they cannot be composed from pieces.
        documents: Gold documents on which the two were compared; 0 without gold.
        differing: How many of them have other predictions than before.
        compared: What was compared: "entities", "categories" or both.
    """

    before: Figures
    after: Figures
    bare: int
    documents: int
    differing: int
    compared: Tuple[str, ...] = ("entities",)


def quantize(
    model: Union[str, Path],
    output: Union[str, Path],
    *,
    storage: str = "int8",
    words: Optional[int] = None,
    known_words: Optional[int] = None,
    table_bits: Optional[float] = None,
    gold: Optional[Union[str, Path]] = None,
) -> Quantized:
    """Write a smaller copy of a pipeline and compare the two.

    License and model card come along. Scores that were measured before are not kept as
    the copy's own: its `performance` in meta.json has those on `gold`, or none.

    Args:
        model: Installed package or folder of the pipeline.
        output: A new or an empty folder for the copy.
        storage: See `Limits`, for this and the next three.
        words: Rows that each word embedding table keeps.
        known_words: Known words that stay.
        table_bits: Bits of a value in the tables.
        gold: `.spacy` file or folder to compare entities and categories on.

    Returns:
        Size, quality and differences.

    Raises:
        DistillError: If the pipeline has neither `compact_ner` nor `compact_textcat`,
            or is a teacher that would stay as large as it is, or cannot be loaded or
            written, for an unknown storage, and for gold documents without entities
            and categories.
    """
    check_storage(storage)
    output = Path(output)
    check_output_folder(output)
    nlp = load_pipeline(model)
    pipes = compact_pipes(nlp)
    _check_share(nlp, [name for name, _ in pipes])
    before = _predict(nlp, pipes, gold)
    assert nlp.path is not None
    source = nlp.path
    figures = _figures(nlp, source, before)
    shrunken = shrink(nlp, Limits(storage, words, known_words, table_bits))
    try:
        output.mkdir(parents=True, exist_ok=True)
        shrunken.nlp.to_disk(output)
    except OSError as error:
        raise DistillError(
            f"Could not write {output}: {error.strerror or error}."
        ) from error
    small = load_pipeline(output)
    after = _predict(small, compact_pipes(small), gold)
    facts = Quantization(
        storage=storage,
        words=shrunken.words,
        table_bits=shrunken.table_bits,
        documents=len(after.found),
        differing=before.differing(after),
        f1_before=figures.f1,
        f1=after.scores.get("ents_f"),
        accuracy_before=figures.accuracy,
        accuracy=after.scores.get("cats_acc"),
    )
    keep_card(small, source, facts, after.scores)
    return Quantized(
        before=figures,
        after=_figures(small, output, after),
        bare=shrunken.bare,
        documents=facts.documents,
        differing=facts.differing,
        compared=tuple(nouns(pipes)),
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


def _predict(
    nlp: Language, pipes: Pipes, gold: Optional[Union[str, Path]]
) -> Predictions:
    return Predictions() if gold is None else predict_gold(nlp, pipes, Path(gold))


def _figures(nlp: Language, folder: Path, predictions: Predictions) -> Figures:
    models = [pipe.model for _, pipe in compact_pipes(nlp)]
    encoders = [e for model in models for e in get_encoders(model)]
    layers = [layer for model in models for layer in get_ngram_layers(model)]
    shown = [name for output in OUTPUTS for name in output.titles]
    scores = predictions.scores
    return Figures(
        folder=folder_bytes(folder),
        zipped=zipped_bytes(folder),
        words=sum(len(encoder.attrs["words"]) for encoder in encoders),
        known=sum(count_known_words(encoder) for encoder in encoders),
        ngrams=sum(count_ngrams(layer) for layer in layers),
        scores={name: scores[name] for name in shown if scores.get(name) is not None},
    )
