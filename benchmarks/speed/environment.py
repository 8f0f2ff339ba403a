"""How much is installed for a system, and with what versions a figure was made."""

from importlib.metadata import Distribution, PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from spacy_distill.evaluation.environment import get_machine

# Those that make a difference to speed. The package itself is told by its code.
LIBRARIES = (
    "spacy",
    "thinc",
    "numpy",
    "torch",
    "transformers",
    "tokenizers",
    "spacy-transformers",
    "onnxruntime",
)


def installed_bytes(packages: Sequence[str]) -> Optional[int]:
    """The bytes on disk of packages and of all that they require, Python excluded;
    None if one of them is not installed."""
    found: Dict[str, Distribution] = {}
    waiting = [Requirement(name) for name in packages]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            return None
        waiting += _requirements(found[name])
    return sum(map(_bytes, found.values()))


def describe_machine() -> Dict[str, Any]:
    """Processor and cores, and the versions of LIBRARIES that are installed."""
    machine = get_machine()
    # Each worker has its own.
    del machine["threads"]
    versions: Dict[str, str] = {}
    for name in LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return {"machine": machine, "versions": versions}


def _requirements(package: Distribution) -> List[Requirement]:
    required = map(Requirement, package.requires or ())
    return [r for r in required if r.marker is None or r.marker.evaluate({"extra": ""})]


def _bytes(package: Distribution) -> int:
    # As recorded in its RECORD; compiled Python files may be missing there.
    paths = [Path(str(package.locate_file(file))) for file in package.files or ()]
    return sum(path.stat().st_size for path in paths if path.is_file())
