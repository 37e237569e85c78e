"""
The fast engine: blocking sockets and a parser in C, for partners that answer quickly and take many calls.

Idle connections lie on a stack: the one used last is used next, so a burst's surplus grows old at the bottom and is
closed there. Needs the extra ``fast``; does not go through a proxy.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache

from gateway.http.certificates import tls_of
from gateway.http.connection import Connection
from gateway.http.line import Headers, HttpAnswer, LineSettings, checked, decoded, quoted

_REMEMBERED = 64


class FastLine:
    """A ``Line`` over sockets of its own."""

    def __init__(self, settings: LineSettings, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._tls = tls_of(settings)
        self._idle: deque[Connection] = deque()
        self._head = lru_cache(_REMEMBERED)(self._rendered)

    def send(self, method: str, target: str, headers: Headers, body: bytes, until: float) -> HttpAnswer:
        head = self._head(method, target, headers)
        request = b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body) if body else head + b"\r\n"
        connection = self._taken() or Connection(self._settings, self._tls, until, self._monotonic)
        try:
            answer, reusable = connection.exchange(request, until)
        except BaseException:
            connection.close()
            raise
        if reusable:
            self._idle.append(connection)
            self._close_oldest()
        else:
            connection.close()
        return decoded(answer, self._settings.answer_bytes)

    def close(self) -> None:
        while True:
            try:
                self._idle.pop().close()
            except IndexError:
                return

    def _taken(self) -> Connection | None:
        """An idle connection that is still good, if there is one."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if not self._too_old(connection) and connection.silent():
                return connection
            connection.close()

    def _close_oldest(self) -> None:
        """Close what has been idle for too long; should another thread be quicker, closing a good one costs little."""
        try:
            if self._too_old(self._idle[0]):
                self._idle.popleft().close()
        except IndexError:
            return

    def _too_old(self, connection: Connection) -> bool:
        return self._monotonic() - connection.idle_since >= self._settings.keepalive_s

    def _rendered(self, method: str, target: str, headers: Headers) -> bytes:
        """The request up to its length."""
        host = self._settings.parts.netloc.encode("idna").decode("ascii")
        lines = [f"{method} {quoted(target)} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in checked(headers)]
        return "".join(f"{line}\r\n" for line in lines).encode("latin-1")
