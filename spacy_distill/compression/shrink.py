"""Shrink the components of a pipeline: fewer words, coarser tables, smaller numbers."""

from copy import copy
from dataclasses import dataclass
from typing import Callable, List, Optional, Tuple

from spacy.language import Language
from spacy.tokenizer import Tokenizer
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import Config

from ..errors import DistillError
from ..students.encoder import get_encoders
from ..students.ngrams import get_ngram_layers
from ..tasks.storage import StoredPipe, check_storage
from .comparison import OUTPUTS, find_output
from .tables import round_ngrams, round_tables
from .vocabulary import prune_known_words, prune_words


@dataclass(frozen=True)
class Limits:
    """How far to shrink.

    Attributes:
        storage: Format of the parameters of each `compact_ner` and `compact_textcat`:
            "float32", "float16" or "int8".
        words: Rows that each word embedding table keeps; see `prune_words`. None: with
            int8 15,000 for entities and 5,000 for categories, otherwise all.
        known_words: How many of the words that the student knows from pretrained
            vectors stay, the most frequent ones; None for all.
        table_bits: Bits of a value in the embedding tables; see `round_tables` and
            `round_ngrams`. None: with int8 3.5 for entities and 3 for categories,
            otherwise they are not rounded.
    """

    storage: str = "int8"
    words: Optional[int] = None
    known_words: Optional[int] = None
    table_bits: Optional[float] = None


@dataclass(frozen=True)
class Shrunken:
    """A pipeline whose components were shrunk.

    Attributes:
        nlp: The pipeline, to be saved.
        words: Most rows that a word embedding table was to keep; None for all.
        table_bits: Most bits of a value in its tables; None if they were not rounded.
        bare: Number of words that keep their row since they cannot be composed from
            pieces.
    """

    nlp: Language
    words: Optional[int]
    table_bits: Optional[float]
    bare: int


@registry.callbacks("spacy_distill.quantize.v1")
def quantize_v1(
    storage: str = "int8",
    words: Optional[int] = None,
    known_words: Optional[int] = None,
    table_bits: Optional[float] = None,
) -> Callable[[Language], Language]:
    """Save a pipeline small in training.

    A callback for [training.before_to_disk]: `model-best` and `model-last` are
    quantized as by `spacy-distill quantize`, and training goes on with the full
    parameters.

    Args:
        storage: "float32", "float16" or "int8".
        words: Rows that each word embedding table keeps; by default, with int8, 15,000
            for entities and 5,000 for categories.
        known_words: How many known words stay; by default all.
        table_bits: Bits of a value in the tables; by default, with int8, 3.5 for
            entities and 3 for categories.

    Returns:
        The callback.

    Raises:
        DistillError: If the storage is unknown.
    """
    limits = Limits(check_storage(storage), words, known_words, table_bits)

    def save_small(nlp: Language) -> Language:
        return shrink(nlp, limits).nlp

    return save_small


def shrink(nlp: Language, limits: Limits) -> Shrunken:
    """Shrink the components of a pipeline.

    Args:
        nlp: The pipeline, which does not change.
        limits: How far.

    Returns:
        A view of the pipeline to be saved: its `compact_ner` and `compact_textcat` are
        copies, others are shared. Its vocab has no strings but labels, if nothing else
        may need them.

    Raises:
        DistillError: If there is nothing to shrink.
    """
    view = copy(nlp)
    view._components = list(nlp._components)
    view._pipe_configs = dict(nlp._pipe_configs)
    bare = 0
    tables: List[int] = []
    rounded: List[float] = []
    for name, pipe in compact_pipes(nlp):
        small = copy(pipe)
        small.model = pipe.model.copy()
        index = nlp.component_names.index(name)
        view._components[index] = (name, small)
        words, bits = limits.words, limits.table_bits
        if limits.storage == "int8":
            predicted = find_output(pipe)
            words = predicted.words if words is None else words
            bits = predicted.table_bits if bits is None else bits
        encoders = get_encoders(small.model)
        layers = get_ngram_layers(small.model)
        for encoder in encoders:
            if limits.known_words is not None:
                prune_known_words(encoder, limits.known_words)
            if words is not None:
                tables.append(words)
                bare += prune_words(encoder, words).bare
            if bits is not None:
                round_tables(encoder, bits)
        for layer in layers:
            if bits is not None:
                round_ngrams(layer, bits)
        # Transformer students have no such tables; their shim quantizes itself.
        if bits is not None and (encoders or layers):
            rounded.append(bits)
        small.storage = limits.storage
        config = nlp.get_pipe_config(name)
        view._pipe_configs[name] = Config({**config, "storage": limits.storage})
    vocab = vocab_of_labels(view)
    if vocab is not None:
        view.vocab = vocab
    words_kept, most_bits = max(tables, default=None), max(rounded, default=None)
    return Shrunken(view, words_kept, most_bits, bare)


def vocab_of_labels(nlp: Language) -> Optional[Vocab]:
    """Return a vocab to save that has no strings but the labels of a pipeline.

    spaCy stores every word that training met. A pipeline of `compact_ner` and
    `compact_textcat` does not need them: words are in the components' tables, and new
    texts bring their own.

    Args:
        nlp: The pipeline.

    Returns:
        The vocab; None if something else may need the strings: another component, a
        tokenizer of another type, vectors or lookups.
    """
    pipes = [pipe for _, pipe in nlp.components if isinstance(pipe, StoredPipe)]
    if (
        len(pipes) < len(nlp.components)
        or type(nlp.tokenizer) is not Tokenizer
        or nlp.vocab.vectors.n_keys
        or len(nlp.vocab.lookups)
    ):
        return None
    labels = {label for pipe in pipes for label in pipe.labels}
    return Vocab(strings=sorted(labels), vectors_name=nlp.vocab.vectors.name)


def compact_pipes(nlp: Language) -> List[Tuple[str, StoredPipe]]:
    """Return name and component of each enabled `compact_ner` and `compact_textcat`.

    Args:
        nlp: The pipeline.

    Raises:
        DistillError: If there is none.
    """
    pipes = [
        (name, pipe) for name, pipe in nlp.pipeline if isinstance(pipe, StoredPipe)
    ]
    if not pipes:
        names = " or ".join(f"a {output.name}" for output in OUTPUTS)
        found = [f"{x} ({nlp.get_pipe_meta(x).factory})" for x in nlp.pipe_names]
        raise DistillError(
            f"Expected {names} in the pipeline, got {', '.join(found) or 'nothing'}:"
            " other components cannot be quantized; give a student, or a teacher"
            " trained with this package."
        )
    return pipes
