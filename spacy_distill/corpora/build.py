"""Builds the files of a corpus from gold and unlabelled sources."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import (
    Any,
    Collection,
    Dict,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
    Union,
)

from spacy.language import Language
from spacy.tokens import DocBin

from ..docs import bare_doc
from ..errors import DistillError
from ..files import write_atomically
from ..tasks.registry import check_task
from .checks import CorpusFigures, SourceFigures, check_corpus, shared_topics
from .gold_files import SourceSentence
from .sources import read_gold_source, read_unlabelled_source

Item = TypeVar("Item")


def draw_gold(
    sentences: Sequence[Item], n: int, *, seed: int
) -> Tuple[List[Item], List[Item]]:
    """Sample `n` gold sentences at random. The rest is meant to be used without labels.

    The protocol of Izsak et al. 2019 (arXiv 1910.06294, section 4): the indices are
    shuffled once with `seed`, so a larger sample contains the smaller ones of the same
    seed.

    Args:
        sentences: All labelled sentences.
        n: Number of gold sentences.
        seed: Random seed.

    Returns:
        The gold sentences and the rest, both in shuffled order.

    Raises:
        DistillError: If `n` is negative or larger than the number of sentences.
    """
    if not 0 <= n <= len(sentences):
        raise DistillError(
            f"Expected a number of gold sentences from 0 to {len(sentences)}, the"
            f" training sentences there are, got {n}; ask for fewer or give more text."
        )
    order = list(range(len(sentences)))
    random.Random(seed).shuffle(order)
    return [sentences[i] for i in order[:n]], [sentences[i] for i in order[n:]]


GOLD_SPLITS = ("train", "dev", "test")
FIGURES_FILE = "corpus.json"


def build_corpus(
    *,
    train: Union[str, Path],
    dev: Union[str, Path],
    test: Union[str, Path],
    unlabelled: Optional[Union[str, Path]],
    n_labels: int,
    seed: int,
    nlp: Language,
    labels: Optional[Collection[str]],
    scheme: Optional[str] = None,
    word_column: Optional[int] = None,
    tag_column: Optional[int] = None,
    strict: bool = False,
    task: Optional[str] = None,
    out: Union[str, Path],
) -> CorpusFigures:
    """Read the sources, sample the gold sentences and write the corpus to a folder.

    The folder contains:

    - `train.spacy`, `dev.spacy` and `test.spacy`, with one sentence per Doc
    - `unlabelled/texts.jsonl` if the unlabelled source is text: objects with `text` and
      `meta.topic`, tokenized later
    - `unlabelled/texts.spacy` if it has tokens of its own (`.spacy`, column files):
      these tokens without annotation
    - `corpus.json`, with the settings, the statistics and how the sources were read

    The output is deterministic: the same sources and settings give the same bytes.

    Args:
        train: Gold source of the training split, see `read_gold_source`.
        dev: Gold source of the development split.
        test: Gold source of the test split.
        unlabelled: Source of unlabelled text, see `read_unlabelled_source`. None uses
            the training sentences that are not sampled as gold.
        n_labels: Number of training sentences that keep their labels. 0 keeps all.
        seed: Random seed of the sample.
        nlp: Pipeline that tokenizes markup.
        labels: Allowed entity labels. None allows any label.
        scheme: Tag scheme of column files, see `read_columns`. None detects it.
        word_column: Column of the words in column files, from 1, or from -1 for the
            last. None finds it.
        tag_column: Column of the entity tags in column files, likewise.
        strict: Whether invalid spans and tags are an error, and not repaired or
            dropped, see `formats.read_annotated_gold` and `read_columns`.
        task: What is read of annotated text, see `formats.read_annotated_gold`.
        out: Folder to write to.

    Returns:
        The statistics of the corpus.

    Raises:
        DistillError: If a source has an error, gold has no entities, a topic occurs in
            more than one source, there is no unlabelled text, or settings of column
            files are given without any.
    """
    check_task(task)
    columns: Dict[str, Any] = {"word_column": word_column, "tag_column": tag_column}
    sources = {
        name: read_gold_source(
            path,
            nlp,
            labels=labels,
            scheme=scheme,
            strict=strict,
            task=task,
            **columns,
        )
        for name, path in zip(GOLD_SPLITS, (train, dev, test))
    }
    if unlabelled is not None:
        sources["unlabelled"] = read_unlabelled_source(unlabelled, nlp, **columns)
    _check_topics_apart(sources)
    if not any(source.has_columns for source in sources.values()):
        _check_not_given(scheme=scheme, **columns)
    gold = {name: sources[name].sentences for name in GOLD_SPLITS}
    _complete_categories(gold)
    rest: List[SourceSentence] = []
    if n_labels:
        gold["train"], rest = draw_gold(gold["train"], n_labels, seed=seed)
        _check_has_entities(gold["train"], seed)
    if unlabelled is None:
        given = [s._replace(doc=bare_doc(s.doc, s.doc.vocab)) for s in rest]
    else:
        given = sources["unlabelled"].sentences
    if not given:
        raise DistillError(
            "Expected unlabelled text for the teacher to annotate, got none, and all"
            f" {len(gold['train'])} training sentences as gold; give unlabelled text,"
            " or a smaller number of labels so that a rest remains."
        )
    figures = replace(
        check_corpus(gold, unlabelled={"unlabelled": given}),
        sources={
            name: SourceFigures(source.notes, *source.trimmed)
            for name, source in sources.items()
        },
    )
    settings = {
        "lang": nlp.lang,
        "labels": None if labels is None else list(labels),
        "n_labels": len(gold["train"]),
        "seed": seed if n_labels else None,
        "unlabelled_is_rest_of_train": unlabelled is None,
    }
    as_text = not sources["train" if unlabelled is None else "unlabelled"].own_tokens
    _write(Path(out), gold, given, as_text, settings, figures)
    return figures


def _complete_categories(gold: Mapping[str, Sequence[SourceSentence]]) -> None:
    """Add the categories of other splits to Docs that have all of their own split's.

    Of a Doc that lacks some of them nothing is known of the others either.
    """
    of_split = {
        name: dict.fromkeys(cat for s in split for cat in s.doc.cats)
        for name, split in gold.items()
    }
    everything = sorted({name for names in of_split.values() for name in names})
    for name, split in gold.items():
        for sentence in split:
            cats = sentence.doc.cats
            if cats and len(cats) == len(of_split[name]):
                sentence.doc.cats = {cat: cats.get(cat, 0.0) for cat in everything}


def _check_not_given(**settings: Union[None, int, str]) -> None:
    for name, value in settings.items():
        if value is not None:
            raise DistillError(
                f"Expected --{name.replace('_', '-')} with a column file only, got"
                f" {value} and no such file: leave it out."
            )


def _check_has_entities(drawn: List[SourceSentence], seed: int) -> None:
    if not any(sentence.doc.ents or sentence.doc.cats for sentence in drawn):
        raise DistillError(
            f"Expected entities in the {len(drawn)} training sentences that were drawn"
            f" with seed {seed}, got none: draw more with --n-labels, or change --seed."
        )


def _check_topics_apart(sources: Mapping[str, Sequence[SourceSentence]]) -> None:
    shared = shared_topics(sources)
    if shared:
        raise DistillError(
            "Expected every topic in one split only, got"
            f" '{shared[0].topic}' in {' and '.join(shared[0].splits)}"
            f" ({len(shared)} such); move or rename the documents."
        )


def _write(
    out: Path,
    gold: Dict[str, List[SourceSentence]],
    unlabelled: List[SourceSentence],
    as_text: bool,
    settings: Dict[str, Any],
    figures: CorpusFigures,
) -> None:
    files = {f"{name}.spacy": _docbin(split) for name, split in gold.items()}
    jsonl, docbin = "unlabelled/texts.jsonl", "unlabelled/texts.spacy"
    if as_text:
        files[jsonl] = _jsonl(unlabelled)
    else:
        files[docbin] = _docbin(unlabelled)
    record = {"settings": settings, **figures.to_json()}
    files[FIGURES_FILE] = _json(record, indent=2)
    for name, data in files.items():
        write_atomically(out / name, data)
    # Remove the other format, which an earlier run may have written.
    (out / (docbin if as_text else jsonl)).unlink(missing_ok=True)


def _docbin(sentences: List[SourceSentence]) -> bytes:
    return DocBin(docs=[sentence.doc for sentence in sentences]).to_bytes()


def _jsonl(sentences: List[SourceSentence]) -> bytes:
    return b"".join(
        _json({"text": s.doc.text, "meta": {"topic": s.topic}}) for s in sentences
    )


def _json(value: Any, *, indent: Optional[int] = None) -> bytes:
    # No ASCII escapes, so that accented letters stay readable in the file.
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return (text + "\n").encode("utf-8")
