"""Clients of the service, for synchronous and asynchronous code."""

import asyncio
import itertools
import time
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union, overload

import httpx

from ..errors import DistillError

# A response for which it is worth to ask again.
_AGAIN = (429, 502, 503, 504)
# Seconds before the first repetition, doubled with each; and at most.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0

Found = List[Dict[str, Any]]
# What comes of an attempt.
_Outcome = Union[httpx.Response, httpx.TransportError]


class ServiceError(DistillError):
    """The service did not answer, or refused.

    Attributes:
        status: Status code; None if there was no answer.
    """

    def __init__(self, message: str, status: Optional[int] = None) -> None:
        super().__init__(message)
        self.status = status


class _Requests:
    """What both clients share: addresses, headers, and what an answer means."""

    def __init__(
        self, url: str, api_key: Optional[str], timeout: float, retries: int
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise DistillError(
                f"Expected an address such as http://localhost:8000, got {url!r}."
            )
        if retries < 0:
            raise DistillError(f"Expected retries of 0 or more, got {retries}.")
        self.retries = retries
        self.options: Dict[str, Any] = {
            "base_url": url.rstrip("/"),
            "timeout": timeout,
            "headers": {} if api_key is None else {"X-API-Key": api_key},
        }

    def body(
        self, texts: Union[str, Sequence[str]], parameters: Mapping[str, Any]
    ) -> Dict[str, Any]:
        """Return the body of a request to /predict."""
        inputs = texts if isinstance(texts, str) else list(texts)
        given = {key: value for key, value in parameters.items() if value is not None}
        return {"inputs": inputs, "parameters": given}

    def pause(self, attempt: int, outcome: _Outcome) -> Optional[float]:
        """Return how many seconds to wait before the next attempt.

        Args:
            attempt: Number of the last attempt, from 0.
            outcome: Its response, or the error if there was none.

        Returns:
            Seconds; None if the outcome is final.
        """
        asked = ""
        if isinstance(outcome, httpx.Response):
            if outcome.status_code not in _AGAIN:
                return None
            asked = outcome.headers.get("Retry-After", "")
        if attempt == self.retries:
            return None
        usual = _FIRST_PAUSE * 2**attempt
        return min(float(asked) if asked.isdigit() else usual, _LONGEST_PAUSE)

    def read(self, outcome: _Outcome) -> Any:
        """Return the content of an answer; ServiceError if there is none."""
        if isinstance(outcome, httpx.TransportError):
            reason = str(outcome) or type(outcome).__name__
            raise ServiceError(
                f"Expected a service at {self.options['base_url']}, got no answer"
                f" ({reason}): start it, or correct the address."
            ) from outcome
        try:
            content = outcome.json()
        except ValueError as error:
            raise ServiceError(
                f"Expected an answer in JSON from {outcome.url}, got status"
                f" {outcome.status_code} and something else: is it this service?",
                outcome.status_code,
            ) from error
        if outcome.is_success:
            return content
        told = content.get("error") if isinstance(content, dict) else None
        raise ServiceError(told or outcome.text[:200], outcome.status_code)


class Client:
    """A client of the service. Connections are kept open; use it in a `with` block.

    A request is repeated if the service is full or ends, or cannot be reached.

    Args:
        url: Address of the service.
        api_key: API key, if it wants one.
        timeout: Seconds to wait for an answer.
        retries: How often to repeat a request.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: Optional[str] = None,
        timeout: float = 30.0,
        retries: int = 3,
    ) -> None:
        self._requests = _Requests(url, api_key, timeout, retries)
        self._http = httpx.Client(**self._requests.options)

    @overload
    def predict(self, texts: str, **parameters: Any) -> Found: ...

    @overload
    def predict(self, texts: Sequence[str], **parameters: Any) -> List[Found]: ...

    def predict(
        self, texts: Union[str, Sequence[str]], **parameters: Any
    ) -> Union[Found, List[Found]]:
        """Predict entities or categories.

        Args:
            texts: A text, or several.
            **parameters: `threshold`, `top_k`, `task` or `model`, see the service's
                /docs.

        Returns:
            For a text its entities or categories; for several a list for each.

        Raises:
            ServiceError: If the service refuses or cannot be reached.
        """
        body = self._requests.body(texts, parameters)
        found: Union[Found, List[Found]] = self._send("POST", "/predict", body)
        return found

    def info(self) -> Dict[str, Any]:
        """Describe the pipeline that is served."""
        found: Dict[str, Any] = self._send("GET", "/info")
        return found

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        outcome: _Outcome
        for attempt in itertools.count():
            try:
                outcome = self._http.request(method, path, json=body)
            except httpx.TransportError as error:
                outcome = error
            pause = self._requests.pause(attempt, outcome)
            if pause is None:
                break
            time.sleep(pause)
        return self._requests.read(outcome)


class AsyncClient:
    """`Client` for asynchronous code; use it in an `async with` block.

    Args:
        url: Address of the service.
        api_key: API key, if it wants one.
        timeout: Seconds to wait for an answer.
        retries: How often to repeat a request.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: Optional[str] = None,
        timeout: float = 30.0,
        retries: int = 3,
    ) -> None:
        self._requests = _Requests(url, api_key, timeout, retries)
        self._http = httpx.AsyncClient(**self._requests.options)

    @overload
    async def predict(self, texts: str, **parameters: Any) -> Found: ...

    @overload
    async def predict(self, texts: Sequence[str], **parameters: Any) -> List[Found]: ...

    async def predict(
        self, texts: Union[str, Sequence[str]], **parameters: Any
    ) -> Union[Found, List[Found]]:
        """Predict entities or categories; see `Client.predict`."""
        body = self._requests.body(texts, parameters)
        found: Union[Found, List[Found]] = await self._send("POST", "/predict", body)
        return found

    async def info(self) -> Dict[str, Any]:
        """Describe the pipeline that is served."""
        found: Dict[str, Any] = await self._send("GET", "/info")
        return found

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self.close()

    async def _send(self, method: str, path: str, body: Any = None) -> Any:
        outcome: _Outcome
        for attempt in itertools.count():
            try:
                outcome = await self._http.request(method, path, json=body)
            except httpx.TransportError as error:
                outcome = error
            pause = self._requests.pause(attempt, outcome)
            if pause is None:
                break
            await asyncio.sleep(pause)
        return self._requests.read(outcome)
