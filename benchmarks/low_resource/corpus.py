"""The corpus that a grid runs on, looked through before anything is trained."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Set, Tuple

import spacy

from spacy_distill.corpora.sources import read_gold_source
from spacy_distill.errors import DistillError
from spacy_distill.files import sha256_file, sha256_path

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Corpus:
    """Gold data to draw from, and to choose and measure with.

    name: what the results call it. train, dev, test: `.spacy` files.
    unlabelled: what `spacy-distill corpus --unlabelled` takes; None for the training
        sentences that are not drawn.
    labels: of the entities in train, sorted. sentences: in train.
    """

    name: str
    train: Path
    dev: Path
    test: Path
    unlabelled: Optional[Path]
    labels: Tuple[str, ...]
    sentences: int

    def describe(self) -> Dict[str, Any]:
        """The contents of the files."""
        hashes: Dict[str, Any] = {s: sha256_file(getattr(self, s)) for s in SPLITS}
        more = self.unlabelled
        if more is None:
            hashes["unlabelled"] = "rest of train"
        else:
            hashes["unlabelled"] = sha256_path(more)
        return hashes

    def check_labels(self, labels: Sequence[int]) -> None:
        """Raise DistillError unless so many sentences can be drawn, for each number."""
        rest = self.unlabelled is None
        most = self.sentences - rest
        for n in labels:
            if not 1 <= n <= most:
                raise DistillError(
                    f"Expected from 1 to {most} labels, as {self.train} has"
                    f" {self.sentences} sentences"
                    f"{' and some are to be left unlabelled' if rest else ''}, got {n}:"
                    " ask for fewer or give more text."
                )


def read_corpus(
    name: str,
    *,
    train: Path,
    dev: Path,
    test: Path,
    unlabelled: Optional[Path] = None,
    lang: str,
) -> Corpus:
    """Look through the files of a corpus; see `Corpus` for the arguments.

    Raises DistillError for a name that is no file name, a file that is missing or no
    `.spacy` file, a split without entities, or a label that train does not have.
    """
    if not name or not all(c.isalnum() or c in "._-" for c in name) or name[0] == ".":
        raise DistillError(
            "Expected a corpus name of letters, digits, '.', '_' and '-', got"
            f" {name!r}: files are named by it."
        )
    nlp = spacy.blank(lang)
    found: Dict[str, Set[str]] = {}
    sentences = 0
    for split, path in zip(SPLITS, (train, dev, test)):
        if path.suffix != ".spacy":
            raise DistillError(
                f"Expected a .spacy file as --{split}, got {path}: make one with"
                " `spacy-distill corpus`."
            )
        docs = [sentence.doc for sentence in read_gold_source(path, nlp)]
        found[split] = {ent.label_ for doc in docs for ent in doc.ents}
        if not found[split]:
            raise DistillError(
                f"Expected entities in {path}, got none in {len(docs)} sentences: give"
                " annotated data."
            )
        if split == "train":
            sentences = len(docs)
        unknown = found[split] - found["train"]
        if unknown:
            raise DistillError(
                f"Expected in {path} the labels of {train}, got"
                f" {', '.join(sorted(unknown))} too, which nothing can learn: take the"
                " label out, or add training sentences that have it."
            )
    if unlabelled is not None and not unlabelled.exists():
        raise DistillError(f"Expected text at {unlabelled}, got nothing there.")
    return Corpus(
        name=name,
        train=train,
        dev=dev,
        test=test,
        unlabelled=unlabelled,
        labels=tuple(sorted(found["train"])),
        sentences=sentences,
    )
