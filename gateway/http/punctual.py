"""
The network under httpx, on time: no single read or write outlasts the call that it belongs to.

httpx asks for a time-out once per phase and takes it for every read of that phase. An answer whose head comes drop by
drop, or a peer that takes a request in sips, would hold a call for hours, long after its lease.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import httpcore
import httpx

from gateway.http.faults import ConnectTooLong, NotConnected, TookTooLong, Unwelcome, refuses_us
from gateway.http.line import LineSettings
from gateway.http.places import Address

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

    *places* are the only addresses that are connected to, instead of those that the origin's name stands for.
    """

    def __init__(self, settings: LineSettings, tls: ssl.SSLContext, places: Sequence[Address] = ()) -> None:
        self._backend = _Backend([settings.over_tls, settings.proxy.startswith("https:")].count(True), places)
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
        self._backend.begin(request.extensions["timeout"])
        asked = httpcore.Request(
            request.method,
            _url(request.url),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            response = self._pool.handle_request(asked)
        except (httpcore.ReadTimeout, httpcore.WriteTimeout) as error:
            if self._backend.sent:
                raise
            raise ConnectTooLong from error
        except (httpcore.NetworkError, httpcore.RemoteProtocolError) as error:
            if not self._backend.heard and refuses_us(error):
                raise Unwelcome from error
            if self._backend.sent or isinstance(error, httpcore.ConnectError):
                raise
            raise NotConnected from None
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
    """
    Its connections obey the countdown of the call that is under way, and notice when its request begins to leave and
    its answer to come.

    What a proxy is told before it opens a tunnel is no part of a request, which goes through all the layers of TLS.
    """

    def __init__(self, layers: int, places: Sequence[Address]) -> None:
        self.layers = layers
        self._places = places

    def begin(self, countdown: Countdown) -> None:
        self.countdown = countdown
        self.sent = False
        self.heard = False

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        *others, last = [str(address[0]) for *_, address in self._places] or [host]
        # One that is silent leaves enough time for those behind it.
        share = timeout and timeout / (len(others) + 1)
        for each in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return _Stream(super().connect_tcp(each, port, share, local_address, socket_options), self, layers=0)
        return _Stream(super().connect_tcp(last, port, share, local_address, socket_options), self, layers=0)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, backend: _Backend, *, layers: int) -> None:
        self._stream = stream
        self._backend = backend
        self._layers = layers
        self._of_request = layers == backend.layers

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._stream.read(max_bytes, self._backend.countdown.cut(timeout))
        self._backend.heard = self._backend.heard or self._of_request
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE_BYTES):
            limit = self._backend.countdown.cut(timeout)
            self._backend.sent = self._backend.sent or self._of_request
            self._stream.write(buffer[start : start + _PIECE_BYTES], limit)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        limit = self._backend.countdown.cut(timeout)
        secure = self._stream.start_tls(ssl_context, server_hostname, limit)
        return _Stream(secure, self._backend, layers=self._layers + 1)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
