"""Has made what is not there yet; see `make.py`."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Sequence

from common.guard import dump_json

from spacy_distill.errors import DistillError
from spacy_distill.files import write_atomically

from .systems import Sources, System, find_folder
from .workers import last_line, thread_environment

_SCRIPT = Path(__file__).with_name("make.py")


def prepare(
    systems: Sequence[System],
    sources: Sources,
    *,
    made: Path,
    log: Path,
    tell: Callable[[str], None],
) -> None:
    """Make the systems whose source is to lie in the folder `made`, unless it is there
    and of the same fingerprint.

    Raises DistillError if one cannot be made.
    """
    missing = [s for s in systems if s.source and Path(s.source).parent == made]
    missing = [s for s in missing if not _is_made(s)]
    if not missing:
        return
    tell(f"making {', '.join(system.name for system in missing)}")
    for system in missing:
        _record(system).unlink(missing_ok=True)
        shutil.rmtree(system.source, ignore_errors=True)
    tasks = [_task(system, sources) for system in missing]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as file_:
        done = subprocess.run(
            [sys.executable, str(_SCRIPT), json.dumps(tasks)],
            env=thread_environment(1),
            stdout=file_,
            stderr=subprocess.STDOUT,
            check=False,
        )
    for system in missing:
        # Those that were made before one failed are as good as others.
        if Path(system.source).is_dir():
            write_atomically(_record(system), dump_json(system.fingerprint))
    if done.returncode:
        raise DistillError(
            f"Expected to make {', '.join(system.name for system in missing)}, but:"
            f" {last_line(log)} (see {log})."
        )


def _task(system: System, sources: Sources) -> Dict[str, Any]:
    size = sources.berts.get(system.name)
    return {
        "name": system.name,
        "folder": system.source,
        "teacher": str(find_folder(sources.teacher)) if sources.teacher else "",
        "size": vars(size) if size else {},
        "lang": sources.lang,
    }


def _is_made(system: System) -> bool:
    try:
        recorded = json.loads(_record(system).read_bytes())
    except (OSError, ValueError):
        return False
    return recorded == system.fingerprint and Path(system.source).is_dir()


def _record(system: System) -> Path:
    folder = Path(system.source)
    return folder.with_name(f"{folder.name}.json")
