"""An environment without torch, made of links to this one's packages.

spaCy imports torch wherever it is installed, which takes seconds and hundreds of
megabytes. A machine that only predicts with a student has none.
"""

import os
import shutil
import sysconfig
from pathlib import Path
from typing import Dict

import spacy_distill

HEAVY = (
    "torch",
    "transformers",
    "spacy_transformers",
    "tokenizers",
    "safetensors",
    "onnx",
    "gliner",
)


def light_environment(folder: Path) -> Dict[str, str]:
    """Link all packages but the heavy ones into a folder, made anew.

    Returns the variables with which `python -S` finds them.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sites = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    for site in sites:
        for path in site.iterdir():
            name = path.name.lower().replace("-", "_")
            if not name.startswith(HEAVY) and not (folder / path.name).exists():
                (folder / path.name).symlink_to(path)
    paths = [str(folder)]
    sources = Path(spacy_distill.__file__).resolve().parents[1]
    # An editable installation is found through the path of its sources.
    if sources not in {site.resolve() for site in sites}:
        paths.append(str(sources))
    return {"PYTHONPATH": os.pathsep.join(paths)}
