"""An HTTP service around a pipeline, and its clients (extra `serve`)."""

from .client import AsyncClient, Client, ServiceError

__all__ = ["AsyncClient", "Client", "ServiceError"]
