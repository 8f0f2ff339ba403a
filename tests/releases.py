"""Build sdist and wheel of the project from a copy of it."""

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
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (folder / "tests").mkdir()
    (folder / "tests" / "test_nothing.py").touch()
    return folder


def build(folder: Path, *options: str) -> Path:
    """Build, and return the folder of what was built."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", "dist"]
    done = subprocess.run(
        [*command, *options], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "dist"
