"""Thinc's interface to the encoder: trained by torch, run by ONNX Runtime."""

import contextlib
import copy
from typing import (
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    Optional,
    Protocol,
    Sequence,
    Tuple,
)

import srsly
from thinc.api import Optimizer
from thinc.shims.shim import Shim
from thinc.util import get_torch_default_device, torch2xp, xp2torch

from ...errors import DistillError
from ...losses.weight import Weight
from ..lexicon.interaction import LEXICON
from ..lexicon.matching import Lexicon
from .module import make_module, set_dropout
from .onnx_graph import export, read_weights, to_float16, to_int8
from .onnx_session import OnnxSession
from .reading import Batch, PieceReader

_INT8 = "int8"


class Teacher(Protocol):
    """What the encoder needs of a `layer_teacher.LayerTeacher`.

    Attributes:
        module: The torch module of the losses, whose parameters are learned.
        theta: The weight of the layer losses.
    """

    module: Any
    theta: Weight

    def next_theta(self) -> float:
        """Return the weight of the layer losses in the next update."""
        ...

    def compare(self, student: Any, batch: Batch, weight: float) -> Tuple[Any, Any]:
        """Return the student's last hidden states for a batch, and the loss."""
        ...


class TransformerShim(Shim):
    """A BERT encoder, as a torch module or as an ONNX graph, with its tokenizer.

    It is a torch module once it has been initialized or trained, and predicts with it.
    It is saved as a graph, and is one after loading. Training a loaded one makes a
    module of the graph's weights again.

    Attributes:
        storage: How weights are written: "float32", "float16" or "int8".
        tokenizer_json: Content of a `tokenizer.json`; empty if not initialized.
        cfg: Arguments of `transformers.BertConfig`, and "is_case_aware". With a lexicon
            also "lexicon": its "words", the "width" of their vectors, and "max_words"
            of a word piece.
        n_parameters: Number of weights.
        layer_teacher: The teacher whose layers it learns from in training, too. It is
            neither saved nor copied.
    """

    def __init__(self) -> None:
        super().__init__(None)
        self.storage = "float32"
        self.tokenizer_json = ""
        self.n_parameters = 0
        self.layer_teacher: Optional[Teacher] = None
        # The graph is None if it is out of date.
        self._graph: Optional[bytes] = None
        self._graph_storage = "float32"
        self._session: Optional[OnnxSession] = None
        self._reader: Optional[PieceReader] = None

    @property
    def is_initialized(self) -> bool:
        """Whether it has weights."""
        return self._model is not None or self._graph is not None

    @property
    def reader(self) -> PieceReader:
        """Reads Docs as word pieces for this encoder.

        Raises:
            DistillError: If the encoder was not initialized.
        """
        if self._reader is None:
            self._check_initialized()
            lexicon = self.cfg.get(LEXICON)
            self._reader = PieceReader(
                self.tokenizer_json,
                max_length=self.cfg["max_position_embeddings"],
                is_case_aware=self.cfg["is_case_aware"],
                pad_id=self.cfg["pad_token_id"],
                lexicon=Lexicon(lexicon["words"]) if lexicon else None,
                max_words=lexicon["max_words"] if lexicon else 0,
            )
        return self._reader

    @property
    def module(self) -> Any:
        """The encoder as a `transformers.BertModel`, which is made if it is a graph.

        Raises:
            DistillError: If it was not initialized, or if its weights are int8.
        """
        if self._model is None:
            self._check_initialized()
            assert self._graph is not None
            self._model = make_module(self.cfg, read_weights(self._graph))
            self._model.to(get_torch_default_device())
            if self._graph_storage != "float32":
                self.touch()
        return self._model

    def set_module(
        self, module: Any, *, cfg: Dict[str, Any], tokenizer_json: str
    ) -> None:
        """Set a new encoder.

        Args:
            module: A `transformers.BertModel`.
            cfg: Arguments of its config, and "is_case_aware".
            tokenizer_json: Content of a `tokenizer.json`.
        """
        self._model = module.to(get_torch_default_device())
        self.cfg = dict(cfg)
        self.tokenizer_json = tokenizer_json
        self.n_parameters = sum(weight.numel() for weight in module.parameters())
        self._reader = None
        self.touch()

    def set_lexicon(self, words: List[str], vectors: Any, *, max_words: int) -> None:
        """Add the words of a lexicon to the encoder, in place of another one's.

        Args:
            words: The words.
            vectors: Their first vectors, float32 [n_words, width].
            max_words: Words of a word piece at most.

        Raises:
            DistillError: If the encoder was not initialized, or if it is int8.
        """
        settings = {"words": words, "width": vectors.shape[1], "max_words": max_words}
        cfg = {**self.cfg, LEXICON: settings}
        weights = {
            name: weight.detach().cpu().numpy()
            for name, weight in self.module.named_parameters()
            if not name.startswith(f"{LEXICON}.")
        }
        module = make_module(cfg, weights, lexicon_vectors=vectors)
        self.set_module(module, cfg=cfg, tokenizer_json=self.tokenizer_json)

    def touch(self) -> None:
        """Tell that the weights of the module were changed from outside."""
        self._graph, self._graph_storage, self._session = None, "float32", None

    def __call__(self, inputs: Any, is_train: bool) -> Tuple[Any, Callable[..., Any]]:
        """Run the encoder.

        Args:
            inputs: The batches, and the dropout rate.
            is_train: Whether to be able to compute gradients.

        Returns:
            Hidden states of the last layer of each batch, float32 [n_windows, length,
            width], and a function that takes their derivatives and adds up gradients.
        """
        batches, dropout = inputs
        if is_train:
            return self._train(batches, dropout)
        if self._model is not None:
            return self._predict(batches), _no_gradient
        self._check_initialized()
        if self._session is None:
            assert self._graph is not None
            self._session = OnnxSession(self._graph)
        return [self._session(batch) for batch in batches], _no_gradient

    def finish_update(self, optimizer: Optimizer) -> None:
        """Update the weights that have gradients."""
        if self._model is None:
            return
        for name, weight in self.learned_weights():
            if weight.grad is None:
                continue
            value: Any = torch2xp(weight.data)
            gradient: Any = torch2xp(weight.grad)
            value, _ = optimizer((self.id, name), value, gradient)
            weight.data = xp2torch(value, device=weight.device)
            weight.grad = None
        self.touch()

    def learned_weights(self) -> Iterator[Tuple[str, Any]]:
        """Yield the weights that training changes, by name."""
        yield from self._model.named_parameters()
        if self.layer_teacher is not None:
            for name, weight in self.layer_teacher.module.named_parameters():
                yield f"layer_teacher.{name}", weight

    @contextlib.contextmanager
    def use_params(self, params: Dict[Any, Any]) -> Iterator[None]:
        """Replace weights for a while, such as by their averages."""
        weights = {}
        if self._model is not None:
            weights = {
                name: weight
                for name, weight in self._model.named_parameters()
                if (self.id, name) in params
            }
        if not weights:
            yield
            return
        backup = {name: weight.data for name, weight in weights.items()}
        for name, weight in weights.items():
            weight.data = xp2torch(params[self.id, name], device=weight.device)
        self.touch()
        try:
            yield
        finally:
            for name, weight in weights.items():
                weight.data = backup[name]
            self.touch()

    def to_device(self, device_type: str, device_id: int) -> None:
        """Move the module to a device. A graph runs on the CPU."""
        if self._model is not None:
            is_cpu = device_type == "cpu"
            self._model.to("cpu" if is_cpu else f"cuda:{device_id}")

    def copy(self) -> "TransformerShim":
        """Return a copy, with an id of its own for the optimizer."""
        copied = TransformerShim()
        id_ = copied.id
        state = self.__getstate__()
        if self._model is not None:
            state["_model"] = copy.deepcopy(self._model)
        copied.__dict__.update(state)
        copied.cfg = dict(self.cfg)
        copied.id = id_
        return copied

    def to_bytes(self) -> bytes:
        """Serialize the encoder as an ONNX graph in the storage, with its tokenizer.

        Raises:
            DistillError: If packages are missing that exporting needs.
        """
        data: bytes = srsly.msgpack_dumps(
            {
                "config": self.cfg,
                "tokenizer": self.tokenizer_json,
                "graph": self._stored_graph() if self.is_initialized else None,
                # What was lost in int8 does not come back.
                "storage": _INT8 if self._graph_storage == _INT8 else self.storage,
                "n_parameters": self.n_parameters,
            }
        )
        return data

    def from_bytes(self, data: bytes) -> "TransformerShim":
        """Load what `to_bytes` returned."""
        message = srsly.msgpack_loads(data)
        self._model = None
        self.touch()
        self._reader = None
        self.cfg = message["config"]
        self.tokenizer_json = message["tokenizer"]
        self.n_parameters = message["n_parameters"]
        self._graph = message["graph"]
        self._graph_storage = message["storage"]
        return self

    def __getstate__(self) -> Dict[str, Any]:
        """Leave out what cannot be pickled and is made again."""
        left_out = ("_session", "_reader", "layer_teacher")
        return {**self.__dict__, **dict.fromkeys(left_out)}

    def _stored_graph(self) -> bytes:
        if self._graph is not None and self._graph_storage in (_INT8, self.storage):
            return self._graph
        if self._graph is None or self._graph_storage != "float32":
            self._graph = export(self.module)
            self._graph_storage = "float32"
        if self.storage == "float16":
            return to_float16(self._graph)
        return to_int8(self._graph) if self.storage == _INT8 else self._graph

    def _check_initialized(self) -> None:
        if not self.is_initialized:
            raise DistillError(
                "Expected a transformer student with weights, got one without: set"
                " [initialize.before_init] @callbacks ="
                ' "spacy_distill.init_transformer.v1".'
            )

    def _predict(self, batches: Sequence[Batch]) -> List[Any]:
        import torch

        module = self.module
        module.eval()
        with torch.no_grad():
            return [torch2xp(_run(module, batch)) for batch in batches]

    def _train(
        self, batches: Sequence[Batch], dropout: float
    ) -> Tuple[List[Any], Callable[[List[Any]], None]]:
        import torch
        from torch.nn.functional import dropout as drop

        module = self.module
        module.train()
        set_dropout(module, dropout)
        teacher = self.layer_teacher
        theta = 0.0 if teacher is None else teacher.next_theta()
        n_windows = sum(len(batch.ids) for batch in batches)
        outputs, layer_losses = [], []
        for batch in batches:
            if teacher is None or not theta:
                hidden = _run(module, batch)
            else:
                # Each loss is a mean over its batch.
                weight = theta * len(batch.ids) / n_windows
                hidden, layer_loss = teacher.compare(module, batch, weight)
                layer_losses.append(layer_loss)
            outputs.append(drop(hidden, dropout))

        def backprop(gradients: List[Any]) -> None:
            by_output = [
                xp2torch(gradient, device=output.device)
                for output, gradient in zip(outputs, gradients)
            ]
            torch.autograd.backward(
                [*outputs, *layer_losses], [*by_output, *[None] * len(layer_losses)]
            )

        return [torch2xp(output.detach()) for output in outputs], backprop


def _run(module: Any, batch: Batch) -> Any:
    import torch

    device = next(module.parameters()).device
    inputs = {
        name: torch.from_numpy(array).to(device) for name, array in batch.inputs.items()
    }
    return module(**inputs).last_hidden_state


def _no_gradient(gradients: Any) -> None:
    raise DistillError(
        "Expected a forward pass with is_train=True before backprop, got one for"
        " prediction: call model.begin_update."
    )
