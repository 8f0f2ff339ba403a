"""Environments with spaCy but without spacy-distill, made without an index."""

import os
import subprocess
import sys
from pathlib import Path

import spacy

# Where spaCy is installed, and so all that it needs.
_SITE = Path(spacy.__file__).parent.parent
# What is hidden: spacy-distill and what only training needs.
_HIDDEN = (
    "spacy_distill",
    "__editable__",
    "torch",
    "transformers",
    "spacy_transformers",
)


class CleanEnvironment:
    """A folder for `PYTHONPATH`, beside links to what is installed.

    Args:
        folder: An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.site = folder / "site"
        self.cwd = folder / "cwd"
        self.others = folder / "others"
        for path in (self.site, self.cwd, self.others):
            path.mkdir(parents=True)
        for path in _SITE.iterdir():
            if not path.name.lower().startswith(_HIDDEN):
                (self.others / path.name).symlink_to(path)

    def install(self, *wheels: Path) -> None:
        """Install wheels, without what they require."""
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        command = [*pip, "--no-index", "--target", self.site, *wheels]
        subprocess.run(list(map(str, command)), check=True)

    def run(self, code: str, *arguments: str) -> str:
        """Run Python code and return what it printed."""
        path = os.pathsep.join([str(self.site), str(self.others)])
        # -S: without the site-packages of this environment.
        command = [sys.executable, "-S", "-c", code, *arguments]
        done = subprocess.run(
            command,
            cwd=self.cwd,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
