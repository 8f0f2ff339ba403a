"""A GLiNER model: words in, scored spans out."""

from functools import partial
from typing import Any, List, NamedTuple, Sequence

import numpy as np

from ...errors import DistillError
from ...hub import Located, longest_input
from ...windows import Window, batches_by_size, max_context_ranges, split

CONFIG = "gliner_config.json"
# Most word pieces in a padded batch. GLiNER embeds every candidate span, which needs
# more memory per word piece than a token classifier.
_MAX_BATCH_PIECES = 4096
# Fewest word pieces that must remain for the text beside the prompts.
_MIN_TEXT_PIECES = 16


class PromptSpan(NamedTuple):
    """A span that GLiNER found.

    Attributes:
        start: First word.
        end: Word after the last.
        prompt: The prompt that matches the span.
        score: Score in [0, 1].
    """

    start: int
    end: int
    prompt: str
    score: float


class FoundSpans(NamedTuple):
    """All spans that GLiNER found in a text.

    Attributes:
        entities: Spans above the threshold, without overlaps: GLiNER's own answer.
        candidates: Spans above the lower threshold, which may be nested. GLiNER
            removes the lower-scored one of two that cross.
    """

    entities: List[PromptSpan]
    candidates: List[PromptSpan]


class GLiNERModel:
    """A GLiNER model and its prompts.

    Args:
        located: The model's files.
        source: Name of the model, for error messages.
        prompts: Names of the entity types to find.

    Attributes:
        tokenizer: The encoder's tokenizer.
        max_words: Most words of an input.
        n_prompt_pieces: Word pieces of an input besides those of the text: prompts and
            special tokens.

    Raises:
        DistillError: If GLiNER is not installed, if the model cannot be loaded, or if
            the prompts are too long.
    """

    def __init__(
        self, located: Located, *, source: str, prompts: Sequence[str]
    ) -> None:
        self._model = _load(located, source)
        self._prompts = list(prompts)
        self.tokenizer = self._model.data_processor.transformer_tokenizer
        self.max_words = int(self._model.config.max_len)
        (counts,) = self.count_pieces([["a"]])
        batch = self._collate([["a"]])
        self.n_prompt_pieces = int(batch["input_ids"].shape[1]) - int(counts[0])
        encoder = self._model.model.token_rep_layer.bert_layer.model
        self._max_text_pieces = longest_input(self.tokenizer, encoder, encoder.config)
        self._max_text_pieces -= self.n_prompt_pieces
        # GLiNER truncates prompts silently, and they then fill the whole input.
        if self._max_text_pieces < _MIN_TEXT_PIECES:
            raise DistillError(
                f"Expected labels that leave room for a text, got {len(prompts)} with"
                f" {self.n_prompt_pieces} word pieces for {source}: use fewer or"
                " shorter ones."
            )

    @property
    def embeddings(self) -> np.ndarray:
        """Input embeddings, float32 [vocab_size, width]."""
        encoder = self._model.model.token_rep_layer.bert_layer.model
        weight = encoder.get_input_embeddings().weight
        return weight.detach().float().cpu().numpy()

    def count_pieces(self, texts: Sequence[Sequence[str]]) -> List[np.ndarray]:
        """Count the word pieces of each word.

        Args:
            texts: Words of each text.

        Returns:
            Counts for each text, int64 [n_words].
        """
        out = [np.zeros(len(words), dtype=np.int64) for words in texts]
        filled = [i for i, words in enumerate(texts) if len(words)]
        if not filled:
            return out
        batch = self.tokenizer(
            [list(texts[i]) for i in filled],
            is_split_into_words=True,
            add_special_tokens=False,
            verbose=False,
        )
        for i, encoding in zip(filled, batch.encodings):
            for word in encoding.word_ids:
                out[i][word] += 1
        return out

    def find(
        self,
        texts: Sequence[Sequence[str]],
        counts: Sequence[np.ndarray],
        *,
        threshold: float,
        maybe: float,
    ) -> List[FoundSpans]:
        """Find spans.

        Long texts are split into windows that overlap by twice the longest span. Each
        span is taken from the window where its first word has most context.

        Args:
            texts: Words of each text.
            counts: Word pieces of each word, int64 [n_words], all positive.
            threshold: Lowest score of an entity, exclusive.
            maybe: Lowest score of a candidate, exclusive.

        Returns:
            The spans of each text.
        """
        windows_of = [self._windows(pieces) for pieces in counts]
        inputs: List[Sequence[str]] = []
        sizes: List[int] = []
        for words, pieces, windows in zip(texts, counts, windows_of):
            for start, end in windows:
                inputs.append(words[start:end])
                sizes.append(int(pieces[start:end].sum()) + self.n_prompt_pieces)
        found = [FoundSpans([], []) for _ in inputs]
        for batch in batches_by_size(sizes, most=_MAX_BATCH_PIECES):
            spans = self._run([inputs[i] for i in batch], threshold, maybe)
            for i, found_in_window in zip(batch, spans):
                found[i] = found_in_window
        rest = iter(found)
        return [
            _merge(windows, [next(rest) for _ in windows]) for windows in windows_of
        ]

    def _run(
        self, texts: List[Sequence[str]], threshold: float, maybe: float
    ) -> List[FoundSpans]:
        from thinc.api import get_torch_default_device

        self._model.to(get_torch_default_device())
        batch = self._collate(texts)
        output = self._model.run_batch(batch, threshold=maybe)
        decode = partial(self._model.decode_batch, output, batch)
        entities = decode(threshold=threshold, flat_ner=True)
        candidates = decode(threshold=maybe, flat_ner=False, multi_label=True)
        return [
            FoundSpans(_to_spans(best), _to_spans(possible))
            for best, possible in zip(entities, candidates)
        ]

    def _collate(self, texts: Sequence[Sequence[str]]) -> Any:
        inputs = self._model.prepare_base_input([list(words) for words in texts])
        return self._model.collate_batch(inputs, self._prompts)

    def _windows(self, pieces: np.ndarray) -> List[Window]:
        """Split a text into windows within the model's limits of words and pieces.

        The window is the longest one among the model's maximum number of words and its
        halves, quarters and so on.
        """
        window = self.max_words
        while True:
            overlap = min(2 * int(self._model.config.max_width), window // 2)
            windows = split(len(pieces), window=window, overlap=overlap)
            longest = max((int(pieces[s:e].sum()) for s, e in windows), default=0)
            if longest <= self._max_text_pieces or window == 1:
                return windows
            window //= 2


def _to_spans(spans: Sequence[Any]) -> List[PromptSpan]:
    # GLiNER's ends are inclusive.
    return [
        PromptSpan(s.start, s.end + 1, s.entity_type, float(s.score)) for s in spans
    ]


def _merge(windows: Sequence[Window], found: Sequence[FoundSpans]) -> FoundSpans:
    """Merge the spans of a text's windows."""
    out = FoundSpans([], [])
    for (offset, _), (first, last), spans in zip(
        windows, max_context_ranges(windows), found
    ):
        for merged, new in zip(out, spans):
            merged.extend(
                span._replace(start=span.start + offset, end=span.end + offset)
                for span in new
                if first <= span.start + offset < last
            )
    return out


def _load(located: Located, source: str) -> Any:
    try:
        from gliner import GLiNER
    except ImportError as error:
        raise DistillError(
            "Expected GLiNER to be installed, for a GLiNER teacher: run"
            " `pip install spacy-distill[gliner]`."
        ) from error
    # An invalid model raises errors of many types.
    try:
        model = GLiNER.from_pretrained(located.location, revision=located.revision)
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DistillError(
            f"Could not load the GLiNER model {source}: {reason}. Without a network,"
            " the folder must also contain the encoder's config and tokenizer; save it"
            " with `model.save_pretrained(folder)`."
        ) from error
    return model.eval()
