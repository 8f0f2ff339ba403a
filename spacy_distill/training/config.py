"""Configs for training: read, and checked before any time is spent."""

from configparser import Error as ParserError
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Optional, Union

from spacy.util import load_config
from spacy.vocab import Vocab
from thinc.api import Config, ConfigValidationError

from ..docs import read_gold
from ..errors import DistillError, one_line
from ..tasks.base import Task
from ..tasks.textcat.stock import CLASSIFIERS, PLAIN
from ..tasks.textcat.targets import check_probabilities, gold_category
from ..tasks.textcat.task import TextCatTask
from .settings import walk_sections

CONFIGS = Path(__file__).parent.parent / "configs"
STUDENT_CONFIG = CONFIGS / "student.cfg"
TEXTCAT_STUDENT_CONFIG = CONFIGS / "textcat_student.cfg"
TEACHER_CONFIG = CONFIGS / "teacher.cfg"

# Settings in which readers have the path of their gold annotation.
_GOLD_SETTING = {"spacy.Corpus.v1": "path", "spacy_distill.DistillCorpus.v1": "gold"}


def read_config(
    path: Path, overrides: Mapping[str, Any], *, interpolate: bool = True
) -> Config:
    """Read a config.

    Args:
        path: The config.
        overrides: Settings by dotted name.
        interpolate: Whether to fill its variables in.

    Raises:
        DistillError: If it cannot be read, or overridden so.
    """
    settings = dict(overrides)
    try:
        with config_errors(path):
            return load_config(path, overrides=settings, interpolate=interpolate)
    except (OSError, UnicodeDecodeError) as error:
        raise DistillError(
            f"Expected a config in UTF-8 at {path}, got: {one_line(error)}."
        ) from error


def check_gold(config: Config) -> None:
    """Check the gold annotation of all corpora.

    spaCy's reader would train on nothing or score 0 to the end, and others would fail
    only after the teacher has done its work.

    Args:
        config: A config with its variables filled in.

    Raises:
        DistillError: If gold annotation is missing or has no entities.
    """
    for name, block in config.get("corpora", {}).items():
        reader = block.get("@readers") if isinstance(block, dict) else None
        if reader in _GOLD_SETTING:
            setting = _GOLD_SETTING[reader]
            check = _check_categories if classifies(config) else _check_entities
            path = _gold_path(name, setting, block.get(setting))
            if path is not None:
                check(name, path)


def classifies(config: Config) -> bool:
    """Return whether the pipeline of a config has a text classifier.

    Args:
        config: The config.
    """
    pipes = config.get("components", {}).values()
    return any(str(pipe.get("factory")) in CLASSIFIERS for pipe in pipes)


def student_config(*, categories: bool) -> Path:
    """Return the config of the default student.

    Args:
        categories: Whether it classifies texts.
    """
    return TEXTCAT_STUDENT_CONFIG if categories else STUDENT_CONFIG


def check_task(config: Config, task: Task, path: Path) -> None:
    """Check that a student learns what its teacher predicts.

    Args:
        config: Config of the student.
        task: The teacher's task.
        path: Where the config is from, for error messages.

    Raises:
        DistillError: If one classifies texts and the other does not.
    """
    kinds = {False: "recognizes entities", True: "classifies texts"}
    student, teacher = classifies(config), isinstance(task, TextCatTask)
    if student != teacher:
        raise DistillError(
            f"Expected a teacher that {kinds[student]}, as the student of {path} does,"
            f" got one that {kinds[teacher]}: leave the config out, or start from"
            f" {student_config(categories=teacher).name} (spacy-distill init-config)."
        )


def find_gold(config: Config, corpus: str) -> Optional[Path]:
    """Return the gold annotation of a corpus.

    Args:
        config: A config with its variables filled in.
        corpus: Setting in [training] that names the corpus: "train_corpus" or
            "dev_corpus".

    Returns:
        The path; None if there is none, or if the reader is an unknown one.
    """
    block = _corpus_block(config, corpus)
    path = block.get(_GOLD_SETTING.get(str(block.get("@readers")), ""))
    return Path(path) if path else None


def lacks_dev(config: Config) -> bool:
    """Return whether the development corpus is spaCy's reader without a path."""
    block = _corpus_block(config, "dev_corpus")
    return block.get("@readers") == "spacy.Corpus.v1" and not block.get("path")


def hold_out(config: Config, soft_labels: Union[str, Path], number: int) -> Config:
    """Use held-out soft labels as development corpus.

    Args:
        config: A config without development corpus.
        soft_labels: Folder of soft labels.
        number: Documents to hold out.

    Returns:
        A changed copy.

    Raises:
        DistillError: If the training corpus is not `DistillCorpus.v1`.
    """
    config = config.copy()
    section, _, name = str(config["training"]["train_corpus"]).partition(".")
    train = config.get(section, {}).get(name, {})
    if train.get("@readers") != "spacy_distill.DistillCorpus.v1":
        raise DistillError(
            "Expected spacy_distill.DistillCorpus.v1 as training corpus where there is"
            " no gold annotation for development, got"
            f" {train.get('@readers', 'none')}: change [corpora.{name}], or give"
            " --paths.dev FILE."
        )
    train["held_out"] = number
    section, _, name = str(config["training"]["dev_corpus"]).partition(".")
    config[section][name] = {
        "@readers": "spacy_distill.HeldOutCorpus.v1",
        "soft_labels": str(soft_labels),
        "documents": number,
    }
    return config


def follow_teacher(
    config: Config, task: TextCatTask, settings: Mapping[str, Any]
) -> Config:
    """Give text classifiers the teacher's kind of categories: exclusive or not.

    Args:
        config: Config of the student.
        task: The teacher's task.
        settings: Overrides of the user, by dotted name.

    Returns:
        A changed copy.

    Raises:
        DistillError: If the user's override, or the factory or the model in the config,
            contradicts the teacher, or if a component would refuse its probabilities.
    """
    config = config.copy()
    kinds = {True: "exclusive categories", False: "several categories"}
    kind = kinds[task.exclusive]
    for name, pipe in config.get("components", {}).items():
        factory = str(pipe.get("factory"))
        if factory not in CLASSIFIERS:
            continue
        setting = f"components.{name}.exclusive"
        if factory == "compact_textcat":
            if settings.get(setting, task.exclusive) != task.exclusive:
                raise DistillError(
                    f"Expected {setting} as the teacher has it, which predicts {kind},"
                    f" got {settings[setting]}: leave it out."
                )
            pipe["exclusive"] = task.exclusive
            continue
        if is_exclusive(pipe) != task.exclusive:
            other = "soft_textcat" if task.exclusive else "soft_textcat_multilabel"
            raise DistillError(
                f"Expected a component for {kind}, which the teacher predicts, got"
                f" {factory} as components.{name}.factory: use {other} (and"
                " exclusive_classes of its model to match)."
            )
        for section, block in walk_sections(pipe):
            found = block.get("exclusive_classes", task.exclusive)
            if found != task.exclusive:
                where = ".".join(["components", name, *section, "exclusive_classes"])
                raise DistillError(
                    f"Expected {where} = {str(task.exclusive).lower()} for a teacher"
                    f" that predicts {kind}, got {found}: change it."
                )
        if factory in PLAIN.values():
            _check_hard(config, factory, name)
    return config


def is_exclusive(pipe: Mapping[str, Any]) -> bool:
    """Return whether the block of a text classifier is for exclusive categories.

    Args:
        pipe: Block of the component in a config.
    """
    if pipe.get("factory") == "compact_textcat":
        return bool(pipe.get("exclusive", True))
    return not str(pipe.get("factory")).endswith("multilabel")


def check_categories_of_gold(
    config: Config, *, exclusive: bool, hard: bool = False
) -> None:
    """Check the values of gold categories, which would fail in training otherwise.

    Args:
        config: A config with its variables filled in.
        exclusive: Whether each document has exactly one category.
        hard: Whether there may be no values but 0 and 1.

    Raises:
        DistillError: If a document has no, or several, exclusive categories, or values
            that cannot be used.
    """
    paths = {find_gold(config, corpus) for corpus in ("train_corpus", "dev_corpus")}
    for path in sorted(path for path in paths if path is not None):
        for doc in read_gold(path, Vocab()):
            check_probabilities(doc.cats, doc.text)
            if exclusive:
                gold_category(doc.cats, doc.text)
            if hard and not {*doc.cats.values()} <= {0.0, 1.0}:
                raise DistillError(
                    "Expected 1 and 0 in doc.cats for spaCy's own text classifier, got"
                    f" {doc.cats} for {doc.text[:40]!r}: correct the gold annotation,"
                    " or use a compact_textcat."
                )


@contextmanager
def config_errors(path: Path) -> Iterator[None]:
    """Raise spaCy's errors about a config as DistillErrors.

    Args:
        path: The config.
    """
    try:
        yield
    except (ConfigValidationError, ParserError) as error:
        raise DistillError(
            f"Expected a config that fits in {path}, got: {one_line(error)}. Correct"
            " it there or in the overrides."
        ) from error


def _corpus_block(config: Config, corpus: str) -> Dict[str, Any]:
    section, _, name = str(config.get("training", {}).get(corpus)).partition(".")
    block: Dict[str, Any] = config.get(section, {}).get(name, {})
    return block


def _check_hard(config: Config, factory: str, name: str) -> None:
    corpus = _corpus_block(config, "train_corpus")
    is_ours = corpus.get("@readers") == "spacy_distill.DistillCorpus.v1"
    if is_ours and not corpus.get("hard"):
        raise DistillError(
            f"Expected a component that learns the teacher's probabilities, got"
            f" {factory} as components.{name}.factory, which takes 1 and 0 only: use"
            f" soft_{factory}, or set hard = true in [corpora.train]."
        )


def _gold_path(name: str, setting: str, path: Any) -> Optional[Path]:
    if not path and setting == "gold":
        return None  # Soft labels alone are enough.
    if not path:
        raise DistillError(
            f"Expected a path to gold annotation in [corpora.{name}], got"
            f" {'null' if path is None else repr(path)}: give it there, or on the"
            f" command line as in --paths.{name} FILE."
        )
    return Path(path)


def _check_entities(name: str, path: Path) -> None:
    docs = read_gold(path, Vocab())
    if not any(doc.has_annotation("ENT_IOB") for doc in docs):
        raise DistillError(
            f"Expected entities in {path} for [corpora.{name}], got Docs without"
            " annotation: annotate them, or name another file."
        )


def _check_categories(name: str, path: Path) -> None:
    if not any(doc.cats for doc in read_gold(path, Vocab())):
        raise DistillError(
            f"Expected categories in {path} for [corpora.{name}], got Docs without"
            " doc.cats: set them, or name another file."
        )
