"""A service with short patience on a real socket, and what one says to it byte by byte."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field

GET = b"GET /ok HTTP/1.1\r\nHost: x\r\n\r\n"

POST = b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"

CHUNKED = b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

LAST = GET.replace(b"Host: x", b"Host: x\r\nConnection: close")

BIG_BYTES = 20_000_000


@dataclass
class House:
    """A service with short patience, and why it sent connections away."""

    port: int
    refused: Counter[str]
    hold: threading.Event = field(default_factory=threading.Event)
    """Ends what ``/wait`` waits for."""
    waiting: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def call(self, source: str = "127.0.0.1") -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), 5, (source, 0))
        connection.settimeout(5)
        return connection

    def ask(self, *said: bytes, source: str = "127.0.0.1") -> bytes:
        """What comes until the service closes."""
        with closing(self.call(source)) as connection:
            with suppress(ConnectionError):
                for each in said:
                    connection.sendall(each)
            return everything(connection)


def everything(connection: socket.socket) -> bytes:
    parts = []
    with suppress(ConnectionError):
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def answer(connection: socket.socket) -> bytes:
    """The next answer."""
    said = b""
    while b"\r\n\r\n" not in said:
        said += connection.recv(65536)
    length = int(said.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
    while len(said) < said.index(b"\r\n\r\n") + 4 + length:
        said += connection.recv(65536)
    return said


def is_problem(said: bytes, status: int) -> bool:
    head, _, body = said.partition(b"\r\n\r\n")
    return (
        said.startswith(b"HTTP/1.1 %d " % status)
        and b"application/problem+json" in head
        and b'"status":%d' % status in body
    )
