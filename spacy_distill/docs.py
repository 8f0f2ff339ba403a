"""Docs and pipelines: bare copies, blank and trained pipelines, gold files."""

import shlex
from functools import lru_cache
from pathlib import Path
from typing import Any, Iterator, List, Mapping, NamedTuple, Optional, Union

import spacy
from spacy.attrs import ORTH, SPACY
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training.corpus import walk_corpus
from spacy.util import get_lang_class, logger
from spacy.vocab import Vocab

from .errors import DistillError
from .files import sha256_bytes
from .languages import check_segmenter, missing_package, unknown_language

# Keys of `doc.user_data`.
# Teacher logits before temperature, float16 [n_tokens, n_tags].
LOGITS = "spacy_distill.logits"
# Tuple of n_tags tag names in column order. Set on reading, not stored.
COLUMNS = "spacy_distill.columns"
# Tuple of the labels of all gold annotation. Readers set it on the first Doc.
GOLD_LABELS = "spacy_distill.gold_labels"


def bare_doc(
    doc: Doc,
    vocab: Optional[Vocab] = None,
    *,
    start: int = 0,
    end: Optional[int] = None,
) -> Doc:
    """Copy the words and spaces of a Doc, without annotation.

    Args:
        doc: The Doc.
        vocab: Vocab of the copy; by default the Doc's own.
        start: First token to copy.
        end: First token after those to copy; by default all to the end.

    Returns:
        A Doc with the same words and spaces.
    """
    orths: Any = doc.to_array([ORTH]).ravel()[start:end]
    spaces: Any = doc.to_array([SPACY]).ravel()[start:end].astype(bool)
    if vocab is not None and vocab is not doc.vocab:
        # Hashes are the same in any vocab, but the strings must be added.
        orths = [doc.vocab.strings[orth] for orth in orths.tolist()]
    return Doc(doc.vocab if vocab is None else vocab, words=orths, spaces=spaces)


def blank_pipeline(
    lang: str, *, tokenizer: Optional[Mapping[str, Any]] = None
) -> Language:
    """Return a blank pipeline for a language.

    Args:
        lang: Language code, such as `en`.
        tokenizer: Block [nlp.tokenizer] of a config; None for the language's own.

    Returns:
        The pipeline, which has a tokenizer only.

    Raises:
        DistillError: If spaCy does not support the language, or if a package that it
            needs for the language is not installed.
    """
    try:
        language = get_lang_class(lang)
    except (ImportError, AttributeError, TypeError) as error:
        raise unknown_language(lang) from error
    config = {"nlp": {"tokenizer": dict(tokenizer)}} if tokenizer else {}
    try:
        nlp = language.from_config(config)
        check_segmenter(nlp.tokenizer)
    except ImportError as error:
        raise missing_package(language.lang or lang, error) from error
    return nlp


def read_gold(path: Path, vocab: Vocab) -> Iterator[Doc]:
    """Read Docs from a `.spacy` file or from all of them in a folder.

    Args:
        path: Path of the file or folder. Files in a folder are read in order of their
            names.
        vocab: Vocab of the Docs.

    Yields:
        The Docs.

    Raises:
        DistillError: If the path is missing, a file is not in `.spacy` format, or there
            are no Docs.
    """
    path = Path(path)
    if not path.exists():
        raise DistillError(
            f"Expected gold annotation at {path}, got nothing there: check the path, "
            "or make it with `spacy-distill convert`."
        )
    if path.is_file() and path.suffix != ".spacy":
        raise DistillError(f"Expected a .spacy file, got {path}: {_convert(path)}.")
    found = False
    for file in walk_corpus(path, ".spacy"):
        try:
            docs = list(DocBin().from_disk(file).get_docs(vocab))
        except Exception as error:  # zlib, msgpack and KeyErrors alike
            raise DistillError(
                f"Expected a .spacy file, got something else in {file}"
                f" ({type(error).__name__}): {_convert(file)}."
            ) from error
        found = found or bool(docs)
        yield from docs
    if not found:
        raise DistillError(
            f"Expected gold annotation in {path}, got no Docs: a few labelled "
            "sentences are needed."
        )


def _convert(file: Path) -> str:
    name = file.name.partition(".")[0] or "gold"
    # Beside a file that has that name already, but is none.
    name = f"{name}_new" if file.suffix == ".spacy" else name
    command = shlex.join(["spacy-distill", "convert", str(file), "-o", f"{name}.spacy"])
    return f"make one of it with `{command}`"


class Trimmed(NamedTuple):
    """Entities that `trim_entities` changed.

    Attributes:
        trimmed: Number of entities that lost whitespace at an end.
        dropped: Number of entities that were whitespace only.
    """

    trimmed: int = 0
    dropped: int = 0

    @property
    def total(self) -> int:
        """Number of entities trimmed or dropped."""
        return self.trimmed + self.dropped

    def add(self, other: "Trimmed") -> "Trimmed":
        """Return the sums with the counts of other entities."""
        return Trimmed(self.trimmed + other.trimmed, self.dropped + other.dropped)


@lru_cache(maxsize=64)
def warn_trimmed(trimmed: Trimmed, data: str) -> None:
    """Log how many gold entities were trimmed and dropped, if any.

    The same message is logged once: spaCy reads and evaluates the same data repeatedly.

    Args:
        trimmed: How many.
        data: What they are from, such as a path.
    """
    parts = []
    if trimmed.trimmed:
        parts.append(f"{trimmed.trimmed:,} trimmed")
    if trimmed.dropped:
        parts.append(f"{trimmed.dropped:,} of whitespace alone dropped")
    if parts:
        logger.warning(
            f"Gold entities that start or end with whitespace in {data}:"
            f" {', '.join(parts)}"
        )


def trim_entities(doc: Doc) -> Trimmed:
    """Trim whitespace tokens from the ends of a Doc's entities, in place.

    Decoding never starts or ends an entity with whitespace, so training on such an
    entity teaches tags that cannot be predicted. Whitespace within an entity stays.
    The tokens that are cut off become outside; missing annotation stays missing.

    Args:
        doc: The Doc. A Doc without entity annotation is not changed.

    Returns:
        The number of entities trimmed and dropped.
    """
    kept: List[Span] = []
    outside: List[Span] = []
    trimmed = dropped = 0
    for ent in doc.ents:
        start, end = ent.start, ent.end
        while start < end and doc[start].is_space:
            start += 1
        while end > start and doc[end - 1].is_space:
            end -= 1
        if (start, end) == (ent.start, ent.end):
            continue
        if start == end:
            dropped += 1
            outside.append(doc[ent.start : ent.end])
            continue
        trimmed += 1
        kept.append(
            Span(doc, start, end, label=ent.label, kb_id=ent.kb_id, span_id=ent.id)
        )
        outside += [
            part for part in (doc[ent.start : start], doc[end : ent.end]) if len(part)
        ]
    if kept or outside:
        doc.set_ents(kept, outside=outside, default="unmodified")
    return Trimmed(trimmed, dropped)


# Packages of components that teachers often have.
_PACKAGES = {
    "transformer": '"spacy-distill[train]"',
    "curated_transformer": "spacy-curated-transformers",
}


def load_pipeline(name: Union[str, Path]) -> Language:
    """Load a pipeline.

    Args:
        name: An installed package or a folder.

    Returns:
        The pipeline.

    Raises:
        DistillError: If it cannot be loaded.
    """
    folder = Path(name)
    if folder.is_dir() and not (folder / "config.cfg").is_file():
        raise DistillError(
            f"Expected a pipeline with a config.cfg in {folder}, got none:"
            f" {_find_trained(folder)}."
        )
    try:
        return spacy.load(name)
    except (OSError, ValueError, ImportError, KeyError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        for factory, package in _PACKAGES.items():
            if f"factory for '{factory}'" in reason:
                reason = f"its {factory} needs a package: run pip install {package}."
        raise DistillError(
            f"Expected a pipeline, installed or in a folder, at {str(name)!r}: {reason}"
        ) from error


def _find_trained(folder: Path) -> str:
    """Name the pipeline in the output of a training."""
    for name in ("model-best", "model-last"):
        if (folder / name / "config.cfg").is_file():
            return f"it is the output of a training, so give {folder / name}"
    return "save it there with `nlp.to_disk`"


def tokenizer_hash(nlp: Language) -> str:
    """Return a SHA-256 over the tokenizer's class, rules and exceptions.

    Pipelines with the same hash and language tokenize alike. The vocab is excluded, so
    that processing texts does not change the hash.

    Args:
        nlp: The pipeline.

    Returns:
        64 hexadecimal digits.
    """
    tokenizer: Any = nlp.tokenizer
    kind = f"{type(tokenizer).__module__}.{type(tokenizer).__qualname__}\n"
    return sha256_bytes(kind.encode("utf-8") + tokenizer.to_bytes(exclude=["vocab"]))
