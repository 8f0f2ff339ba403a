"""Texts with categories as gold: Docs with `doc.cats`."""

from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple

from spacy.language import Language
from spacy.tokens import Doc

from ....errors import DistillError
from ..spans import name_some
from .read import CategoryFiles, read_categories
from .records import CategoryText


class CategoryGold(NamedTuple):
    """Texts with categories as gold.

    Attributes:
        docs: Docs with categories.
        notes: How categories were read and what was left out, a line each.
    """

    docs: List[Doc]
    notes: List[str]


def read_category_gold(
    path: Path, nlp: Language, *, task: Optional[str] = None, strict: bool = False
) -> CategoryGold:
    """Read texts with categories as Docs.

    `doc.cats` has 1 or 0 for each category of the file. Categories are exclusive unless
    a text has several, or a score for each that sums to less than 1. Of several
    annotations of a text, the first counts.

    Args:
        path: A file or folder, see `read_categories`.
        nlp: Pipeline that tokenizes, and whose vocab the Docs have.
        task: "textcat" or "textcat_multilabel"; by default decided by the texts.
        strict: Whether annotations of a text that differ are an error.

    Returns:
        The Docs, and how they were read.

    Raises:
        DistillError: As `read_categories`; or, if strict, if annotations differ.
    """
    found = read_categories(path, task=task)
    kept, others = _first_annotations(found)
    if others and strict:
        raise DistillError(
            f"Expected one annotation of each text in {path}, got {len(others)} that"
            f" differ: {name_some(others)}. Decide, or leave out --strict to take the"
            " first of each text."
        )
    docs = []
    undecided: List[str] = []
    for text in kept:
        cats = _cats(text, found)
        if not cats:
            undecided.append(text.place.short)
            continue
        doc = nlp.make_doc(text.text)
        doc.cats = cats
        docs.append(doc)
    notes = [_describe(found)]
    if found.left_out:
        reasons = ", ".join(f"{number} {why}" for why, number in found.left_out.items())
        notes.append(f"left out texts ({reasons})")
    if undecided:
        notes.append(f"left out texts without a best category: {name_some(undecided)}")
    if others:
        notes.append(
            "took the first annotation of texts with several; of the others,"
            f" {len(others)} differ ({name_some(others)})"
        )
    return CategoryGold(docs, notes)


def _cats(text: CategoryText, found: CategoryFiles) -> Dict[str, float]:
    """Return the value of `doc.cats`, empty if exclusive categories are as likely."""
    if not found.exclusive:
        return {
            name: float(text.scores.get(name, 0.0) >= 0.5)
            for name in found.categories
            # Of others nothing is known.
            if text.closed or name in text.scores
        }
    # Those without a score share the rest: a category was rejected, or is uncertain.
    missing = [name for name in found.categories if name not in text.scores]
    share = max(0.0, 1.0 - sum(text.scores.values())) / max(len(missing), 1)
    scores = {name: text.scores.get(name, share) for name in found.categories}
    best = max(scores.values())
    if list(scores.values()).count(best) > 1:
        return {}
    return {name: float(score == best) for name, score in scores.items()}


def _first_annotations(
    found: CategoryFiles,
) -> Tuple[List[CategoryText], List[str]]:
    """Keep the first annotation of each text, and name those that differ from it."""
    first: Dict[str, CategoryText] = {}
    others: List[str] = []
    for text in found.texts:
        before = first.setdefault(text.text, text)
        if before is not text and _cats(text, found) != _cats(before, found):
            others.append(f"{text.place.short} against {before.place.short}")
    return list(first.values()), others


def _describe(found: CategoryFiles) -> str:
    number = f"{len(found.categories)} categories"
    if found.exclusive:
        return f"{number}, one for each text (textcat)"
    why = ""
    if found.several is not None:
        why = f", as in {found.several.place.short}"
    return f"{number}, any number for each text (textcat_multilabel{why})"
