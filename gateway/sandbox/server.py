"""
A threaded HTTP server that does what a mock says: answer, stall, cut, drop.

One thread for each connection; connections stay open until the client closes them. A stall ends when the client
leaves, and a request whose client has already left is not worked on: the mock learns of both, so that what it counts
is what a partner on the far side of a network could see.
"""

from __future__ import annotations

import ipaddress
import select
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Final, Self

from connectors.mocks import Directive, Ending, Exchange, Partner
from gateway.sandbox.http import Malformed, Reader, head

MAX_CONNECTIONS: Final = 512
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class NotLoopback(ValueError):
    """The sandbox is for one machine: it holds no real data and asks for no password to be steered."""


class Server:
    """
    A running server. Closing it ends all connections and waits for their threads.

    *host* must be a loopback address; *port* 0 takes a free one.
    """

    def __init__(
        self, partner: Partner, *, host: str = "127.0.0.1", port: int = 0, max_body_bytes: int = 16 * 1024 * 1024
    ) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise NotLoopback(host)
        self._partner = partner
        self._max_body_bytes = max_body_bytes
        self._lock = threading.Lock()
        self._open: dict[_Connection, threading.Thread] = {}
        self._stopping = False
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=MAX_CONNECTIONS)
        self.host = host
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name="sandbox-accept", daemon=True)
        self._acceptor.start()

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            connection = _Connection(sock, self._partner, self._max_body_bytes)
            thread = threading.Thread(target=self._serve, args=(connection,), name="sandbox-client", daemon=True)
            with self._lock:
                if self._stopping or len(self._open) >= MAX_CONNECTIONS:
                    sock.close()
                    continue
                self._open[connection] = thread
            thread.start()

    def _serve(self, connection: _Connection) -> None:
        try:
            connection.run()
        finally:
            with self._lock:
                self._open.pop(connection, None)

    def close(self) -> None:
        """Stop listening, end every connection, wait for the threads."""
        with self._lock:
            self._stopping = True
            connections = dict(self._open)
        _shut(self._listener)
        self._listener.close()
        for connection in connections:
            connection.interrupt()
        deadline = time.monotonic() + 5
        for thread in (self._acceptor, *connections.values()):
            thread.join(max(0.0, deadline - time.monotonic()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Connection:
    """One client's socket, and the exchange that was answered on it last."""

    def __init__(self, sock: socket.socket, partner: Partner, max_body_bytes: int) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self._partner = partner
        self._reader = Reader(sock, max_body_bytes, self.present)
        self._last: Exchange | None = None
        self._reset = False

    def interrupt(self) -> None:
        _shut(self._sock)

    def present(self) -> bool:
        """Whether the client still holds its end. Called from any thread."""
        try:
            return self._sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True
        except OSError:
            # Asking consumes the reset, so it is remembered for the thread that reads.
            self._reset = True
            return False

    def run(self) -> None:
        try:
            while self._exchange():
                pass
            if self._reset or self._broken():
                self._unread()
        except Malformed as error:
            self._try_sending(head(error.status, {}, 0, keep_alive=False))
        except OSError:
            self._unread()
        finally:
            self._sock.close()

    def _broken(self) -> bool:
        """Whether data met a closed client: closing after reading everything leaves no error behind."""
        return self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0

    def _unread(self) -> None:
        """A reset after an answer means that the client had left it unread."""
        if self._last is not None:
            self._last.settle(False)

    def _exchange(self) -> bool:
        """One request and its answer; False when the connection is over."""
        incoming = self._reader.next()
        if incoming is None:
            return False
        self._last = None
        if not self.present():
            return False
        directive = self._partner.handle(incoming.request)
        stays = self._wait(directive.delay_s) and self.present()
        directive.exchange.release()
        if not stays or directive.ending in (Ending.DROP, Ending.REFUSE):
            directive.exchange.settle(False)
            if directive.ending is Ending.REFUSE:
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            return False
        return self._answer(directive, keep_alive=incoming.keep_alive)

    def _wait(self, seconds: float) -> bool:
        """Let *seconds* pass; False as soon as the client leaves."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            readable, _, _ = select.select([self._sock], [], [], left)
            if readable and not self.present():
                return False
            if readable:
                # The client sent its next request before this answer; only the clock can end the wait now.
                time.sleep(min(left, 0.05))
        return True

    def _answer(self, directive: Directive, *, keep_alive: bool) -> bool:
        body = directive.body
        cut = directive.ending is Ending.CUT
        start = head(directive.status, directive.headers, len(body), keep_alive=keep_alive and not cut)
        try:
            self._sock.sendall(start + (body[: len(body) // 2] if cut else body))
        except OSError:
            directive.exchange.settle(False)
            return False
        received = not cut and not self._broken()
        directive.exchange.settle(received)
        self._last = directive.exchange if received else None
        return keep_alive and received

    def _try_sending(self, data: bytes) -> None:
        try:
            self._sock.sendall(data)
        except OSError:
            self._reset = True


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
