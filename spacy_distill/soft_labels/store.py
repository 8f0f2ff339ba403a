"""Soft labels on disk, opened for training."""

import random
from pathlib import Path
from typing import Iterator, List, Optional, Union

from spacy.language import Language
from spacy.tokens import Doc

from ..addresses import as_path
from ..docs import tokenizer_hash
from ..errors import DistillError
from ..files import sha256_file
from ..tasks.base import Task
from ..words import WordPieces
from .manifest import Manifest
from .shards import read_shard

WORD_PIECES = "word_pieces.msgpack"


class SoftLabels:
    """Stored teacher predictions and their manifest.

    Args:
        path: Folder that `annotate` has completed, or its address.

    Attributes:
        path: The folder.
        manifest: Its manifest.
        task: The task of the logits.

    Raises:
        DistillError: If there are no soft labels in the folder, or if they are not
            complete.
    """

    def __init__(self, path: Union[str, Path]) -> None:
        self.path = as_path(path)
        self.manifest = Manifest.read(self.path)
        if not self.manifest.complete:
            raise DistillError(
                f"Expected complete soft labels in {self.path}, but the annotation"
                " did not finish: run the same `spacy-distill annotate` again and it"
                " continues."
            )
        self.task: Task = self.manifest.find_task()

    def __len__(self) -> int:
        return self.manifest.counts.docs

    def check(self, nlp: Language) -> None:
        """Check that a pipeline has the tokenizer that the soft labels were made with.

        The tokenizer is not compared if the documents had tokens of their own.

        Args:
            nlp: The student's pipeline.

        Raises:
            DistillError: If its language or its tokenizer differs.
        """
        if nlp.lang != self.manifest.language:
            raise DistillError(
                f"Expected a pipeline of language {self.manifest.language!r} for the"
                f" soft labels in {self.path}, got {nlp.lang!r}: change [nlp] lang in"
                " the student's config, or annotate with another teacher."
            )
        expected = self.manifest.tokenizer_hash
        if expected is not None and tokenizer_hash(nlp) != expected:
            raise DistillError(
                f"Expected the teacher's tokenizer, which made the soft labels in"
                f" {self.path}, got another one: give the student the same [nlp]"
                " tokenizer settings, or annotate .spacy files with the student's own"
                " tokens."
            )

    def read(
        self,
        nlp: Language,
        rng: Optional[random.Random] = None,
        *,
        held_out: int = 0,
    ) -> Iterator[Doc]:
        """Read the documents, one shard at a time.

        Args:
            nlp: Pipeline whose vocab the Docs get.
            rng: Shuffles the shards, and the documents within each. None for the order
                of the texts.
            held_out: Leave out the documents that `read_held_out` reads.

        Yields:
            Docs with logits and column names in `user_data`.

        Raises:
            DistillError: If a shard is not the one that was written.
        """
        left_out = set(self._held_out(held_out))
        firsts, first = [], 0
        for shard in self.manifest.shards:
            firsts.append(first)
            first += shard.docs
        shards = list(zip(self.manifest.shards, firsts))
        if rng is not None:
            rng.shuffle(shards)
        for shard, first in shards:
            docs = read_shard(
                self.path / shard.file, nlp.vocab, self.task, sha256=shard.sha256
            )
            if left_out:
                docs = [d for i, d in enumerate(docs, first) if i not in left_out]
            if rng is not None:
                rng.shuffle(docs)
            yield from docs
            # Else this shard stays in memory while the next one is read.
            del docs

    def read_held_out(self, nlp: Language, number: int) -> Iterator[Doc]:
        """Read held-out documents, evenly spread over all.

        Args:
            nlp: Pipeline whose vocab the Docs get.
            number: How many documents.

        Yields:
            Docs as `read` yields them, in the order of the texts.
        """
        wanted = set(self._held_out(number))
        for i, doc in enumerate(self.read(nlp)):
            if i in wanted:
                yield doc

    def word_pieces(self) -> Optional[WordPieces]:
        """Return the teacher's word pieces, or None if it has none.

        Raises:
            DistillError: If their file is not the one that was written.
        """
        if self.manifest.word_pieces is None:
            return None
        path = self.path / WORD_PIECES
        if sha256_file(path) != self.manifest.word_pieces:
            raise DistillError(
                f"Expected the word pieces that were written to {path}, got others:"
                " remove the folder and annotate again."
            )
        return WordPieces.from_file(path)

    def _held_out(self, number: int) -> List[int]:
        """Numbers of the held-out documents, from 0."""
        total = len(self)
        if not 0 <= number < max(total, 1):
            raise DistillError(
                f"Expected to hold out fewer than the {total} documents of the soft"
                f" labels in {self.path}, got {number}: give more text, or a smaller"
                " number."
            )
        return [i * total // number for i in range(number)]
