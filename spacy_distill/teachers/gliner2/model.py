"""A GLiNER2 model and its schema: texts in, results out."""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from ...errors import DistillError
from ...files import sha256_bytes, sha256_file
from ...hub import Located, hash_model, longest_input
from ...windows import Window, batches_by_size, split_by_size
from ..model_teacher import hash_loaded

# Most word pieces in a padded batch, as for GLiNER.
_MAX_BATCH_PIECES = 4096
# The encoder's config, in the folder of a model.
_ENCODER_CONFIG = "encoder_config/config.json"


class Word(NamedTuple):
    """A word as GLiNER2 splits texts.

    Attributes:
        start: First character.
        end: Character after the last.
        size: Number of word pieces.
    """

    start: int
    end: int
    size: int


class Part(NamedTuple):
    """A window of a text.

    Attributes:
        words: Its words.
        start: Its first character.
        text: Its text.
        size: Number of word pieces, those of the schema included.
    """

    words: Window
    start: int
    text: str
    size: int


class GLiNER2Model:
    """A GLiNER2 model and its schema.

    Args:
        extractor: A model of GLiNER2, of any architecture.
        schema: What to find, as its method `create_schema` makes it.
        source: Name of the model, for error messages.
        window: Most word pieces of an input, including the schema; None for the
            model's maximum.
        overlap: Word pieces that adjacent windows share; None for an eighth of the
            window.

    Attributes:
        tokenizer: The encoder's tokenizer.
        window: Most word pieces of an input.
        overlap: Word pieces that adjacent windows share.

    Raises:
        DistillError: If the window is too large, or if the schema leaves no room for a
            text.
    """

    def __init__(
        self,
        extractor: Any,
        schema: Any,
        *,
        source: str,
        window: Optional[int] = None,
        overlap: Optional[int] = None,
    ) -> None:
        self._extractor = extractor
        self._schema = schema
        self.tokenizer = extractor.processor.tokenizer
        encoder = extractor.encoder
        longest = longest_input(self.tokenizer, encoder, encoder.config)
        self.window = longest if window is None else window
        self.overlap = self.window // 8 if overlap is None else overlap
        # Those of the schema, and of the full stop that GLiNER2 adds to a text.
        empty = extractor.processor.collate_fn_inference(
            [("", schema)], architecture=extractor.architecture
        )
        self._n_taken = int(empty.input_ids.shape[1])
        self._room = self.window - self._n_taken
        if self.window > longest or not 0 <= self.overlap < self._room:
            raise DistillError(
                f"Expected a window of at most {longest} word pieces, the maximum of"
                f" {source}, and an overlap from 0 to below what the labels leave of"
                f" it, got window={self.window} and overlap={self.overlap} with"
                f" {self._n_taken} word pieces of labels: change them, or use fewer or"
                " shorter labels."
            )

    @property
    def embeddings(self) -> np.ndarray:
        """Input embeddings, float32 [vocab_size, width]."""
        weight = self._extractor.encoder.get_input_embeddings().weight
        return weight.detach().float().cpu().numpy()

    def hash_contents(self) -> str:
        """Return the SHA-256 of a model that is in memory; see `hash_loaded`."""
        model = self._extractor
        contents = hash_loaded(
            model, self.tokenizer, model.config, model.encoder.config
        )
        splitter = type(model.processor.word_splitter).__qualname__
        return sha256_bytes(f"{contents} {splitter}".encode())

    def sizes(self, texts: List[str]) -> List[int]:
        """Return the number of word pieces of each text, including the schema.

        Args:
            texts: The texts.
        """
        return [
            self._n_taken + sum(word.size for word in self._split_words(text))
            for text in texts
        ]

    def split(self, text: str) -> List[Part]:
        """Split a text into windows that fit the model.

        Args:
            text: The text.

        Returns:
            The windows, at least one. The only one has the whole text.
        """
        words = self._split_words(text)
        sizes = [word.size for word in words]
        windows = split_by_size(sizes, most=self._room, overlap=self.overlap)
        if len(windows) < 2:
            # Whitespace at the ends is kept, as GLiNER2 reads it with the text.
            return [Part((0, len(words)), 0, text, self._n_taken + sum(sizes))]
        return [
            Part(
                (first, last),
                words[first].start,
                text[words[first].start : words[last - 1].end],
                self._n_taken + sum(sizes[first:last]),
            )
            for first, last in windows
        ]

    def run(self, parts: Sequence[Part], **options: Any) -> List[Dict[str, Any]]:
        """Run the model on windows, those of similar size in one batch.

        Args:
            parts: The windows.
            **options: Arguments of GLiNER2's `batch_extract`.

        Returns:
            GLiNER2's results for each window.
        """
        from thinc.api import get_torch_default_device

        self._extractor.to(get_torch_default_device())
        out: List[Dict[str, Any]] = [{} for _ in parts]
        sizes = [part.size for part in parts]
        for batch in batches_by_size(sizes, most=_MAX_BATCH_PIECES):
            found = self._extractor.batch_extract(
                [parts[i].text for i in batch],
                self._schema,
                batch_size=len(batch),
                format_results=False,
                **options,
            )
            for i, results in zip(batch, found):
                out[i] = results
        return out

    def _split_words(self, text: str) -> List[Word]:
        split = self._extractor.processor.word_splitter
        words = [Word(start, end, 0) for _, start, end in split(text, lower=True)]
        return self._measure(words, text)

    def _measure(self, words: Sequence[Word], text: str) -> List[Word]:
        """Count the word pieces, and halve words that are longer than an input."""
        if not words:
            return []
        batch = self.tokenizer(
            # GLiNER2 reads texts in lower case.
            [text[word.start : word.end].lower() for word in words],
            add_special_tokens=False,
            return_attention_mask=False,
            verbose=False,
        )
        out: List[Word] = []
        for word, ids in zip(words, batch["input_ids"]):
            if len(ids) <= self._room:
                out.append(word._replace(size=len(ids)))
                continue
            middle = (word.start + word.end) // 2
            halves = [word._replace(end=middle), word._replace(start=middle)]
            # In one window, they would be one word again.
            alone = [
                half._replace(size=self._room) for half in self._measure(halves, text)
            ]
            out.extend(alone)
        return out


def load_extractor(located: Located, *, source: str) -> Any:
    """Load a GLiNER2 model from files.

    Args:
        located: The files of the model.
        source: Name of the model, for error messages.

    Returns:
        The model.

    Raises:
        DistillError: If GLiNER2 is not installed, or if the model cannot be loaded.
    """
    try:
        from gliner2 import AutoExtractor
    except ImportError as error:
        raise DistillError(
            "Expected GLiNER2 to be installed, for a GLiNER2 teacher: run"
            " `pip install spacy-distill[gliner2]`."
        ) from error
    hub = {} if located.revision is None else {"revision": located.revision}
    # An invalid model raises errors of many types.
    try:
        return AutoExtractor.from_pretrained(located.location, **hub)
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DistillError(
            f"Could not load the GLiNER2 model {source}: {reason.rstrip('.')}. Save it"
            " with `model.save_pretrained(folder)`, and give the folder."
        ) from error


def hash_files(located: Located) -> str:
    """Return the SHA-256 of the files of a GLiNER2 model.

    Args:
        located: The files, which have been loaded.
    """
    encoder = sha256_file(located.folder / _ENCODER_CONFIG)
    return sha256_bytes(f"{hash_model(located.folder)} {encoder}".encode())
