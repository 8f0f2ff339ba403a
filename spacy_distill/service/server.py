"""Run the service: one process or several, until it is told to end."""

import os
import socket
import sys
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn

from ..errors import DistillError
from .app import create_app, keep_out_of_collections
from .log import log_to_stderr
from .metrics import MULTIPROCESS
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
        DistillError: If a setting is out of range, if the pipeline cannot be served, or
            if the address cannot be used.
    """
    options: Any = {
        "host": host,
        "log_level": "warning",
        "access_log": False,
        "timeout_graceful_shutdown": _GRACE,
    }
    # Faults of settings and pipeline are told here, not by a worker.
    app = create_app(settings)
    listening = listen(host, port)
    port = listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    print(f"http://{shown}:{port}", flush=True)
    if workers == 1:
        keep_out_of_collections()
        log_to_stderr()
        uvicorn.Server(uvicorn.Config(app, **options)).run(sockets=[listening])
        return
    del app
    settings.to_environment()
    if sys.platform == "win32":
        listening.close()
        options["port"] = port
    else:
        options["fd"] = listening.fileno()
    with TemporaryDirectory(prefix="spacy_distill_metrics_") as folder:
        # Figures of all workers, for whichever is asked.
        os.environ[MULTIPROCESS] = folder
        uvicorn.run(_FACTORY, factory=True, workers=workers, **options)


def listen(host: str, port: int) -> socket.socket:
    """Listen at an address.

    Answers leave at once: without the option, an answer in two packets waits for the
    client's delayed acknowledgement of the first, 40 ms.

    Args:
        host: The address.
        port: The port; 0 for any that is free.

    Returns:
        The socket.

    Raises:
        DistillError: If the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets the option if it knows that the protocol is TCP, and Linux passes it
    # on to connections of the socket.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if sys.platform != "win32":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise DistillError(
            f"Expected a free address to listen at, got {host}:{port}:"
            f" {error.strerror or error}. Choose another --port (0 for any that is"
            " free) or --host."
        ) from error
    return listening
