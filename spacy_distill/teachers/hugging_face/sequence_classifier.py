"""A Hugging Face sequence classifier: texts in, logits of categories out."""

from typing import Any, List, NamedTuple, Sequence

import numpy as np

from ...windows import Window
from .classifier import MAX_BATCH_PIECES, Classifier
from .pieces import Input, Pieces


class WindowLogits(NamedTuple):
    """Predictions for the windows of a text.

    Attributes:
        windows: The windows, in word pieces.
        logits: Logits of each, float32 [1, n_outputs].
    """

    windows: List[Window]
    logits: List[np.ndarray]


class SequenceClassifier(Classifier):
    """A sequence classifier with its tokenizer; see `Classifier`."""

    head = "AutoModelForSequenceClassification"
    kind = "text classifier"

    @property
    def config(self) -> Any:
        """The model's config."""
        return self._model.config

    def logits(self, texts: Sequence[Pieces]) -> List[WindowLogits]:
        """Predict logits. Long texts are split into windows.

        Args:
            texts: Word pieces of each text.

        Returns:
            The windows of each text, at least one, and their logits. An input without
            any word piece, not even a special one, has logits of 0.
        """
        all_windows = [self.windows_of(text) or [(0, 0)] for text in texts]
        inputs = [
            text.window(start, end)
            for text, windows in zip(texts, all_windows)
            for start, end in windows
        ]
        rows = iter(self.predict(inputs))
        return [
            WindowLogits(windows, [next(rows) for _ in windows])
            for windows in all_windows
        ]

    def predict(self, inputs: Sequence[Input]) -> List[np.ndarray]:
        """Predict logits of inputs that fit the model.

        Args:
            inputs: The inputs, with special tokens.

        Returns:
            Logits of each, float32 [1, n_outputs]; 0 for one without any piece.
        """
        out = [np.zeros((1, len(self.labels)), dtype=np.float32) for _ in inputs]
        filled = [i for i, one in enumerate(inputs) if one.ids]
        batches = self.run(
            [inputs[i] for i in filled],
            with_types="token_type_ids" in self.tokenizer.model_input_names,
            # Models without padding find the end of one text only.
            most=MAX_BATCH_PIECES if self._has_padding else 1,
        )
        for batch, logits in batches:
            for i, row in zip(batch, logits.cpu().numpy()):
                out[filled[i]] = row[None]
        return out

    @property
    def _has_padding(self) -> bool:
        return getattr(self.config, "pad_token_id", None) is not None
