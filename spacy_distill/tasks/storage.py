"""How a model's parameters are written: as they are, or smaller.

In memory they are float32 whatever the storage, so that nothing but loading and saving
knows of it. What is read says itself how it was written: any storage is read by any
component.
"""

from typing import Any, Optional

import numpy as np
import srsly
from thinc.api import Model

from ..errors import DistillError
from ..quantization import decode_rows, encode_rows

STORAGES = ("float32", "float16", "int8")


def check_storage(storage: str) -> str:
    """The storage itself. RAISES: DistillError if there is none of that name."""
    if storage not in STORAGES:
        raise DistillError(
            f"Expected storage = {', '.join(STORAGES[:-1])} or {STORAGES[-1]}, got "
            f"{storage!r}: change [components.ner]."
        )
    return storage


def pack(model: Model, storage: str) -> bytes:
    """A model as bytes.

    storage: `float32` is what Thinc writes. `float16` halves all float32 parameters.
        `int8` writes those of two and more axes as int8, with a float32 step for each
        row (`compression.grids`); vectors stay. Parameters that are no float32, or
        that are not finite in the smaller format, stay too, as do torch's.
    """
    data = model.to_bytes()
    if storage == "float32":
        return data
    message = srsly.msgpack_loads(data)
    message["params"] = [
        {name: _pack(value, storage) for name, value in params.items()}
        for params in message["params"]
    ]
    return srsly.msgpack_dumps(message)


def unpack(model: Model, data: bytes) -> None:
    """Load into a model what `pack` made, whatever the storage.

    RAISES: DistillError if it was stored in a way that is not known here.
    """
    message = srsly.msgpack_loads(data)
    message["params"] = [
        {name: _unpack(value) for name, value in params.items()}
        for params in message["params"]
    ]
    model.from_dict(message)


def _pack(value: Optional[np.ndarray], storage: str) -> Any:
    if value is None or value.dtype != np.float32 or not np.isfinite(value).all():
        return value
    if storage == "float16":
        with np.errstate(over="ignore"):
            half = value.astype(np.float16)
        return {"float16": half} if np.isfinite(half).all() else value
    if value.ndim < 2:
        return value
    rows, steps = encode_rows(value)
    return {"int8": rows, "steps": steps}


def _unpack(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value.keys() == {"float16"}:
        return value["float16"].astype(np.float32)
    if value.keys() == {"int8", "steps"}:
        return decode_rows(value["int8"], value["steps"])
    raise DistillError(
        f"Expected parameters stored as {', '.join(STORAGES)}, got "
        f"{', '.join(map(repr, value))}: load the model with the version of "
        "spacy-distill that saved it, or a newer one."
    )
