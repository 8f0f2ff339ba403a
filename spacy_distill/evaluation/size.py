"""How big a pipeline is."""

import zlib
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Set, Union

from spacy.language import Language
from thinc.api import Model

from ..students.encoder import ENCODER
from ..students.pieces import PIECE_PARAMS


class ParameterCounts(NamedTuple):
    """trained: numbers that training sets. table: those of the table that words never
    seen in training are composed from, which training only reads."""

    trained: int
    table: int


def count_parameters(nlp: Language) -> ParameterCounts:
    """Count the parameters of all enabled components, shared ones once.

    Counts Thinc's own and those of torch modules in shims.
    """
    trained = table = 0
    seen: Set[int] = set()
    for node in layers(nlp):
        if id(node) in seen:
            continue
        seen.add(id(node))
        for name in node.param_names:
            size = node.get_param(name).size if node.has_param(name) else 0
            if node.name == ENCODER and name in PIECE_PARAMS:
                table += size
            else:
                trained += size
        for parameter in _torch_parameters(node):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                trained += parameter.numel()
    return ParameterCounts(int(trained), int(table))


def has_torch_parameters(nlp: Language) -> bool:
    """Whether any enabled component has parameters that torch owns."""
    return any(True for node in layers(nlp) for _ in _torch_parameters(node))


def folder_bytes(path: Union[str, Path]) -> int:
    """The bytes of all files in a folder, however deep."""
    return sum(f.stat().st_size for f in Path(path).rglob("*") if f.is_file())


def zipped_bytes(path: Union[str, Path]) -> int:
    """The bytes of all files in a folder, however deep, each as a wheel has it. What a
    zip notes of each file beside is not counted."""
    return sum(_deflated(f) for f in Path(path).rglob("*") if f.is_file())


def _deflated(path: Path) -> int:
    # As zipfile does: no header, and no larger than the file itself.
    data = path.read_bytes()
    deflate = zlib.compressobj(wbits=-15)
    return min(len(data), len(deflate.compress(data)) + len(deflate.flush()))


def layers(nlp: Language) -> Iterator[Model]:
    """All layers of all enabled components that have a model; shared ones again."""
    for _, pipe in nlp.pipeline:
        model = getattr(pipe, "model", None)
        if isinstance(model, Model):
            yield from model.walk()


def _torch_parameters(node: Model) -> Iterator[Any]:
    for shim in node.shims:
        # Any torch module has `parameters`; no need to import torch to ask for it.
        parameters = getattr(getattr(shim, "_model", None), "parameters", None)
        if parameters is not None:
            yield from parameters()
