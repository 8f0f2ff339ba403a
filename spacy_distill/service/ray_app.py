"""The service on Ray Serve: replicas on one host or several (extra `ray-serve`).

serve run spacy_distill.service.ray_app:app model=en_compact_ner max_replicas=4
"""

from typing import Any, Dict, Optional

from fastapi import FastAPI
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass
from ray import serve
from ray.serve import Application

from ..errors import DistillError
from .app import create_worker_app
from .settings import ServiceSettings

# Requests in a replica at a time, at most: enough to fill batches.
_MAX_REQUESTS = 1024
_NAME = "spacy-distill"


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class RayServiceSettings(ServiceSettings):
    """Settings of the service in each replica, and of the replicas.

    All hosts need the pipelines and files that are named.

    Attributes:
        min_replicas: Fewest replicas.
        max_replicas: Most replicas; None for no more than `min_replicas`.
        target_requests: Requests at a time for each replica; Ray adds and removes
            replicas to come near it.
        cpus: CPUs that Ray reserves for each replica.
    """

    min_replicas: int = 1
    max_replicas: Optional[int] = None
    target_requests: float = 32.0
    cpus: float = 1.0


def app(args: Dict[str, Any]) -> Application:
    """Build the application of `serve run` and `serve deploy`; see `build_app`.

    Args:
        args: Fields of `RayServiceSettings`; strings are converted.

    Returns:
        A Ray Serve application.

    Raises:
        ValidationError: If there is no such setting, or if one has another type.
        DistillError: See `build_app`.
    """
    return build_app(RayServiceSettings(**args))


def build_app(settings: RayServiceSettings) -> Application:
    """Build the application for `serve.run`.

    Each replica is a process with the routes of `spacy-distill serve`, that batches the
    requests it gets. Ray spreads requests over the replicas, replaces those that fail,
    and has as many as requests need.

    Args:
        settings: Its settings.

    Returns:
        A Ray Serve application.

    Raises:
        DistillError: If a setting is out of range.
    """
    settings.check()
    fewest, most = settings.min_replicas, settings.max_replicas
    most = fewest if most is None else most
    if not 1 <= fewest <= most:
        raise DistillError(
            "Expected 1 or more replicas, and min_replicas up to max_replicas, got"
            f" {fewest} and {most}: change them."
        )

    def build() -> FastAPI:
        return create_worker_app(settings)

    deployment: Any = serve.deployment(
        serve.ingress(build)(),
        name=_NAME,
        max_ongoing_requests=_MAX_REQUESTS,
        autoscaling_config={
            "min_replicas": fewest,
            "max_replicas": most,
            "target_ongoing_requests": settings.target_requests,
        },
        ray_actor_options={"num_cpus": settings.cpus},
    )
    application: Application = deployment.bind()
    return application
