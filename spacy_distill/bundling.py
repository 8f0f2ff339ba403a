"""Put the prediction modules into a model package, in place of a requirement."""

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Iterable, List

from packaging.requirements import Requirement

from .errors import DistillError
from .requirements import NAME

# The modules' folder in the model package.
FOLDER = "_spacy_distill"
# Beside setup.py, from where setuptools takes it along.
LICENSE = "LICENSE-spacy-distill"

# Modules that register what a student is made of. All are bundled, whatever the
# pipeline uses, so that packages with the same version of them can use each other's.
_ENTRY_MODULES = (
    "spacy_distill.tasks.ner.component",
    "spacy_distill.tasks.textcat.component",
    "spacy_distill.students.architectures",
    "spacy_distill.students.lexicon.features",
    "spacy_distill.students.ngrams",
    "spacy_distill.students.transformer.architecture",
    "spacy_distill.registration",
)

# Uses a pipeline in a new process, and prints which modules that imported.
_LIST_MODULES = """
import importlib, json, sys
import spacy

for name in sys.argv[2:]:
    importlib.import_module(name)
nlp = spacy.load(sys.argv[1])
nlp("Anna Smith of Acme Ltd. went from New York to Rome.")
print(json.dumps([name for name in sys.modules if name.startswith("spacy_distill.")]))
"""

# Appended to the __init__.py that spaCy writes.
_REGISTER = f"""

# spacy-distill comes with this package, for where it is not installed.
from .{FOLDER}.registration import register  # noqa: E402

register()
"""


def bundle(folder: Path) -> None:
    """Put the modules that prediction needs into a model package.

    The package then requires spaCy alone, and ONNX Runtime if it has a transformer
    student.

    Args:
        folder: Folder that `spacy package` wrote, with meta.json and setup.py.

    Raises:
        DistillError: If the pipeline cannot be loaded, or if spaCy's files are not as
            expected.
    """
    meta_path = folder / "meta.json"
    meta = json.loads(meta_path.read_text(encoding="utf-8"))
    name = f"{meta['lang']}_{meta['name']}"
    ours = _find_distribution()
    modules = find_modules(folder / name / f"{name}-{meta['version']}")
    copy_modules(modules, folder / name / FOLDER, version=ours.version)
    with (folder / name / "__init__.py").open("a", encoding="utf-8") as file:
        file.write(_REGISTER)
    meta["requirements"] = [
        needed
        for requirement in meta["requirements"]
        for needed in (
            _requirements_of_extras(ours, Requirement(requirement).extras)
            if Requirement(requirement).name == NAME
            else [requirement]
        )
    ]
    meta_path.write_text(json.dumps(meta, indent=2), encoding="utf-8")
    setup = folder / "setup.py"
    edited = _edit_setup(
        setup.read_text(encoding="utf-8"), ours.metadata["Requires-Python"]
    )
    setup.write_text(edited, encoding="utf-8")
    (folder / LICENSE).write_text(_read_license(ours), encoding="utf-8")


def find_modules(model: Path) -> List[str]:
    """Find the modules of spacy-distill that are imported for prediction.

    Args:
        model: Folder of a pipeline.

    Returns:
        Names of modules and packages, sorted, as "spacy_distill.tasks.ner.component".

    Raises:
        DistillError: If the pipeline cannot be loaded.
    """
    done = subprocess.run(
        [sys.executable, "-c", _LIST_MODULES, str(model), *_ENTRY_MODULES],
        capture_output=True,
        text=True,
        check=False,
        # A model package runs on every machine, so it has no compiled module.
        env={**os.environ, "SPACY_DISTILL_PURE": "1"},
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["it ended without a message"]
        raise DistillError(f"Could not load the pipeline in a new process: {lines[-1]}")
    found: List[str] = json.loads(done.stdout.strip().splitlines()[-1])
    return sorted(found)


def copy_modules(modules: Iterable[str], folder: Path, *, version: str) -> None:
    """Copy modules into a package of their own. They import each other relatively.

    Args:
        modules: Names of modules, as from `find_modules`.
        folder: The new package.
        version: Its version.
    """
    source = Path(__file__).parent
    for module in modules:
        path = Path(*module.split(".")[1:])
        is_package = (source / path).is_dir()
        path = path / "__init__.py" if is_package else path.with_suffix(".py")
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, folder / path)
    # Without the API, whose modules are not here.
    docstring = f"The prediction modules of spacy-distill {version} (MIT license)."
    (folder / "__init__.py").write_text(
        f'"""{docstring}"""\n\n__version__ = "{version}"\n', encoding="utf-8"
    )


def _requirements_of_extras(ours: Distribution, extras: Iterable[str]) -> List[str]:
    """Return what extras of spacy-distill require, which is not bundled."""
    return [
        f"{needed.name}{needed.specifier}"
        for needed in map(Requirement, ours.requires or [])
        if needed.marker is not None
        and not needed.marker.evaluate({"extra": ""})
        and any(needed.marker.evaluate({"extra": extra}) for extra in extras)
    ]


def _edit_setup(text: str, python: str) -> str:
    """Make spaCy's setup.py include all modules, and require Python versions."""
    edits = {
        "from setuptools import setup\n": (
            "from setuptools import find_packages, setup\n"
        ),
        "packages=[model_name],": (
            f"packages=find_packages(),\n        python_requires={python!r},"
        ),
    }
    for old, new in edits.items():
        if text.count(old) != 1:
            raise DistillError(
                f"Expected {old.strip()!r} in the setup.py of `spacy package`, got"
                " none: package the pipeline without a bundle."
            )
        text = text.replace(old, new)
    return text


def _find_distribution() -> Distribution:
    try:
        return distribution("spacy-distill")
    except PackageNotFoundError as error:
        raise DistillError(
            "Expected spacy-distill to be installed, got its source code alone: install"
            " it with pip."
        ) from error


def _read_license(ours: Distribution) -> str:
    for file in ours.files or []:
        if file.name == "LICENSE" and Path(str(file.locate())).is_file():
            return file.read_text(encoding="utf-8")
    raise DistillError(
        "Expected the license of spacy-distill among its installed files, got none:"
        " install it again."
    )
