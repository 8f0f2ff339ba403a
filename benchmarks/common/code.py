"""Which code a figure was measured with."""

from functools import cache
from pathlib import Path

import spacy_distill
from spacy_distill.files import sha256_bytes, sha256_file


@cache
def code_hash() -> str:
    """One SHA-256 over the sources of the package: between releases it says more than
    a version."""
    folder = Path(spacy_distill.__file__).parent
    parts = [
        f"{path.relative_to(folder).as_posix()} {sha256_file(path)}\n"
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".py", ".pyx", ".h")
    ]
    return sha256_bytes("".join(parts).encode("utf-8"))
