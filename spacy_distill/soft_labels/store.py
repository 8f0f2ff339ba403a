"""Soft labels on disk, opened for training."""

import random
from pathlib import Path
from typing import Iterator, Optional, Tuple, Union

from spacy.language import Language
from spacy.tokens import Doc

from ..docs import tokenizer_hash
from ..errors import DistillError
from ..files import sha256_file
from ..words import WordPieces
from .manifest import Manifest
from .shards import read_shard

WORD_PIECES = "word_pieces.msgpack"


class SoftLabels:
    """A folder of soft labels that `annotate` has completed.

    path: the folder.

    Raises DistillError if the folder holds none, or if they are not complete.
    """

    def __init__(self, path: Union[str, Path]) -> None:
        self.path = Path(path)
        self.manifest = Manifest.read(self.path)
        if not self.manifest.complete:
            raise DistillError(
                f"Expected complete soft labels in {self.path}, but the annotation"
                f" stopped after {self.manifest.counts.docs} documents: run the same"
                " `spacy-distill annotate` again and it goes on from there."
            )

    @property
    def tags(self) -> Tuple[str, ...]:
        """The logits' columns in order."""
        return self.manifest.tags

    def check(self, nlp: Language) -> None:
        """Check that `nlp` would have made the same tokens.

        Raises DistillError if its language differs, or its tokenizer; the latter does
        not matter where the documents came with tokens of their own.
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

    def read(self, nlp: Language, rng: Optional[random.Random] = None) -> Iterator[Doc]:
        """Yield all documents, with the vocab of `nlp`, holding one shard at a time.

        Each has the logits and the tags in its `user_data` (see `keys`). With `rng`
        the shards are shuffled, and the documents within each.

        Raises DistillError for a shard that is not the one that was written.
        """
        shards = list(self.manifest.shards)
        if rng is not None:
            rng.shuffle(shards)
        for shard in shards:
            docs = read_shard(
                self.path / shard.file, nlp.vocab, self.tags, sha256=shard.sha256
            )
            if rng is not None:
                rng.shuffle(docs)
            yield from docs
            # Else the old shard stays in memory while the next one is read.
            del docs

    def word_pieces(self) -> Optional[WordPieces]:
        """Return the teacher's word pieces, or None if it has none.

        Raises DistillError if their file is not the one that was written.
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
