"""
The network under httpx, on time: no single read or write outlasts the call that it belongs to.

httpx asks for a time-out once per phase and takes it for every read of that phase. An answer whose head comes drop by
drop, or a peer that takes a request in sips, would hold a call for hours, long after its lease.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpcore
import httpx

from gateway.http.faults import TookTooLong
from gateway.http.line import LineSettings

_PIECE_BYTES = 64 * 1024
"""So much is written between two looks at the time."""


class Countdown(dict[str, float]):
    """
    Time-outs of one exchange. The HTTP library asks for each when a phase begins; none is longer than what is left.

    Once nothing is left it raises ``TookTooLong``: what no time-out covers, such as asking for the address of a name,
    must not let a request leave after its lease.
    """

    def __init__(self, limits: dict[str, float], until: float, monotonic: Callable[[], float]) -> None:
        super().__init__(limits)
        self._until = until
        self._monotonic = monotonic

    def get(self, key: str, default: Any = None) -> Any:
        return self.cut(super().get(key, default))

    def cut(self, limit: float | None) -> float | None:
        """*limit*, or what is left if that is less."""
        left = self._until - self._monotonic()
        if left <= 0:
            raise TookTooLong
        return limit if limit is None else min(limit, left)


class PunctualTransport(httpx.BaseTransport):
    """
    One connection, for one call at a time, whose request carries its ``Countdown``. Raises httpcore's exceptions.
    """

    def __init__(self, settings: LineSettings, tls: ssl.SSLContext) -> None:
        self._backend = _Backend()
        usual: dict[str, Any] = {
            "ssl_context": tls,
            "max_connections": 1,
            "keepalive_expiry": settings.keepalive_s,
            "network_backend": self._backend,
        }
        if settings.proxy:
            proxy = httpx.Proxy(settings.proxy)
            self._pool: httpcore.ConnectionPool = httpcore.HTTPProxy(
                _url(proxy.url), proxy_auth=proxy.raw_auth, proxy_headers=proxy.headers.raw, **usual
            )
        else:
            self._pool = httpcore.ConnectionPool(**usual)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._backend.countdown = request.extensions["timeout"]
        response = self._pool.handle_request(
            httpcore.Request(
                request.method,
                _url(request.url),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class _Backend(httpcore.SyncBackend):
    """Its connections obey the countdown of the call that is under way."""

    countdown: Countdown

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(super().connect_tcp(host, port, timeout, local_address, socket_options), self)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, backend: _Backend) -> None:
        self._stream = stream
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._backend.countdown.cut(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE_BYTES):
            self._stream.write(buffer[start : start + _PIECE_BYTES], self._backend.countdown.cut(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        limit = self._backend.countdown.cut(timeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, limit), self._backend)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
