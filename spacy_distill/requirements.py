"""What a packaged pipeline requires of this package."""

from importlib.metadata import version
from typing import Sequence

from packaging.version import Version

NAME = "spacy-distill"
# The extra that runs transformer students.
ONNX = "onnx"


def own_requirement(extras: Sequence[str] = ()) -> str:
    """Return the requirement of a pipeline that was saved with this package.

    Args:
        extras: Names of extras.

    Returns:
        A requirement, as in "spacy-distill[onnx]>=0.1.0,<1.0.0": later versions read
        what earlier ones wrote.

    Raises:
        PackageNotFoundError: If this package is imported without being installed.
    """
    major, minor = Version(version(NAME)).release[:2]
    shown = f"[{','.join(extras)}]" if extras else ""
    return f"{NAME}{shown}>={major}.{minor}.0,<{major + 1}.0.0"
