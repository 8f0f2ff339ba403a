"""Clients that ask a service as fast as it answers, over connections that stay open."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, List, Optional, Sequence
from urllib.parse import urlsplit


@dataclass
class Load:
    """What clients saw.

    Attributes:
        seconds: How long they asked.
        latencies: Seconds from request to answer, of each request with status 200.
        codes: Answers by status code.
    """

    seconds: float = 0.0
    latencies: List[float] = field(default_factory=list)
    codes: Counter = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Requests a second that were answered with status 200."""
        return len(self.latencies) / self.seconds

    def percentile(self, percent: float) -> float:
        """Return a percentile of the latencies, in milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]


def request_bytes(path: str, body: Any) -> bytes:
    """Return a POST request with a body in JSON."""
    data = json.dumps(body).encode("utf-8")
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    )
    return head.encode("ascii") + data


def run_load(
    url: str, requests: Sequence[bytes], *, clients: int, seconds: Optional[float]
) -> Load:
    """Let clients ask a service.

    Args:
        url: Its address.
        requests: What they ask, in turn.
        clients: Number of clients, each with a connection, which ask one thing at a
            time.
        seconds: How long; None until all requests were sent once.

    Returns:
        What they saw.
    """
    return asyncio.run(_run(url, requests, clients=clients, seconds=seconds))


async def _run(
    url: str, requests: Sequence[bytes], *, clients: int, seconds: Optional[float]
) -> Load:
    load = Load()
    address = urlsplit(url)
    start = time.perf_counter()
    end = None if seconds is None else start + seconds

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        turn = number
        is_over = turn >= len(requests) and end is None
        while not is_over:
            request = requests[turn % len(requests)]
            turn += clients
            asked = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            code, length = _read_head(head)
            await reader.readexactly(length)
            load.codes[code] += 1
            if code == 200:
                load.latencies.append(time.perf_counter() - asked)
            if end is None:
                is_over = turn >= len(requests)
            else:
                is_over = time.perf_counter() >= end
            if b"connection: close" in head.lower() and not is_over:
                writer.close()
                reader, writer = await asyncio.open_connection(
                    address.hostname, address.port
                )
        writer.close()

    await asyncio.gather(*(client(number) for number in range(clients)))
    load.seconds = time.perf_counter() - start
    return load


def _read_head(head: bytes) -> tuple[int, int]:
    lines = head.split(b"\r\n")
    length = 0
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return int(lines[0].split()[1]), length
