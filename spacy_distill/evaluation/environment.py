"""What a measurement was made with: figures mean little without."""

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Dict

LIBRARIES = ("spacy-distill", "spacy", "thinc", "numpy")
# They show only if they were needed, which is as good as a measurement itself.
_HEAVY = {"torch": "torch", "transformers": "transformers"}


def get_versions() -> Dict[str, str]:
    """Versions of Python and of the libraries that matter; torch and transformers
    if something has imported them."""
    versions = {"python": platform.python_version()}
    versions.update({name: version(name) for name in LIBRARIES})
    for module, name in _HEAVY.items():
        if module in sys.modules:
            versions[name] = version(name)
    return versions


def get_machine() -> Dict[str, Any]:
    """The processor, how many of its cores may be used, and how many threads torch
    and other libraries were told to take (None: as many as they like)."""
    affinity = getattr(os, "sched_getaffinity", None)
    torch = sys.modules.get("torch")
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": len(affinity(0)) if affinity else os.cpu_count(),
        "threads": {
            "torch": torch.get_num_threads() if torch is not None else None,
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS"),
        },
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:  # not Linux
        pass
    return platform.processor()
