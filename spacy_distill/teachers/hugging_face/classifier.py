"""A Hugging Face model with a head that classifies, and its tokenizer.

What token and sequence classifiers have in common: loading, tokenizing and batching.
"""

from typing import (
    Any,
    ClassVar,
    Iterator,
    List,
    Optional,
    Sequence,
    Tuple,
    Type,
    TypeVar,
)

import numpy as np

from ...errors import DistillError
from ...hub import Located, longest_input
from ...tokenizer_files import check_fast, from_pretrained_args, load_tokenizer, reason
from ...windows import Window, batches_by_size, split
from ..model_teacher import hash_loaded
from .pieces import Input, Pieces, to_pieces

# Most word pieces in a padded batch. Larger batches are no faster on any device.
MAX_BATCH_PIECES = 16384

ClassifierT = TypeVar("ClassifierT", bound="Classifier")


class Classifier:
    """A classifier with its tokenizer.

    A subclass sets `head` and `kind`.

    Args:
        model: A `transformers` model with a classification head.
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
        head: Name of the class of `transformers` that loads such a model.
        kind: What such a model is, for error messages.

    Raises:
        DistillError: If the tokenizer is not fast, or if the window is too large.
    """

    head: ClassVar[str]
    kind: ClassVar[str]

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

    @classmethod
    def load(
        cls: Type[ClassifierT],
        located: Located,
        *,
        source: str,
        window: Optional[int] = None,
        overlap: Optional[int] = None,
    ) -> ClassifierT:
        """Load a classifier from files.

        Args:
            located: The files of a model with a fast tokenizer.
            source: Name of the model, for error messages.
            window: Most word pieces of an input; see `Classifier`.
            overlap: Word pieces that adjacent windows share; see `Classifier`.

        Returns:
            The classifier.

        Raises:
            DistillError: If there is no such model, if its head was never trained, or
                if the window is too large.
        """
        tokenizer = load_tokenizer(located, source=source)
        model = _load_model(located, source=source, head=cls.head, kind=cls.kind)
        return cls(model, tokenizer, source=source, window=window, overlap=overlap)

    @property
    def embeddings(self) -> np.ndarray:
        """Input embeddings, float32 [vocab_size, width]."""
        weight = self._model.get_input_embeddings().weight
        return weight.detach().float().cpu().numpy()

    def hash_contents(self) -> str:
        """Return the SHA-256 of a model that is in memory; see `hash_loaded`."""
        return hash_loaded(self._model, self.tokenizer, self._model.config)

    def sizes(self, texts: List[str]) -> List[int]:
        """Return the number of word pieces of each text, including special tokens.

        Args:
            texts: The texts.
        """
        return [text.size for text in self.tokenize(texts)]

    def tokenize(
        self, texts: List[str], second: Optional[List[str]] = None
    ) -> List[Pieces]:
        """Split texts into word pieces, without truncation.

        Args:
            texts: The texts.
            second: A second text for each, which is part of the suffix.

        Returns:
            The word pieces of each text.
        """
        if not texts:
            return []
        # Not verbose, since inputs longer than the model's maximum are split later.
        batch = self.tokenizer(
            texts, second, verbose=False, return_attention_mask=False
        )
        return [to_pieces(encoding) for encoding in batch.encodings]

    def windows_of(self, text: Pieces) -> List[Window]:
        """Split the pieces of a text into windows that fit the model.

        Args:
            text: The word pieces.

        Returns:
            Overlapping windows of pieces; none for a text without any.
        """
        taken = len(text.prefix) + len(text.suffix)
        return self.split(len(text.ids), taken=taken)

    def split(self, n_pieces: int, *, taken: int) -> List[Window]:
        """Split pieces into windows that fit the model.

        Args:
            n_pieces: Number of pieces.
            taken: Number of pieces of each window that are taken by others.
        """
        return split(n_pieces, window=self.window - taken, overlap=self.overlap)

    def run(
        self,
        inputs: Sequence[Input],
        *,
        with_types: bool = False,
        most: int = MAX_BATCH_PIECES,
    ) -> Iterator[Tuple[List[int], Any]]:
        """Run the model on inputs, those of similar size in one batch.

        Args:
            inputs: The inputs.
            with_types: Whether the model gets the types of the pieces.
            most: Most word pieces in a padded batch.

        Yields:
            The indices of a batch's inputs, and the model's logits as a float tensor,
            [n_inputs, ...].
        """
        import torch
        from thinc.api import get_torch_default_device

        device = get_torch_default_device()
        self._model.to(device)
        for batch in batches_by_size([len(one.ids) for one in inputs], most=most):
            lengths = torch.tensor([len(inputs[i].ids) for i in batch])
            longest = int(lengths.max())
            ids = torch.full((len(batch), longest), self._pad_id)
            types = torch.zeros_like(ids)
            for row, i in enumerate(batch):
                size = len(inputs[i].ids)
                ids[row, :size] = torch.tensor(inputs[i].ids)
                types[row, :size] = torch.tensor(inputs[i].types)
            mask = (torch.arange(longest) < lengths[:, None]).long()
            args = {"input_ids": ids, "attention_mask": mask}
            if with_types:
                args["token_type_ids"] = types
            with torch.inference_mode():
                found = self._model(**{k: v.to(device) for k, v in args.items()})
                logits = found.logits.float()
            yield batch, logits

    @property
    def _pad_id(self) -> int:
        """Id of the padding, from which some models find the end of a text."""
        found = getattr(self._model.config, "pad_token_id", None)
        return self.tokenizer.pad_token_id or 0 if found is None else found

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


def model_name(pipeline: Any) -> str:
    """Return the name of the model of a `transformers` pipeline.

    Args:
        pipeline: The pipeline.
    """
    return getattr(pipeline.model, "name_or_path", "") or type(pipeline.model).__name__


def _load_model(located: Located, *, source: str, head: str, kind: str) -> Any:
    """Load a model that was trained to classify."""
    import torch
    import transformers

    try:
        model, info = getattr(transformers, head).from_pretrained(
            **from_pretrained_args(located),
            output_loading_info=True,
            torch_dtype=torch.float32,
        )
    except Exception as error:
        raise DistillError(
            f"Could not load the {kind} {source}: {reason(error)}"
        ) from error
    parameters = {name for name, _ in model.named_parameters()}
    missing = sorted(parameters & set(info["missing_keys"]))
    if missing:
        raise DistillError(
            f"Expected a trained {kind} in {source}, but it has no weights for"
            f" {', '.join(missing[:3])}: fine-tune it first."
        )
    return model
