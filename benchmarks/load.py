"""
Clients that post ready bytes over connections that stay open: as fast as answers come, or at a set rate.

At a set rate the time of an answer counts from when its request was due, so that a server that stalls is not spared.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_PATIENCE_S = 30.0


@dataclass
class Load:
    """What came of it: seconds per answer in the order in which they were taken, and how often each status came."""

    took_s: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    wall_s: float = 0.0

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.took_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


def post_all(port: int, requests: Sequence[bytes], *, connections: int, per_second: float | None = None) -> Load:
    """Send all *requests*, each once, over so many connections; with *per_second* each at its own time."""
    turn = count()
    lock = threading.Lock()
    load = Load()
    began = time.perf_counter()

    def work(_number: int) -> None:
        took: list[float] = []
        statuses: dict[int, int] = {}
        with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (number := next(turn)) < len(requests):
                due = began + number / per_second if per_second else time.perf_counter()
                if (left := due - time.perf_counter()) > 0:
                    time.sleep(left)  # The request's own time has not come.
                status = _exchange(connection, requests[number])
                took.append(time.perf_counter() - due)
                statuses[status] = statuses.get(status, 0) + 1
        with lock:
            load.took_s += took
            for status, times in statuses.items():
                load.statuses[status] = load.statuses.get(status, 0) + times

    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(work, range(connections)))
    load.wall_s = time.perf_counter() - began
    return load


def request(path: str, body: bytes, **headers: str) -> bytes:
    """One request in the bytes of HTTP/1.1; ``_`` in a header's name stands for ``-``."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _exchange(connection: socket.socket, data: bytes) -> int:
    """The status of the answer, which is read whole."""
    connection.sendall(data)
    received = b""
    while (end := received.find(b"\r\n\r\n") + 4) < 4:
        received += _more(connection)
    length = _LENGTH.search(received, 0, end)
    whole = end + (int(length[1]) if length else 0)
    while len(received) < whole:
        received += _more(connection)
    return int(received[9:12])


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionResetError
    return data
