"""What happens around each request: limits, metrics and the log."""

import time
from datetime import datetime, timezone
from typing import Any, Dict

import srsly
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .log import logger
from .metrics import Metrics

_UNKNOWN = "other"


class Observer:
    """ASGI middleware that counts, times and logs requests, and limits their size.

    Args:
        app: The application inside.
        metrics: Is told of requests.
        log_format: "text", "json" or "none".
        max_bytes: Most bytes of a request's body; a larger one gets status 413.
    """

    def __init__(
        self, app: ASGIApp, *, metrics: Metrics, log_format: str, max_bytes: int
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._log_format = log_format
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        status = 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.in_flight.inc()
        try:
            if _declared_length(scope) > self._max_bytes:
                await self._refuse(send_and_note)
            else:
                await self._app(scope, self._limited(receive), send_and_note)
        finally:
            seconds = time.perf_counter() - start
            route = getattr(scope.get("route"), "path", _UNKNOWN)
            self._metrics.in_flight.dec()
            self._metrics.observe_request(route, status, seconds)
            self._log(scope, status, seconds)

    def _limited(self, receive: Receive) -> Receive:
        """Return a `receive` that ends bodies which are too large."""
        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._max_bytes:
                # FastAPI passes no others on from where it reads a body.
                raise HTTPException(413, self._too_large())
            return message

        return limited

    async def _refuse(self, send: Send) -> None:
        body = srsly.json_dumps({"error": self._too_large()}).encode("utf-8")
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _too_large(self) -> str:
        return f"Expected a body of at most {self._max_bytes:,} bytes, got more."

    def _log(self, scope: Scope, status: int, seconds: float) -> None:
        if self._log_format == "none":
            return
        facts: Dict[str, Any] = {
            "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "ms": round(1000 * seconds, 2),
        }
        if self._log_format == "json":
            logger.info(srsly.json_dumps(facts))
        else:
            logger.info("%(time)s %(method)s %(path)s %(status)s %(ms)s ms", facts)


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
