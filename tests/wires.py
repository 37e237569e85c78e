"""A server that says exactly the bytes it is told to, well or badly, on a real socket; and a line to it."""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from gateway.http import Engine, HttpAnswer, Line, LineSettings, open_line

HEADERS = (("Content-Type", "application/json"), ("dstcode", "VN:VIDU"))
HEAD = b"HTTP/1.1 200 OK\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Peer:
    """The server's end of one connection."""

    def __init__(self, connection: socket.socket, heard: list[bytes]) -> None:
        self.connection = connection
        self._heard = heard
        self._waiting = b""

    def hear(self) -> bytes:
        """The next request, whole; empty when there is none any more."""
        while True:
            end = self._waiting.find(b"\r\n\r\n") + 4
            length = _LENGTH.search(self._waiting, 0, end)
            whole = end + (int(length[1]) if length else 0)
            if end > 3 and len(self._waiting) >= whole:
                request, self._waiting = self._waiting[:whole], self._waiting[whole:]
                self._heard.append(request)
                return request
            data = self.connection.recv(65536)
            if not data:
                return b""
            self._waiting += data

    def say(self, data: bytes) -> None:
        self.connection.sendall(data)

    def reset(self) -> None:
        """End the connection as a crashed machine does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


Manners = Callable[[Peer], None]
"""What the server does on one connection; it is closed afterwards."""


def answers(*said: bytes) -> Manners:
    """Hears a request before each answer, and closes after the last."""

    def manners(peer: Peer) -> None:
        for data in said:
            if not peer.hear():
                return
            peer.say(data)

    return manners


def always(said: bytes) -> Manners:
    def manners(peer: Peer) -> None:
        while peer.hear():
            peer.say(said)

    return manners


@dataclass
class Server:
    """
    *heard* are the requests of all connections; *ended* counts the connections that are over.
    """

    port: int
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0
    over: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def wait_until_one_is_over(self) -> None:
        """Until the server has closed one more connection."""
        assert self.over.acquire(timeout=5)


@contextmanager
def serving(*manners: Manners, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server whose connections behave as *manners* say, in order; the last goes for all that follow."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(listener.getsockname()[1])
        threads: list[threading.Thread] = []
        open_ones: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                how = _nth(manners, server.connections)
                server.connections += 1
                open_ones.append(connection)
                thread = threading.Thread(target=_serve, args=(connection, how, server, tls))
                threads.append(thread)
                thread.start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield server
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            accepting.join(5)
            for connection in open_ones:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(5)


def _nth(manners: Sequence[Manners], number: int) -> Manners:
    return manners[min(number, len(manners) - 1)]


def _serve(connection: socket.socket, manners: Manners, server: Server, tls: ssl.SSLContext | None) -> None:
    try:
        with suppress(OSError):
            spoken = connection if tls is None else tls.wrap_socket(connection, server_side=True)
            with closing(spoken):
                manners(Peer(spoken, server.heard))
    finally:
        connection.close()
        server.over.release()


def a_line(engine: Engine, port: int, *, scheme: str = "http", host: str = "127.0.0.1", **changes: Any) -> Line:
    values: dict[str, Any] = {
        "origin": f"{scheme}://{host}:{port}", "connect_s": 2.0, "read_s": 2.0, "keepalive_s": 30.0,
        "answer_bytes": 100_000,
    }  # fmt: skip
    return open_line(engine, LineSettings(**values | changes))


def ask(line: Line, body: bytes = b'{"a":1}', *, target: str = "/hoi?a=1", within_s: float = 5.0) -> HttpAnswer:
    return line.send("POST", target, HEADERS, body, time.monotonic() + within_s)


def asked(engine: Engine, *manners: Manners, times: int = 1, **changes: Any) -> tuple[HttpAnswer, int]:
    """The last of *times* answers, and how many connections it took."""
    with serving(*manners) as server, closing(a_line(engine, server.port, **changes)) as line:
        for _ in range(times - 1):
            ask(line)
        return ask(line), server.connections
