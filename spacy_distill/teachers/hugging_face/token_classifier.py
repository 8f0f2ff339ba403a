"""A Hugging Face token classifier: texts in, label probabilities of word pieces out."""

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...errors import DistillError
from ...hub import Located, longest_input
from ...windows import batches_by_size, split, stitch
from .alignment import Offsets

# Word pieces in one padded batch; of more, no device becomes faster.
_MOST_PIECES = 16384


class Pieces(NamedTuple):
    """The n word pieces of one text, without those that frame every input.

    ids: of the vocabulary. offsets: of the characters that each stands for.
    word_ids: the tokenizer's own number of each one's word.
    before, after: the ids that frame the input.
    """

    ids: List[int]
    offsets: List[Offsets]
    word_ids: List[Optional[int]]
    before: List[int]
    after: List[int]


class TokenClassifier:
    """A token classifier with its tokenizer.

    located: where there is a model with a fast tokenizer. source: its name, for
        messages.
    window: the most word pieces that the model gets at once, the framing ones counted;
        None for as many as it takes. overlap: how many neighbouring windows share;
        None for an eighth of the window.

    Raises DistillError if there is nothing of the kind, or for a window that the model
    does not take.
    """

    def __init__(
        self,
        located: Located,
        *,
        source: str,
        window: Optional[int] = None,
        overlap: Optional[int] = None,
    ) -> None:
        self.tokenizer = _load_tokenizer(located, source)
        self._model = _load_model(located, source)
        names = self._model.config.id2label
        self.labels: Tuple[str, ...] = tuple(names[i] for i in sorted(names))
        self.window, self.overlap = self._check_window(window, overlap, source)

    @property
    def embeddings(self) -> np.ndarray:
        """The input embeddings, float32 [size of the vocabulary, width]."""
        weight = self._model.get_input_embeddings().weight
        return weight.detach().float().cpu().numpy()

    def cut(self, texts: List[str]) -> List[Pieces]:
        """Cut texts into word pieces, however long they are."""
        if not texts:
            return []
        # Not verbose: that a text is longer than the model's input is no cause to warn.
        batch = self.tokenizer(texts, verbose=False, return_attention_mask=False)
        return [_pieces(encoding) for encoding in batch.encodings]

    def probabilities(self, texts: List[Pieces]) -> List[np.ndarray]:
        """Return float32 [n_pieces, n_labels] for each text, rows sum to 1.

        Each piece is judged in the window in which it has most context.
        """
        places = [
            split(len(text.ids), window=self._room(text), overlap=self.overlap)
            for text in texts
        ]
        inputs = [
            [*text.before, *text.ids[start:end], *text.after]
            for text, windows in zip(texts, places)
            for start, end in windows
        ]
        found = iter(self._run(inputs))
        out = []
        for text, windows in zip(texts, places):
            first = len(text.before)
            rows = [
                row[first : first + end - start]
                for (start, end), row in zip(windows, found)
            ]
            empty = np.zeros((0, len(self.labels)), dtype=np.float32)
            out.append(stitch(windows, rows) if windows else empty)
        return out

    def _run(self, inputs: List[List[int]]) -> List[np.ndarray]:
        """Label probabilities of all pieces of each input, the framing ones as well."""
        import torch
        from thinc.api import get_torch_default_device

        device = get_torch_default_device()
        self._model.to(device)
        rows: List[np.ndarray] = [np.zeros(0)] * len(inputs)
        for batch in batches_by_size([len(ids) for ids in inputs], most=_MOST_PIECES):
            lengths = torch.tensor([len(inputs[i]) for i in batch])
            longest = int(lengths.max())
            ids = torch.full((len(batch), longest), self.tokenizer.pad_token_id or 0)
            for row, i in enumerate(batch):
                ids[row, : len(inputs[i])] = torch.tensor(inputs[i])
            mask = (torch.arange(longest) < lengths[:, None]).long()
            with torch.inference_mode():
                logits = self._model(
                    input_ids=ids.to(device), attention_mask=mask.to(device)
                ).logits
                found = logits.float().softmax(dim=-1).cpu().numpy()
            for i, row_found in zip(batch, found):
                rows[i] = row_found[: len(inputs[i])]
        return rows

    def _room(self, text: Pieces) -> int:
        return self.window - len(text.before) - len(text.after)

    def _check_window(
        self, window: Optional[int], overlap: Optional[int], source: str
    ) -> Tuple[int, int]:
        longest = longest_input(self.tokenizer, self._model, self._model.config)
        window = longest if window is None else window
        overlap = window // 8 if overlap is None else overlap
        # An empty text has the framing pieces alone.
        room = window - len(self.tokenizer("")["input_ids"])
        if window > longest or not 0 <= overlap < room:
            raise DistillError(
                f"Expected a window of at most {longest} word pieces, which {source}"
                " takes, and an overlap from 0 to below what the window holds"
                f" ({max(room, 0)}), got window={window} and overlap={overlap}."
            )
        return window, overlap


def _pieces(encoding: Any) -> Pieces:
    inner = [i for i, number in enumerate(encoding.sequence_ids) if number is not None]
    # Of a text without pieces, the framing ones are never needed.
    first, end = (inner[0], inner[-1] + 1) if inner else (0, 0)
    return Pieces(
        ids=encoding.ids[first:end],
        offsets=encoding.offsets[first:end],
        word_ids=encoding.word_ids[first:end],
        before=encoding.ids[:first],
        after=encoding.ids[end:] if inner else [],
    )


def _where(located: Located) -> Dict[str, Any]:
    return {
        "pretrained_model_name_or_path": located.location,
        "revision": located.revision or "main",
        "local_files_only": located.revision is None,
    }


def _load_tokenizer(located: Located, source: str) -> Any:
    from transformers import AutoTokenizer

    # What is wrong with a folder shows in many ways; all mean the same to the reader.
    try:
        tokenizer = AutoTokenizer.from_pretrained(**_where(located), use_fast=True)
    except Exception as error:
        raise DistillError(
            f"Could not load the tokenizer of {source}: {_reason(error)} Save it beside"
            " the model with `tokenizer.save_pretrained(folder)`."
        ) from error
    if not tokenizer.is_fast:
        raise DistillError(
            f"Expected a fast tokenizer with {source}, which tells characters' offsets,"
            f" got {type(tokenizer).__name__}: give a model that has a tokenizer.json."
        )
    return tokenizer


def _load_model(located: Located, source: str) -> Any:
    import torch
    from transformers import AutoModelForTokenClassification

    try:
        model, info = AutoModelForTokenClassification.from_pretrained(
            **_where(located),
            output_loading_info=True,
            torch_dtype=torch.float32,
        )
    except Exception as error:
        raise DistillError(
            f"Could not load the token classifier {source}: {_reason(error)}"
        ) from error
    parameters = {name for name, _ in model.named_parameters()}
    missing = sorted(parameters & set(info["missing_keys"]))
    if missing:
        raise DistillError(
            f"Expected a trained token classifier in {source}, but it has no weights"
            f" for {', '.join(missing[:3])}: fine-tune it for named entities first."
        )
    return model.eval()


def _reason(error: Exception) -> str:
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    return text if text.endswith(".") else f"{text}."
