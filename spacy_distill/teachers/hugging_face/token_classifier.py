"""A Hugging Face token classifier: texts in, label probabilities of word pieces out."""

import hashlib
import json
from typing import Any, List, NamedTuple, Optional, Tuple

import numpy as np

from ...errors import DistillError
from ...hub import Located, longest_input
from ...tokenizer_files import (
    check_fast,
    from_pretrained_args,
    load_tokenizer,
    reason,
)
from ...windows import batches_by_size, split, stitch
from .alignment import Offsets

# Most word pieces in a padded batch. Larger batches are no faster on any device.
_MAX_BATCH_PIECES = 16384


class Pieces(NamedTuple):
    """The word pieces of a text.

    Attributes:
        ids: Ids in the vocabulary, without special tokens.
        offsets: Character offsets of each piece.
        word_ids: The tokenizer's index of each piece's word.
        prefix: Ids of the special tokens before the pieces.
        suffix: Ids of the special tokens after the pieces.
    """

    ids: List[int]
    offsets: List[Offsets]
    word_ids: List[Optional[int]]
    prefix: List[int]
    suffix: List[int]


class TokenClassifier:
    """A token classifier with its tokenizer.

    Args:
        model: A `transformers` model with a token classification head.
        tokenizer: Its tokenizer, which must be fast.
        source: Name of the model, for error messages.
        window: Most word pieces of an input, including special tokens; None for the
            model's maximum.
        overlap: Word pieces that adjacent windows share; None for an eighth of the
            window.

    Attributes:
        tokenizer: The tokenizer.
        labels: Names of the model's labels, in order.
        window: Most word pieces of an input, including special tokens.
        overlap: Word pieces that adjacent windows share.

    Raises:
        DistillError: If the tokenizer is not fast, or if the window is too large.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        source: str,
        window: Optional[int] = None,
        overlap: Optional[int] = None,
    ) -> None:
        check_fast(tokenizer, source=source)
        self.tokenizer = tokenizer
        self._model = model.eval()
        names = self._model.config.id2label
        self.labels: Tuple[str, ...] = tuple(names[i] for i in sorted(names))
        self.window, self.overlap = self._check_window(window, overlap, source)

    @property
    def embeddings(self) -> np.ndarray:
        """Input embeddings, float32 [vocab_size, width]."""
        weight = self._model.get_input_embeddings().weight
        return weight.detach().float().cpu().numpy()

    def hash_contents(self) -> str:
        """Return the SHA-256 of the config, the parameters and the tokenizer.

        It identifies a model that is in memory only. It differs from `hub.hash_model`,
        which is that of a model's files.
        """
        config = {
            key: value
            for key, value in self._model.config.to_dict().items()
            if key != "transformers_version" and not key.startswith("_")
        }
        digest = hashlib.sha256()
        digest.update(json.dumps(config, sort_keys=True, default=str).encode("utf-8"))
        digest.update(self.tokenizer.backend_tokenizer.to_str().encode("utf-8"))
        for name, tensor in sorted(self._model.state_dict().items()):
            digest.update(f"\n{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
            # As float32, since numpy has no bfloat16.
            values = tensor.detach().float().cpu().contiguous().numpy()
            digest.update(values.tobytes())
        return digest.hexdigest()

    def tokenize(self, texts: List[str]) -> List[Pieces]:
        """Split texts into word pieces, without truncation.

        Args:
            texts: The texts.

        Returns:
            The word pieces of each text.
        """
        if not texts:
            return []
        # Not verbose, since inputs longer than the model's maximum are split later.
        batch = self.tokenizer(texts, verbose=False, return_attention_mask=False)
        return [_to_pieces(encoding) for encoding in batch.encodings]

    def probabilities(self, texts: List[Pieces]) -> List[np.ndarray]:
        """Predict label probabilities of word pieces.

        Long texts are split into windows. Each piece is predicted in the window where
        it has most context.

        Args:
            texts: Word pieces of each text.

        Returns:
            Probabilities for each text, float32 [n_pieces, n_labels]; rows sum to 1.
        """
        windows_of = [
            split(len(text.ids), window=self._max_pieces(text), overlap=self.overlap)
            for text in texts
        ]
        inputs = [
            [*text.prefix, *text.ids[start:end], *text.suffix]
            for text, windows in zip(texts, windows_of)
            for start, end in windows
        ]
        found = iter(self._run(inputs))
        out = []
        for text, windows in zip(texts, windows_of):
            first = len(text.prefix)
            rows = [
                row[first : first + end - start]
                for (start, end), row in zip(windows, found)
            ]
            empty = np.zeros((0, len(self.labels)), dtype=np.float32)
            out.append(stitch(windows, rows) if windows else empty)
        return out

    def _run(self, inputs: List[List[int]]) -> List[np.ndarray]:
        """Predict probabilities of all pieces of inputs, including special tokens."""
        import torch
        from thinc.api import get_torch_default_device

        device = get_torch_default_device()
        self._model.to(device)
        rows: List[np.ndarray] = [np.zeros(0)] * len(inputs)
        sizes = [len(ids) for ids in inputs]
        for batch in batches_by_size(sizes, most=_MAX_BATCH_PIECES):
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

    def _max_pieces(self, text: Pieces) -> int:
        return self.window - len(text.prefix) - len(text.suffix)

    def _check_window(
        self, window: Optional[int], overlap: Optional[int], source: str
    ) -> Tuple[int, int]:
        longest = longest_input(self.tokenizer, self._model, self._model.config)
        window = longest if window is None else window
        overlap = window // 8 if overlap is None else overlap
        # An empty text has only special tokens.
        max_pieces = window - len(self.tokenizer("")["input_ids"])
        if window > longest or not 0 <= overlap < max_pieces:
            raise DistillError(
                f"Expected a window of at most {longest} word pieces, the maximum of"
                f" {source}, and an overlap from 0 to below the size of the window"
                f" without special tokens ({max(max_pieces, 0)}), got window={window}"
                f" and overlap={overlap}: change them."
            )
        return window, overlap


def load_classifier(
    located: Located,
    *,
    source: str,
    window: Optional[int] = None,
    overlap: Optional[int] = None,
) -> TokenClassifier:
    """Load a token classifier from files.

    Args:
        located: The files of a model with a fast tokenizer.
        source: Name of the model, for error messages.
        window: Most word pieces of an input; see `TokenClassifier`.
        overlap: Word pieces that adjacent windows share; see `TokenClassifier`.

    Returns:
        The token classifier.

    Raises:
        DistillError: If there is no such model, or if the window is too large.
    """
    tokenizer = load_tokenizer(located, source=source)
    model = _load_model(located, source)
    return TokenClassifier(
        model, tokenizer, source=source, window=window, overlap=overlap
    )


def _to_pieces(encoding: Any) -> Pieces:
    inner = [i for i, number in enumerate(encoding.sequence_ids) if number is not None]
    # The special tokens of a text without pieces are not used.
    first, end = (inner[0], inner[-1] + 1) if inner else (0, 0)
    return Pieces(
        ids=encoding.ids[first:end],
        offsets=encoding.offsets[first:end],
        word_ids=encoding.word_ids[first:end],
        prefix=encoding.ids[:first],
        suffix=encoding.ids[end:] if inner else [],
    )


def _load_model(located: Located, source: str) -> Any:
    import torch
    from transformers import AutoModelForTokenClassification

    try:
        model, info = AutoModelForTokenClassification.from_pretrained(
            **from_pretrained_args(located),
            output_loading_info=True,
            torch_dtype=torch.float32,
        )
    except Exception as error:
        raise DistillError(
            f"Could not load the token classifier {source}: {reason(error)}"
        ) from error
    parameters = {name for name, _ in model.named_parameters()}
    missing = sorted(parameters & set(info["missing_keys"]))
    if missing:
        raise DistillError(
            f"Expected a trained token classifier in {source}, but it has no weights"
            f" for {', '.join(missing[:3])}: fine-tune it for NER first."
        )
    return model
