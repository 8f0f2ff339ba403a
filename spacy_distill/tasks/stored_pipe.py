"""A trainable component that is saved smaller than it is in memory."""

from pathlib import Path
from typing import Iterable, TypeVar, Union

import srsly
from spacy.pipeline import TrainablePipe

from .storage import check_storage, pack, unpack

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
