"""What a worker process reads texts with: one class for each kind of system.

Libraries are imported by the one that needs them, so that a process has no others.
"""

import json
from itertools import islice
from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Protocol, Sequence, Tuple

from .folders import FACTS, GRAPH


class Reader(Protocol):
    """Reads texts to the end: tokenizer, network, decision."""

    def read(self, texts: Sequence[str], *, batch: int) -> Iterator[Any]:
        """Yield something for each text, in order, as soon as it has been read."""

    def count_parameters(self) -> Tuple[int, int]:
        """Numbers that training sets, and those of the table for unknown words."""


class PipelineReader:
    """A spaCy pipeline, from text to entities.

    source: a folder or package; None for a blank pipeline of the language.
    """

    def __init__(self, source: Optional[str], *, lang: str) -> None:
        import spacy

        self.nlp = spacy.blank(lang) if source is None else spacy.load(source)

    def read(self, texts: Sequence[str], *, batch: int) -> Iterator[Any]:
        """Yield a Doc for each text."""
        yield from self.nlp.pipe(texts, batch_size=batch)

    def count_parameters(self) -> Tuple[int, int]:
        """Of all its components."""
        from spacy_distill.evaluation.size import count_parameters

        return count_parameters(self.nlp)


class TorchReader:
    """A token classifier of `transformers`, without anything around it: word pieces,
    forward pass, and the best tag of each piece.

    folder: its weights, and what `Pieces` needs.
    """

    def __init__(self, folder: str, *, threads: int) -> None:
        import torch
        from transformers import AutoModelForTokenClassification

        from .pieces import Pieces

        torch.set_num_threads(threads)
        self._torch = torch
        self._pieces = Pieces(Path(folder))
        model = AutoModelForTokenClassification.from_pretrained(folder)
        self._model = model.eval()

    def read(self, texts: Sequence[str], *, batch: int) -> Iterator[Any]:
        """Yield None for each text."""
        torch = self._torch
        for part in _parts(texts, batch):
            pieces = self._pieces.encode(part)
            with torch.inference_mode():
                logits = self._model(
                    input_ids=torch.from_numpy(pieces.ids),
                    attention_mask=torch.from_numpy(pieces.mask),
                ).logits
                logits.argmax(-1).numpy()
            yield from [None] * len(part)

    def count_parameters(self) -> Tuple[int, int]:
        """Of transformer and classifier."""
        return sum(p.numel() for p in self._model.parameters()), 0


class OnnxReader:
    """The same token classifier as ONNX graph, in ONNX Runtime on the CPU.

    folder: the graph, and what `Pieces` needs.
    """

    def __init__(self, folder: str, *, threads: int) -> None:
        import onnxruntime

        from .pieces import Pieces

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Between its turns a worker is not to take time from the others.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self._facts: Dict[str, Any] = json.loads((Path(folder) / FACTS).read_bytes())
        self._pieces = Pieces(Path(folder))
        self._session = onnxruntime.InferenceSession(
            str(Path(folder) / GRAPH),
            options,
            providers=["CPUExecutionProvider"],
        )

    def read(self, texts: Sequence[str], *, batch: int) -> Iterator[Any]:
        """Yield None for each text."""
        for part in _parts(texts, batch):
            pieces = self._pieces.encode(part)
            (logits,) = self._session.run(
                None, {"input_ids": pieces.ids, "attention_mask": pieces.mask}
            )
            logits.argmax(-1)
            yield from [None] * len(part)

    def count_parameters(self) -> Tuple[int, int]:
        """Of the network that the graph was made from."""
        return self._facts["parameters"], 0


def load_reader(kind: str, source: str, *, lang: str, threads: int) -> Reader:
    """Load what reads; see `systems.KINDS` for the kinds and their sources."""
    if kind == "transformer":
        return TorchReader(source, threads=threads)
    if kind == "onnx":
        return OnnxReader(source, threads=threads)
    return PipelineReader(source or None, lang=lang)


def _parts(texts: Sequence[str], batch: int) -> Iterator[Sequence[str]]:
    rest = iter(texts)
    while part := list(islice(rest, batch)):
        yield part
