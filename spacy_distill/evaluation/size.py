"""Size of a pipeline, in parameters and in bytes."""

import zlib
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Set, Union

from spacy.language import Language
from thinc.api import Model

from ..students.composition import FROZEN_PARAMS
from ..students.encoder import ENCODER
from ..students.transformer.shim import TransformerShim


class ParameterCounts(NamedTuple):
    """Number of parameters.

    Attributes:
        trained: Trainable parameters.
        table: Values in the piece embedding table, which unseen words are composed
            from. It is not trained.
    """

    trained: int
    table: int


def count_parameters(nlp: Language) -> ParameterCounts:
    """Count the parameters of all enabled components. Shared layers are counted once.

    Includes parameters of Thinc layers and of torch modules in shims.

    Args:
        nlp: Pipeline.

    Returns:
        The number of parameters.
    """
    trained = table = 0
    seen: Set[int] = set()
    for node in layers(nlp):
        if id(node) in seen:
            continue
        seen.add(id(node))
        for name in node.param_names:
            size = node.get_param(name).size if node.has_param(name) else 0
            if node.name == ENCODER and name in FROZEN_PARAMS:
                table += size
            else:
                trained += size
        for shim in node.shims:
            # Loaded ones have no torch module.
            if isinstance(shim, TransformerShim) and id(shim) not in seen:
                seen.add(id(shim))
                trained += shim.n_parameters
        for parameter in _torch_parameters(node):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                trained += parameter.numel()
    return ParameterCounts(int(trained), int(table))


def has_torch_parameters(nlp: Language) -> bool:
    """Whether any enabled component needs torch where the pipeline is loaded.

    Args:
        nlp: Pipeline.

    Returns:
        True if there are parameters in a torch module, other than those of transformer
        students, which are saved for ONNX Runtime.
    """
    return any(True for node in layers(nlp) for _ in _torch_parameters(node))


def has_transformer_students(nlp: Language) -> bool:
    """Whether any enabled component has a transformer student.

    Args:
        nlp: Pipeline.

    Returns:
        True if there is any, so that ONNX Runtime is needed.
    """
    return any(
        isinstance(shim, TransformerShim) for node in layers(nlp) for shim in node.shims
    )


def folder_bytes(path: Union[str, Path]) -> int:
    """Return the total size of all files in a folder and its subfolders.

    Args:
        path: Path of the folder.

    Returns:
        Size in bytes.
    """
    return sum(f.stat().st_size for f in Path(path).rglob("*") if f.is_file())


def zipped_bytes(path: Union[str, Path]) -> int:
    """Return the total compressed size of all files in a folder, as in a wheel.

    Args:
        path: Path of the folder. Its subfolders are included.

    Returns:
        Size in bytes, without the zip headers.
    """
    return sum(_deflated_bytes(f) for f in Path(path).rglob("*") if f.is_file())


def _deflated_bytes(path: Path) -> int:
    # As in zipfile: raw deflate, or the data as is if that is smaller.
    data = path.read_bytes()
    deflate = zlib.compressobj(wbits=-15)
    return min(len(data), len(deflate.compress(data)) + len(deflate.flush()))


def layers(nlp: Language) -> Iterator[Model]:
    """Yield all layers of all enabled components that have a model.

    Args:
        nlp: Pipeline.

    Yields:
        Layers. A layer that is shared by components occurs more than once.
    """
    for _, pipe in nlp.pipeline:
        model = getattr(pipe, "model", None)
        if isinstance(model, Model):
            yield from model.walk()


def _torch_parameters(node: Model) -> Iterator[Any]:
    for shim in node.shims:
        if isinstance(shim, TransformerShim):
            continue
        # Duck typing, so that torch is not imported.
        parameters = getattr(getattr(shim, "_model", None), "parameters", None)
        if parameters is not None:
            yield from parameters()
