"""The compiled kernel: steps of prediction, faster than numpy can do them.

`_kernel.pyx` is compiled when the package is built. Without it, or with
SPACY_DISTILL_PURE=1 in the environment, the same steps run in numpy: each caller of
`get_kernel` has both, and tests hold one to the other.
"""

import logging
import os
import zlib
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Optional

_SWITCH = "SPACY_DISTILL_PURE"
_LOGGER = logging.getLogger("spacy_distill")
# What it is compiled from. Wheels do not have them.
_SOURCES = [
    Path(__file__).with_name(name) for name in ("_kernel.pyx", "_kernel_loops.h")
]


def get_kernel() -> Optional[ModuleType]:
    """Return the module `_kernel`; None if prediction is to run in numpy alone."""
    return _kernel


def _load() -> Optional[ModuleType]:
    if os.environ.get(_SWITCH, "0") not in ("", "0"):
        _LOGGER.debug("Predictions run in numpy alone: %s is set.", _SWITCH)
        return None
    try:
        kernel = import_module("._kernel", __package__)
    # ValueError: it was built for a spaCy whose Docs have another layout.
    except (ImportError, ValueError) as error:
        _LOGGER.debug("Predictions run in numpy alone: %s", error)
        return None
    if all(source.exists() for source in _SOURCES):
        checksum = zlib.crc32(b"".join(source.read_bytes() for source in _SOURCES))
        if getattr(kernel, "CHECKSUM", None) != checksum:
            _LOGGER.warning(
                "Predictions run in numpy alone: expected a kernel compiled from %s as"
                " it is, got one of earlier code; run `pip install -e .`.",
                _SOURCES[0],
            )
            return None
    return kernel


_kernel = _load()
