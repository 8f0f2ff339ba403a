"""The compiled kernel: steps of prediction, faster than numpy can do them.

`_kernel.pyx` is compiled when the package is built. Without it, or with
SPACY_DISTILL_PURE=1 in the environment, the same steps run in numpy: each caller of
`get_kernel` has both, and tests hold one to the other.
"""

import logging
import os
from importlib import import_module
from types import ModuleType
from typing import Optional

_SWITCH = "SPACY_DISTILL_PURE"
_LOGGER = logging.getLogger("spacy_distill")


def get_kernel() -> Optional[ModuleType]:
    """Return the module `_kernel`; None if prediction is to run in numpy alone."""
    return _kernel


def _load() -> Optional[ModuleType]:
    if os.environ.get(_SWITCH, "0") not in ("", "0"):
        _LOGGER.debug("Predictions run in numpy alone: %s is set.", _SWITCH)
        return None
    try:
        return import_module("._kernel", __package__)
    # ValueError: it was built for a spaCy whose Docs have another layout.
    except (ImportError, ValueError) as error:
        _LOGGER.debug("Predictions run in numpy alone: %s", error)
        return None


_kernel = _load()
