"""Train a student: its schedule, its device, and the training itself."""

import sys
from contextlib import nullcontext
from io import StringIO
from pathlib import Path
from typing import Any, ContextManager, Dict, Mapping, Optional

from spacy.language import Language
from spacy.util import is_package
from thinc.api import Config, use_ops
from wasabi import Printer

from ..docs import read_gold
from ..errors import DistillError
from ..soft_labels.store import SoftLabels
from ..students.init_words import INIT_WORDS
from ..students.static_vectors import STATIC_VECTORS
from ..students.word_vectors import find_word_source
from .config import config_errors, find_gold
from .schedule import Amount, Schedule, evaluation_at_end, student_schedule

AUTO_WORDS = "spacy_distill.AutoWords.v1"
# Student encoders of this package compute in numpy, whatever device a teacher ran on.
_NUMPY_ENCODERS = (
    "spacy_distill.CharCNN",
    "spacy_distill.DilatedCNN",
    "spacy_distill.NGram",
)
_TRANSFORMER_STUDENT = "spacy_distill.TransformerStudent"


def train_student(config: Config, output: Path, *, is_kept: bool, say: Printer) -> None:
    """Initialize and train a student; see `loop.train`.

    Args:
        config: The config, variables not filled in.
        output: Folder for `model-best` and `model-last`.
        is_kept: Whether the folder is kept. If not, its path is not printed.
        say: Prints messages.

    Raises:
        DistillError: If the folder cannot be written to.
    """
    from spacy.training.initialize import init_nlp

    from .loop import train

    say.divider("Training the student")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DistillError(
            f"Could not write to {output}: {error.strerror or error}. Choose another"
            " output folder."
        ) from error
    device: ContextManager[Any] = nullcontext()
    if _computes_in_numpy(config):
        device = use_ops("numpy")
    with device:
        filled = config.interpolate()
        if _lacks_vectors(_word_source(filled)):
            say.info("No word vectors are given: words have those of pieces alone")
        source = _automatic(filled)
        if source is not None:
            given = {key: value for key, value in source.items() if key != "@misc"}
            say.info(find_word_source(**given)[1])
        nlp = init_nlp(config, use_gpu=-1)
        say.good("Initialized the student")
        if say.no_print:
            train(nlp, output, use_gpu=-1, stdout=StringIO(), stderr=StringIO())
        elif is_kept:
            train(nlp, output, use_gpu=-1)
        else:
            stdout: Any = _WithoutPath(str(output))
            train(nlp, output, use_gpu=-1, stdout=stdout)


def find_amount(config: Config, path: Path, store: SoftLabels, held_out: int) -> Amount:
    """Return how much a student has to learn from.

    Args:
        config: The config, variables not filled in.
        path: Where it is from, for error messages.
        store: The soft labels.
        held_out: How many of their documents are held out.
    """
    with config_errors(path):
        gold = find_gold(config.interpolate(), "train_corpus")
    n_gold = n_words = 0
    if gold is not None:
        for doc in read_gold(gold, Language().vocab):
            n_gold, n_words = n_gold + 1, n_words + len(doc)
    counts = store.manifest.counts
    n_soft = counts.docs - held_out
    n_words += round(counts.tokens * n_soft / max(counts.docs, 1))
    return Amount(gold=n_gold, soft=n_soft, words=n_words)


def find_schedule(config: Config, path: Path, amount: Amount) -> Optional[Schedule]:
    """Return the schedule of a student's training.

    Args:
        config: The config, variables not filled in.
        path: Where it is from, for error messages.
        amount: How much there is to learn from.

    Returns:
        The schedule; None if the config has no section [schedule], so that the numbers
        in [training] apply.
    """
    with config_errors(path):
        filled = config.interpolate()
    if "schedule" not in filled:
        return None
    return student_schedule(
        amount,
        passes=filled["schedule"].get("passes"),
        batch_size=filled["training"]["batcher"].get("size", 64),
        is_transformer=_TRANSFORMER_STUDENT in filled.to_str(),
    )


def keep_end(config: Config, amount: Amount, *, say: Printer) -> Config:
    """Make spaCy evaluate the end of a training that is shorter than an interval.

    Args:
        config: The config, variables not filled in.
        amount: How much there is to learn from.
        say: Prints what was changed.

    Returns:
        The config, or a changed copy.
    """
    training = config.interpolate()["training"]
    every = evaluation_at_end(training, amount.documents)
    if every is None:
        return config
    say.info(
        f"The training is evaluated at its end, after {every:,} steps, since it is"
        " shorter than training.eval_frequency"
    )
    config = config.copy()
    config["training"]["eval_frequency"] = every
    return config


def offer_vectors(config: Config, teacher: Language) -> Config:
    """Let `AutoWords.v1` have the static vectors of a teacher's pipeline.

    Args:
        config: The config, variables not filled in.
        teacher: The teacher's pipeline.

    Returns:
        The config, or a changed copy if the pipeline has vectors and can be loaded
        again, and the config does not name other vectors.
    """
    source = _automatic(config)
    name = "_".join(str(teacher.meta[key]) for key in ("lang", "name"))
    if not is_package(name):
        name = str(teacher.path or "")
    if (
        source is None
        or source.get("vectors")
        or not teacher.vocab.vectors.n_keys
        or not name
    ):
        return config
    config = config.copy()
    source = _automatic(config)
    assert source is not None
    source["vectors"] = name
    return config


def _automatic(config: Config) -> Optional[Dict[str, Any]]:
    """Return the settings of `AutoWords.v1`, if all words start from it."""
    source = _word_source(config)
    if _lacks_vectors({**source, **_word_source(config.interpolate())}):
        source = source.get("pieces") or {}
    return source if source.get("@misc") == AUTO_WORDS else None


def _lacks_vectors(source: Mapping[str, Any]) -> bool:
    return source.get("@misc") == STATIC_VECTORS and not source.get("path")


def _word_source(config: Config) -> Dict[str, Any]:
    """Return the settings of the source of word embeddings; empty if there is none.

    The callback that has them may be one of several (`run_callbacks.v1`).
    """
    block = config.get("initialize", {}).get("before_init") or {}
    blocks = [block, *block.get("callbacks", {}).values()]
    for each in blocks:
        if each.get("@callbacks") == INIT_WORDS:
            return each.get("source") or {}
    return {}


class _WithoutPath:
    """Standard output without the lines that name a temporary folder."""

    def __init__(self, path: str) -> None:
        self.path = path

    def write(self, text: str) -> None:
        if self.path not in text and "Saved pipeline" not in text:
            sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


def override(config: Config, settings: Mapping[str, Any]) -> Config:
    """Change settings that a config has.

    Args:
        config: The config.
        settings: Values by dotted name. Settings that the config lacks are skipped.

    Returns:
        A changed copy.
    """
    config = config.copy()
    for name, value in settings.items():
        *sections, last = name.split(".")
        block: Any = config
        for section in sections:
            block = block.get(section) if isinstance(block, dict) else None
        if isinstance(block, dict) and last in block:
            block[last] = value
    return config


def _computes_in_numpy(config: Config) -> bool:
    text = config.to_str(interpolate=False)
    return any(name in text for name in _NUMPY_ENCODERS)
