"""The ONNX graph of an encoder: export, weights, smaller formats."""

import io
import logging
import warnings
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Callable, Dict, Iterator, List

import numpy as np

from ...errors import DistillError
from ...quantization import encode_rows
from ..lexicon.interaction import WORD_IDS, has_interaction
from .onnx_session import OUTPUT
from .reading import Batch

_OPSET = 17
# The encoder's name in the module that is exported, and so in the names of weights.
_PREFIX = "encoder_model."
_FLOAT32 = "_as_float32"
_TRANSPOSED = "_transposed"


def export(module: Any) -> bytes:
    """Export an encoder to ONNX.

    Constants are not folded, so that each weight is in the graph once, under its name
    in the module.

    Args:
        module: A `transformers.BertModel`.

    Returns:
        The serialized ONNX model, with a dynamic number of windows and pieces, and of
        words if it has a lexicon.

    Raises:
        DistillError: If `onnx` is missing.
    """
    import torch

    _import_onnx()

    class Exported(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder_model = module

        def forward(self, *inputs: Any) -> Any:
            """Return the last hidden states."""
            return self.encoder_model(**dict(zip(names, inputs))).last_hidden_state

    was_training = module.training
    device = next(module.parameters()).device
    ones = np.ones((2, 3), dtype=np.int64)
    words = ones[:, :, None] if has_interaction(module) else None
    example = Batch(ones, ones, ones * 0, words).inputs
    names = list(example)
    axes = {name: {0: "windows", 1: "pieces"} for name in (*names, OUTPUT)}
    if words is not None:
        axes[WORD_IDS][2] = "words"
    file: Any = io.BytesIO()
    # The exporter that needs no further packages is deprecated, but works.
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Exported().eval(),
            tuple(torch.from_numpy(array).to(device) for array in example.values()),
            file,
            input_names=names,
            output_names=[OUTPUT],
            dynamic_axes=axes,
            opset_version=_OPSET,
            do_constant_folding=False,
            dynamo=False,
        )
    module.train(was_training)
    graph: bytes = file.getvalue()
    return graph


def read_weights(graph: bytes) -> Dict[str, np.ndarray]:
    """Return the weights of an exported encoder.

    Args:
        graph: What `export` or `to_float16` returned.

    Returns:
        float32 arrays by their names in the module.

    Raises:
        DistillError: If the weights are int8, or if `onnx` is missing.
    """
    onnx = _import_onnx()
    weights = {
        tensor.name[len(_PREFIX) :]: onnx.numpy_helper.to_array(tensor)
        for tensor in onnx.load_from_string(graph).graph.initializer
        if tensor.name.startswith(_PREFIX)
    }
    if any(array.dtype.kind != "f" for array in weights.values()):
        raise DistillError(
            "Expected a transformer student stored as float32 or float16 to train on,"
            " got one that was quantized to int8: train the pipeline that it was"
            " quantized from."
        )
    return {
        # A copy, since torch needs arrays that can be written to.
        name: array.astype(np.float32)
        for name, array in weights.items()
    }


def to_float16(graph: bytes) -> bytes:
    """Store matrices as float16. ONNX Runtime computes in float32.

    Args:
        graph: What `export` returned.

    Returns:
        The smaller model. Matrices with values outside of float16's range stay as they
        are.
    """
    onnx = _import_onnx()
    model = onnx.load_from_string(graph)
    for tensor in list(model.graph.initializer):
        array = onnx.numpy_helper.to_array(tensor)
        if array.dtype != np.float32 or array.ndim < 2:
            continue
        with np.errstate(over="ignore"):
            half = array.astype(np.float16)
        if not np.isfinite(half).all():
            continue
        tensor.CopyFrom(onnx.numpy_helper.from_array(half, tensor.name))
        for node in model.graph.node:
            _rename(node.input, tensor.name, tensor.name + _FLOAT32)
        cast = onnx.helper.make_node(
            "Cast", [tensor.name], [tensor.name + _FLOAT32], to=onnx.TensorProto.FLOAT
        )
        model.graph.node.insert(0, cast)
    return bytes(model.SerializeToString())


def to_int8(graph: bytes) -> bytes:
    """Quantize an encoder: weights to int8, activations when it runs.

    Embeddings have one scale for each row, the matrices of linear layers one for each
    output. They have 7 bits, since products of 8 bits overflow on processors without
    VNNI instructions.

    Args:
        graph: What `export` returned.

    Returns:
        The quantized model.

    Raises:
        DistillError: If `onnx` or `onnxruntime` is missing.
    """
    onnx = _import_onnx()
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load_from_string(graph)
    _fold_transposes(onnx, model.graph)
    _quantize_embeddings(onnx, model.graph)
    with TemporaryDirectory() as folder:
        source, target = Path(folder, "float32.onnx"), Path(folder, "int8.onnx")
        onnx.save(model, str(source))
        with _without_advice():
            quantize_dynamic(
                source,
                target,
                op_types_to_quantize=["MatMul"],
                per_channel=True,
                reduce_range=True,
                weight_type=QuantType.QInt8,
                extra_options={"MatMulConstBOnly": True},
            )
        return target.read_bytes()


@contextmanager
def _without_advice() -> Iterator[None]:
    """Keep ONNX Runtime from logging advice about models that differ from this."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _fold_transposes(onnx: Any, graph: Any) -> None:
    """Transpose the matrices of linear layers in the graph's constants."""
    matrices = {tensor.name: tensor for tensor in graph.initializer}
    uses = Counter(name for node in graph.node for name in node.input)
    for node in list(graph.node):
        if node.op_type == "Transpose" and node.input[0] in matrices:
            tensor = matrices[node.input[0]]
            array = np.ascontiguousarray(onnx.numpy_helper.to_array(tensor).T)
            name = tensor.name
            if uses[name] > 1:
                # The lexicon's layer multiplies by a matrix and by its transpose.
                name += _TRANSPOSED
                tensor = graph.initializer.add()
            tensor.CopyFrom(onnx.numpy_helper.from_array(array, name))
            graph.node.remove(node)
            for other in graph.node:
                _rename(other.input, node.output[0], name)


def _quantize_embeddings(onnx: Any, graph: Any) -> None:
    """Replace look-ups in tables by look-ups in int8 rows, times their scales."""
    tables = {tensor.name: tensor for tensor in graph.initializer}
    nodes: List[Any] = []
    for node in graph.node:
        if node.op_type != "Gather" or node.input[0] not in tables:
            nodes.append(node)
            continue
        table, ids, out = node.input[0], node.input[1], node.output[0]
        array = onnx.numpy_helper.to_array(tables[table])
        if array.dtype != np.float32 or array.ndim != 2:
            nodes.append(node)
            continue
        rows, scales = encode_rows(array)
        scale_name = f"{table}_scale"
        tables[table].CopyFrom(onnx.numpy_helper.from_array(rows, table))
        graph.initializer.append(
            onnx.numpy_helper.from_array(
                np.asarray(scales, dtype=np.float32).reshape(-1, 1), scale_name
            )
        )
        make: Callable = onnx.helper.make_node
        nodes += [
            make("Gather", [table, ids], [f"{out}_int8"]),
            make("Cast", [f"{out}_int8"], [f"{out}_rows"], to=onnx.TensorProto.FLOAT),
            make("Gather", [scale_name, ids], [f"{out}_scales"]),
            make("Mul", [f"{out}_rows", f"{out}_scales"], [out]),
        ]
    del graph.node[:]
    graph.node.extend(nodes)


def _rename(names: Any, old: str, new: str) -> None:
    for i, name in enumerate(names):
        if name == old:
            names[i] = new


def _import_onnx() -> Any:
    try:
        import onnx
        import onnx.numpy_helper
    except ImportError as error:
        raise DistillError(
            "Expected the package onnx, which training and saving a transformer student"
            ' needs, got none: run pip install "spacy-distill[train]".'
        ) from error
    return onnx
