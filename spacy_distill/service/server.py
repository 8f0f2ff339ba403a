"""Run the service: one process or several, until it is told to end."""

import os
import socket
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn

from .app import create_app
from .metrics import MULTIPROCESS
from .middleware import log_to_stderr
from .settings import ServiceSettings

_FACTORY = "spacy_distill.service.app:create_app_from_environment"
# Seconds that open requests have when the service ends.
_GRACE = 30


def run_server(
    settings: ServiceSettings, *, host: str, port: int, workers: int = 1
) -> None:
    """Serve a pipeline until SIGTERM or Ctrl-C, and finish what was accepted.

    Args:
        settings: Settings of the service.
        host: Address to listen at.
        port: Port to listen at; 0 for any that is free.
        workers: Worker processes, each with a pipeline of its own.

    Raises:
        DistillError: If a setting is out of range, or if the pipeline cannot be served.
        OSError: If the address cannot be used.
    """
    options: Any = {
        "host": host,
        "log_level": "warning",
        "access_log": False,
        "timeout_graceful_shutdown": _GRACE,
    }
    # Faults of settings and pipeline are told here, not by a worker.
    app = create_app(settings)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=2048)
    port = listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    print(f"http://{shown}:{port}", flush=True)
    if workers == 1:
        log_to_stderr()
        uvicorn.Server(uvicorn.Config(app, **options)).run(sockets=[listening])
        return
    listening.close()
    del app
    settings.to_environment()
    with TemporaryDirectory(prefix="spacy_distill_metrics_") as folder:
        # Figures of all workers, for whichever is asked.
        os.environ[MULTIPROCESS] = folder
        uvicorn.run(_FACTORY, factory=True, port=port, workers=workers, **options)
