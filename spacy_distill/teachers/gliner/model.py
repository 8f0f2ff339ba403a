"""A GLiNER model: words in, scored spans out."""

from functools import partial
from typing import Any, List, NamedTuple, Sequence

import numpy as np

from ...errors import DistillError
from ...hub import Located, longest_input
from ...windows import Window, batches_by_size, homes, split

CONFIG = "gliner_config.json"
# Word pieces in one padded batch. GLiNER makes a vector for every span, so they are
# few.
_MOST_PIECES = 4096
# Word pieces of text without which there is little to be read from it.
_LEAST_ROOM = 16


class PromptSpan(NamedTuple):
    """Words start to end (exclusive), the prompt they fit and the score, 0 to 1."""

    start: int
    end: int
    prompt: str
    score: float


class Found(NamedTuple):
    """What a model finds in a text.

    decided: its answer; no two of them overlap.
    candidates: all that it thinks possible. They may be nested; of those that cross,
        GLiNER itself keeps the surer one.
    """

    decided: List[PromptSpan]
    candidates: List[PromptSpan]


class GLiNERModel:
    """A GLiNER model with the prompts that it is asked.

    located: where the model is. source: its name, for messages.
    prompts: the names of the things to find.

    Raises DistillError if GLiNER is not installed, if there is no such model, or if the
    prompts leave no room for a text.
    """

    def __init__(
        self, located: Located, *, source: str, prompts: Sequence[str]
    ) -> None:
        self._model = _load(located, source)
        self._prompts = list(prompts)
        self.tokenizer = self._model.data_processor.transformer_tokenizer
        self.max_words = int(self._model.config.max_len)
        # What stands before the text and frames it, whatever the text is.
        (one,) = self.count_pieces([["a"]])
        batch = self._collate([["a"]])
        self.framing = int(batch["input_ids"].shape[1]) - int(one[0])
        encoder = self._model.model.token_rep_layer.bert_layer.model
        self._room = longest_input(self.tokenizer, encoder, encoder.config)
        self._room -= self.framing
        # Too many prompts are cut off without a word, and then fill all there is.
        if self._room < _LEAST_ROOM:
            raise DistillError(
                f"Expected labels that leave room for a text, got {len(prompts)} with"
                f" {self.framing} word pieces for {source}: ask for fewer, or give them"
                " shorter names."
            )

    @property
    def embeddings(self) -> np.ndarray:
        """The input embeddings, float32 [size of the vocabulary, width]."""
        encoder = self._model.model.token_rep_layer.bert_layer.model
        weight = encoder.get_input_embeddings().weight
        return weight.detach().float().cpu().numpy()

    def count_pieces(self, texts: Sequence[Sequence[str]]) -> List[np.ndarray]:
        """Count the word pieces of each word: int64 [n_words] for each text."""
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
    ) -> List[Found]:
        """Find the spans of each text.

        texts: words. counts: their word pieces, none of them 0.
        threshold, maybe: a decision scores above the one, a candidate above the other.

        A long text is read in windows that share twice as many words as a span may
        have; each span is taken from the window in which its first word has most
        context.
        """
        places = [self._windows(pieces) for pieces in counts]
        inputs: List[Sequence[str]] = []
        sizes: List[int] = []
        for words, pieces, windows in zip(texts, counts, places):
            for start, end in windows:
                inputs.append(words[start:end])
                sizes.append(int(pieces[start:end].sum()) + self.framing)
        found = [Found([], []) for _ in inputs]
        for batch in batches_by_size(sizes, most=_MOST_PIECES):
            for i, one in zip(
                batch, self._run([inputs[i] for i in batch], threshold, maybe)
            ):
                found[i] = one
        rest = iter(found)
        return [
            _join(windows, [one for _, one in zip(windows, rest)]) for windows in places
        ]

    def _run(
        self, texts: List[Sequence[str]], threshold: float, maybe: float
    ) -> List[Found]:
        from thinc.api import get_torch_default_device

        self._model.to(get_torch_default_device())
        batch = self._collate(texts)
        output = self._model.run_batch(batch, threshold=maybe)
        decode = partial(self._model.decode_batch, output, batch)
        decided = decode(threshold=threshold, flat_ner=True)
        candidates = decode(threshold=maybe, flat_ner=False, multi_label=True)
        return [
            Found(_spans(ours), _spans(more)) for ours, more in zip(decided, candidates)
        ]

    def _collate(self, texts: Sequence[Sequence[str]]) -> Any:
        inputs = self._model.prepare_base_input([list(words) for words in texts])
        return self._model.collate_batch(inputs, self._prompts)

    def _windows(self, pieces: np.ndarray) -> List[Window]:
        """Cut a text into windows that the model takes, in words and in pieces.

        The longest that it does, out of its own maximum and the halves of that.
        """
        window = self.max_words
        while True:
            overlap = min(2 * int(self._model.config.max_width), window // 2)
            windows = split(len(pieces), window=window, overlap=overlap)
            most = max((int(pieces[s:e].sum()) for s, e in windows), default=0)
            if most <= self._room or window == 1:
                return windows
            window //= 2


def _spans(spans: Sequence[Any]) -> List[PromptSpan]:
    # GLiNER's ends are inclusive.
    return [
        PromptSpan(s.start, s.end + 1, s.entity_type, float(s.score)) for s in spans
    ]


def _join(windows: Sequence[Window], found: Sequence[Found]) -> Found:
    """Put together what was found in the windows of one text."""
    out = Found([], [])
    for (shift, _), (first, last), one in zip(windows, homes(windows), found):
        for mine, theirs in zip(out, one):
            mine.extend(
                span._replace(start=span.start + shift, end=span.end + shift)
                for span in theirs
                if first <= span.start + shift < last
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
    # What is wrong with a model shows in many ways; all mean the same to the reader.
    try:
        model = GLiNER.from_pretrained(located.location, revision=located.revision)
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DistillError(
            f"Could not load the GLiNER model {source}: {reason}. Without a network,"
            " its encoder's config and tokenizer have to be in the folder too; save it"
            " with `model.save_pretrained(folder)`."
        ) from error
    return model.eval()
