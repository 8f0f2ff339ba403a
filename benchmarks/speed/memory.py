"""How much memory this process has."""

import os
import resource
import sys
from pathlib import Path
from typing import Optional

_MB = 1024 * 1024
_STATUS = Path("/proc/self/status")


def peak_mb() -> float:
    """The most that was ever resident at once, in MiB."""
    kilobytes = _read_status("VmHWM")
    if kilobytes is None:
        # Not Linux: kilobytes on BSD, bytes on macOS. On Linux it would be no less
        # than what the parent had when it started this process.
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MB
    return kilobytes / 1024


def resident_mb() -> float:
    """What is resident now, in MiB; where the system does not tell, the peak."""
    kilobytes = _read_status("VmRSS")
    return peak_mb() if kilobytes is None else kilobytes / 1024


def core_count() -> int:
    """How many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _read_status(name: str) -> Optional[int]:
    try:
        lines = _STATUS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return int(found[0]) if found else None
