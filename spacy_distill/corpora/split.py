"""Split one gold corpus into training, development and test files, by seed."""

from collections import Counter
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from spacy.language import Language
from spacy.tokens import Doc, DocBin

from ..docs import bare_doc
from ..errors import DistillError
from ..files import write_atomically
from ..tasks.registry import check_task
from .category_sampling import draw_per_label, split_by_label
from .sources import read_gold_source

# Beside the gold files, as `build_corpus` writes it.
REST = "unlabelled/texts.spacy"


class SplitPart(NamedTuple):
    """A part of a split corpus.

    Attributes:
        documents: Number of sentences, or of texts.
        labels: Entities by label, or texts by category.
    """

    documents: int
    labels: Dict[str, int]


class SplitCorpus(NamedTuple):
    """A corpus that was split.

    Attributes:
        parts: What was written, by file name.
        notes: How the source was read, a line each.
        warnings: Labels that parts lack, or that have fewer sentences than asked for.
    """

    parts: Dict[str, SplitPart]
    notes: Tuple[str, ...]
    warnings: List[str]


def split_gold(
    path: Union[str, Path],
    output: Union[str, Path],
    nlp: Language,
    *,
    train: float = 0.8,
    dev: float = 0.1,
    seed: int = 0,
    per_label: Optional[int] = None,
    scheme: Optional[str] = None,
    word_column: Optional[int] = None,
    tag_column: Optional[int] = None,
    strict: bool = False,
    task: Optional[str] = None,
) -> SplitCorpus:
    """Split gold annotation and write `train.spacy`, `dev.spacy` and `test.spacy`.

    Each label has its share of each part, see `split_by_label`. Sentences are drawn one
    by one, whatever document they are from. Parts are in the order of the source.

    Args:
        path: Gold annotation, see `read_gold_source`.
        output: Folder to write to.
        nlp: Pipeline that tokenizes text.
        train: Share of the training part.
        dev: Share of the development part. What the two leave is for the test; if they
            leave nothing, there is no test part.
        seed: Random seed.
        per_label: Training sentences of each label that stay gold, see
            `draw_per_label`. The others are written to `unlabelled/texts.spacy`,
            without annotation. None keeps all.
        scheme: Tag scheme of column files, see `read_columns`. None detects it.
        word_column: Column of the words in column files, likewise.
        tag_column: Column of the tags in column files, likewise.
        strict: Whether invalid spans and tags are an error, and not repaired or
            dropped.
        task: What is read of a file with spans and categories.

    Returns:
        What was written.

    Raises:
        DistillError: If the annotation cannot be read, if shares do not fit, or if a
            part would be empty.
    """
    check_task(task)
    rest = round(1.0 - train - dev, 9)
    shares = {"train": train, "dev": dev, "test": rest}
    if rest == 0:
        del shares["test"]
    source = read_gold_source(
        path,
        nlp,
        scheme=scheme,
        word_column=word_column,
        tag_column=tag_column,
        strict=strict,
        task=task,
    )
    docs = [sentence.doc for sentence in source]
    labels = [list(_count([doc])) for doc in docs]
    split = split_by_label(labels, list(shares.values()), seed=seed)
    indices = dict(zip(shares, split.parts))
    warnings = [
        f"{list(shares)[missing.part]} has no {missing.label}, which"
        f" {_sentences(missing.sentences)} of the whole"
        f" {'has' if missing.sentences == 1 else 'have'}"
        for missing in split.missing
    ]
    unlabelled: List[Doc] = []
    if per_label is not None:
        inside = indices["train"]
        drawn = draw_per_label([labels[i] for i in inside], per_label, seed=seed)
        warnings += [
            f"train has {_sentences(number)} with {label}, fewer than {per_label}"
            for label, number in drawn.fewer.items()
        ]
        chosen = set(drawn.indices)
        if not chosen:
            raise DistillError(
                f"Expected labels in the training part of {path}, got none with seed"
                f" {seed}: change --seed, or leave --per-label out."
            )
        unlabelled = [docs[i] for n, i in enumerate(inside) if n not in chosen]
        indices["train"] = [inside[n] for n in drawn.indices]
    parts: Dict[str, SplitPart] = {}
    for name, chosen_docs in indices.items():
        found = [docs[i] for i in chosen_docs]
        file = f"{name}.spacy"
        write_atomically(Path(output) / file, DocBin(docs=found).to_bytes())
        parts[file] = SplitPart(len(found), _count(found))
    if unlabelled:
        bare = [bare_doc(doc, doc.vocab) for doc in unlabelled]
        write_atomically(Path(output) / REST, DocBin(docs=bare).to_bytes())
        parts[REST] = SplitPart(len(bare), {})
    return SplitCorpus(parts, source.notes, warnings)


def _count(docs: Sequence[Doc]) -> Dict[str, int]:
    """Count entities by label and texts by category, sorted by label."""
    found: Counter = Counter()
    for doc in docs:
        found.update(ent.label_ for ent in doc.ents)
        found.update(name for name, value in doc.cats.items() if value >= 0.5)
    return dict(sorted(found.items()))


def _sentences(number: int) -> str:
    return "1 sentence" if number == 1 else f"{number:,} sentences"
