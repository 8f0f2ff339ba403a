"""Build sdist and wheel of the project from a copy of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = ("CHANGELOG.md", "LICENSE", "MANIFEST.in", "README.md", "constraints.txt")


def copy_project(folder: Path) -> Path:
    """Copy what is part of a release, and tests, which are there to be left out."""
    folder.mkdir()
    for name in (*FILES, "pyproject.toml", "setup.py"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(
        ROOT / "spacy_distill",
        folder / "spacy_distill",
        ignore=shutil.ignore_patterns("__pycache__", "_kernel.cpp", "*.so", "*.pyd"),
    )
    (folder / "tests").mkdir()
    (folder / "tests" / "test_nothing.py").touch()
    return folder


def build(folder: Path, *options: str, **environment: str) -> Path:
    """Build, and return the folder of what was built, without the compiled kernel.

    Args:
        folder: The copied project.
        options: Options of `python -m build`.
        environment: Environment variables.
    """
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", "dist"]
    done = subprocess.run(
        [*command, *options],
        cwd=folder,
        env={**os.environ, "SPACY_DISTILL_PURE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "dist"
