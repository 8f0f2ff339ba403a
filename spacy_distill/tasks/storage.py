"""Save a component's parameters as float32, float16 or int8."""

from pathlib import Path
from typing import Any, Iterable, Optional, TypeVar, Union

import numpy as np
import srsly
from spacy.pipeline import TrainablePipe
from thinc.api import Model

from ..errors import DistillError
from ..quantization import decode_rows, encode_rows

STORAGES = ("float32", "float16", "int8")


def check_storage(storage: str) -> str:
    """Return the storage.

    Raises:
        DistillError: If it is none of `STORAGES`.
    """
    if storage not in STORAGES:
        raise DistillError(
            f"Expected storage = {', '.join(STORAGES[:-1])} or {STORAGES[-1]}, got "
            f"{storage!r}: change it in [components]."
        )
    return storage


def pack(model: Model, storage: str) -> bytes:
    """Serialize a model.

    Args:
        model: The model.
        storage: "float32" is Thinc's own format. "float16" halves all float32
            parameters. "int8" stores those with two or more axes as int8, with a
            float32 scale for each row (see `quantization`); vectors stay float32.
            Parameters that are no float32, or not finite in the smaller format, do not
            change, nor do torch's. A shim with an attribute `storage` writes itself in
            it.

    Returns:
        The model as msgpack.
    """
    for node in model.walk():
        for shim in node.shims:
            if hasattr(shim, "storage"):
                shim.storage = storage
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
    """Load a model that `pack` serialized, in any storage.

    Args:
        model: The model to load into.
        data: What `pack` returned.

    Raises:
        DistillError: If the storage is unknown to this version.
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


Pipe = TypeVar("Pipe", bound="StoredPipe")


class StoredPipe(TrainablePipe):
    """Saves the parameters of its model in its `storage`, and loads any."""

    @property
    def storage(self) -> str:
        """How the model's parameters are written, see `storage.pack`. DistillError on
        setting one that there is not."""
        return self._storage

    @storage.setter
    def storage(self, storage: str) -> None:
        self._storage = check_storage(storage)

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """As any trainable component, but parameters in the component's `storage`."""
        data: bytes = super().to_bytes(exclude=[*exclude, "model"])
        if "model" in exclude:
            return data
        message = srsly.msgpack_loads(data)
        message["model"] = pack(self.model, self.storage)
        return srsly.msgpack_dumps(message)

    def from_bytes(
        self: Pipe, bytes_data: bytes, *, exclude: Iterable[str] = ()
    ) -> Pipe:
        """Load what `to_bytes` made, in any storage. The component's own one stays."""
        super().from_bytes(bytes_data, exclude=[*exclude, "model"])
        if "model" not in exclude:
            unpack(self.model, srsly.msgpack_loads(bytes_data)["model"])
        return self

    def to_disk(self, path: Union[str, Path], *, exclude: Iterable[str] = ()) -> None:
        """As `to_bytes`, to a folder."""
        super().to_disk(path, exclude=[*exclude, "model"])
        if "model" not in exclude:
            (Path(path) / "model").write_bytes(pack(self.model, self.storage))

    def from_disk(
        self: Pipe, path: Union[str, Path], *, exclude: Iterable[str] = ()
    ) -> Pipe:
        """As `from_bytes`, from a folder."""
        super().from_disk(path, exclude=[*exclude, "model"])
        if "model" not in exclude:
            unpack(self.model, (Path(path) / "model").read_bytes())
        return self
