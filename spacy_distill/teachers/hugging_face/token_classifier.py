"""A Hugging Face token classifier: texts in, label probabilities of word pieces out."""

from typing import List

import numpy as np

from ...windows import stitch
from .classifier import Classifier
from .pieces import Pieces


class TokenClassifier(Classifier):
    """A token classifier with its tokenizer; see `Classifier`."""

    head = "AutoModelForTokenClassification"
    kind = "token classifier"

    def probabilities(self, texts: List[Pieces]) -> List[np.ndarray]:
        """Predict label probabilities of word pieces.

        Long texts are split into windows. Each piece is predicted in the window where
        it has most context.

        Args:
            texts: Word pieces of each text.

        Returns:
            Probabilities for each text, float32 [n_pieces, n_labels]; rows sum to 1.
        """
        all_windows = [self.windows_of(text) for text in texts]
        inputs = [
            text.window(start, end)
            for text, windows in zip(texts, all_windows)
            for start, end in windows
        ]
        rows: List[np.ndarray] = [np.zeros(0)] * len(inputs)
        for batch, logits in self.run(inputs):
            for i, row in zip(batch, logits.softmax(dim=-1).cpu().numpy()):
                rows[i] = row
        found = iter(rows)
        out = []
        for text, windows in zip(texts, all_windows):
            first = len(text.prefix)
            of_text = [
                row[first : first + end - start]
                for (start, end), row in zip(windows, found)
            ]
            empty = np.zeros((0, len(self.labels)), dtype=np.float32)
            out.append(stitch(windows, of_text) if windows else empty)
        return out
