"""Software versions and hardware of a measurement."""

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Dict

LIBRARIES = ("spacy-distill", "spacy", "thinc", "numpy")
# Reported only if imported, which shows whether the pipelines needed them.
_OPTIONAL_LIBRARIES = {
    "torch": "torch",
    "transformers": "transformers",
    "onnxruntime": "onnxruntime",
}


def get_versions() -> Dict[str, str]:
    """Return the versions of Python and of the relevant libraries.

    Returns:
        Versions by name. torch, transformers and onnxruntime are included if they
        were imported.
    """
    versions = {"python": platform.python_version()}
    versions.update({name: version(name) for name in LIBRARIES})
    for module, name in _OPTIONAL_LIBRARIES.items():
        if module in sys.modules:
            versions[name] = version(name)
    return versions


def get_machine() -> Dict[str, Any]:
    """Return the operating system, processor, available cores and thread settings.

    Returns:
        JSON-serializable dict. A thread setting is None if it is not set.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    torch = sys.modules.get("torch")
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor_name(),
        "cores": len(affinity(0)) if affinity else os.cpu_count(),
        "threads": {
            "torch": torch.get_num_threads() if torch is not None else None,
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS"),
        },
    }


def _processor_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:  # not Linux
        pass
    return platform.processor()
