"""The service on Ray Serve: replicas on one host or several (extra `ray-serve`).

serve run spacy_distill.service.ray_app:app model=en_compact_ner max_replicas=4
"""

from dataclasses import fields
from typing import Any, Optional

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict
from ray import serve
from ray.serve import Application

from ..errors import DistillError
from .app import create_worker_app
from .settings import ServiceSettings

# Requests of a replica beyond which Ray adds one, and of which it has most at a time:
# enough to fill batches.
_TARGET_REQUESTS, _MAX_REQUESTS = 32, 1024
_NAME = "spacy-distill"


class RayServiceSettings(BaseModel):
    """Arguments of `app`: settings of the service, and of its replicas.

    Attributes:
        model: Installed package, or folder that all hosts have, of the pipeline.
        teacher: The same of its teacher; None for none.
        max_batch: See `ServiceSettings`, as for the following.
        max_wait_ms: Milliseconds that a batch waits for more texts.
        max_queue: Most texts that wait in a replica.
        max_chars: Most characters of a request.
        api_key_file: File with API keys, on all hosts.
        log_format: Format of the log.
        code: Python file with registered functions, on all hosts.
        min_replicas: Fewest replicas.
        max_replicas: Most replicas; None for no more than `min_replicas`.
        target_requests: Requests at a time for each replica; Ray adds and removes
            replicas to come near it.
        cpus: CPUs that Ray reserves for each replica.
    """

    model_config = ConfigDict(extra="forbid")

    model: str
    teacher: Optional[str] = None
    max_batch: int = 128
    max_wait_ms: float = 0.0
    max_queue: int = 4096
    max_chars: int = 1_000_000
    api_key_file: Optional[str] = None
    log_format: str = "text"
    code: Optional[str] = None
    min_replicas: int = 1
    max_replicas: Optional[int] = None
    target_requests: float = _TARGET_REQUESTS
    cpus: float = 1.0

    def service(self) -> ServiceSettings:
        """Return the settings of the service in each replica."""
        names = {field.name for field in fields(ServiceSettings)}
        return ServiceSettings(**self.model_dump(include=names))


def app(args: RayServiceSettings) -> Application:
    """Build the application, for `serve run`, `serve deploy` or `serve.run`.

    Each replica is a process with the routes of `spacy-distill serve`, that batches the
    requests it gets. Ray spreads requests over the replicas, replaces those that fail,
    and has as many as requests need.

    Args:
        args: Its settings; `serve run` makes them of NAME=VALUE.

    Returns:
        A Ray Serve application.

    Raises:
        DistillError: If a setting is out of range.
    """
    settings = args.service()
    settings.check()
    most = args.min_replicas if args.max_replicas is None else args.max_replicas
    if not 1 <= args.min_replicas <= most:
        raise DistillError(
            "Expected 1 or more replicas, and min_replicas up to max_replicas, got"
            f" {args.min_replicas} and {most}: change them."
        )

    def build() -> FastAPI:
        return create_worker_app(settings)

    deployment: Any = serve.deployment(
        serve.ingress(build)(),
        name=_NAME,
        max_ongoing_requests=_MAX_REQUESTS,
        autoscaling_config={
            "min_replicas": args.min_replicas,
            "max_replicas": most,
            "target_ongoing_requests": args.target_requests,
        },
        ray_actor_options={"num_cpus": args.cpus},
    )
    application: Application = deployment.bind()
    return application
