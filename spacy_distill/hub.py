"""Where a Hugging Face model lies: in a folder, or in the hub's cache."""

from pathlib import Path
from typing import NamedTuple, Optional

from .errors import DistillError
from .files import sha256_bytes, sha256_file
from .weights import find_transformer

CONFIG = "config.json"
# What a model's answers depend on, whatever else its folder may hold.
_WEIGHTS = ("model*.safetensors*", "pytorch_model*.bin*")
_TOKENIZER = (
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab*",
    "merges.txt",
    "*.model",
)


class Located(NamedTuple):
    """A model that was found.

    location: what `from_pretrained` takes. revision: of the hub's model; None for a
        folder, about whose files no hub is to be asked.
    folder: where its files are, or will be once they have been downloaded.
    """

    location: str
    revision: Optional[str]
    folder: Path


def locate(name: str, *, config: str = CONFIG) -> Located:
    """Find a model by the name of its folder, its package or its place on the hub.

    config: the file without which it is no such model.

    Raises DistillError if a folder has no such file, or if neither the hub nor its
    cache has such a model.
    """
    location = find_transformer(name)
    folder = Path(location)
    if folder.is_dir():
        if not (folder / config).is_file():
            raise DistillError(
                f"Expected a Hugging Face model with a {config} in {name}, got none:"
                " save it there with `save_pretrained`."
            )
        return Located(location, None, folder)
    from transformers.utils.hub import cached_file

    # Offline, unknown, forbidden, broken: all are met in the same way.
    try:
        found = cached_file(location, config)
        if found is None:
            raise OSError("there is no such file.")
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DistillError(
            f"Could not get {name!r} from the Hugging Face hub or its cache. Without a"
            f" network, run `huggingface-cli download {name} --local-dir FOLDER` where"
            f" there is one, and give the folder. The hub said: {reason}"
        ) from error
    # snapshots/REVISION/config.json
    snapshot = Path(found).parent
    return Located(location, snapshot.name, snapshot)


def hash_model(folder: Path, *, config: str = CONFIG) -> str:
    """SHA-256 of a model's files: its config, its weights and its tokenizer."""
    patterns = (config, *_WEIGHTS, *_TOKENIZER)
    files = sorted({path for pattern in patterns for path in folder.glob(pattern)})
    lines = [f"{path.name} {sha256_file(path)}" for path in files if path.is_file()]
    return sha256_bytes("\n".join(lines).encode("utf-8"))
