"""
The usual engine: httpx's own transport, without its client.

What an HTTP client adds (cookies, log-in flows, redirects, merged defaults) has no place here and would cost a third of
a call. A pool is lent to one call at a time, so there are as many as calls ever ran at once, whatever threads made
them: httpx's pools cost more with every connection in them, and many small ones beat one large.
"""

from __future__ import annotations

import ssl
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import httpx

from gateway.http.faults import (
    AnswerTooLong,
    BrokenOff,
    ConnectTooLong,
    NotConnected,
    Refused,
    TookTooLong,
    Untrusted,
    WrongAddress,
)
from gateway.http.line import Headers, HttpAnswer, LineSettings, checked, decoded, quoted, tls_of

Network = httpx.BaseTransport
"""What carries requests; tests bring their own."""

_REMEMBERED = 64


class _Countdown(dict[str, float]):
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
        limit = super().get(key, default)
        left = self._until - self._monotonic()
        if left <= 0:
            raise TookTooLong
        return limit if limit is None else min(limit, left)


class PlainLine:
    """
    A ``Line`` over httpx. *network* stands in for the network in tests.
    """

    def __init__(
        self,
        settings: LineSettings,
        *,
        network: Network | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._network = network
        self._monotonic = monotonic
        self._tls = tls_of(settings)
        self._idle: deque[Network] = deque()
        self._limits = {
            "connect": settings.connect_s,
            "read": settings.read_s,
            "write": settings.read_s,
            "pool": settings.connect_s,
        }
        self._url = lru_cache(_REMEMBERED)(lambda target: httpx.URL(settings.origin + quoted(target)))
        self._headers = lru_cache(_REMEMBERED)(lambda headers: httpx.Headers(list(checked(headers))))

    def send(self, method: str, target: str, headers: Headers, body: bytes, until: float) -> HttpAnswer:
        try:
            pool = self._idle.pop()
        except IndexError:
            pool = self._network or self._new_pool()
        try:
            with _faults():
                return self._exchange(pool, method, target, headers, body, until)
        finally:
            self._idle.append(pool)

    def close(self) -> None:
        while True:
            try:
                self._idle.pop().close()
            except IndexError:
                return

    def _new_pool(self) -> Network:
        return httpx.HTTPTransport(
            verify=self._tls,
            proxy=self._settings.proxy or None,
            limits=httpx.Limits(max_connections=1, keepalive_expiry=self._settings.keepalive_s),
            trust_env=False,
        )

    def _exchange(
        self, pool: Network, method: str, target: str, headers: Headers, body: bytes, until: float
    ) -> HttpAnswer:
        request = httpx.Request(
            method,
            self._url(target),
            headers=self._headers(headers),
            content=body or None,
            extensions={"timeout": _Countdown(self._limits, until, self._monotonic)},
        )
        response = pool.handle_request(request)
        try:
            content = self._read(response, until)
        finally:
            response.close()
        return decoded(
            HttpAnswer(response.status_code, response.headers.raw, content),
            self._settings.answer_bytes,
        )

    def _read(self, response: httpx.Response, until: float) -> bytes:
        """The body as it came over the wire."""
        assert isinstance(response.stream, httpx.SyncByteStream)
        chunks: list[bytes] = []
        size = 0
        late = False
        for chunk in response.stream:
            # What is whole is taken, however late: it may be a good answer, or say when to come back.
            if late:
                raise TookTooLong
            size += len(chunk)
            if size > self._settings.answer_bytes:
                raise AnswerTooLong
            late = self._monotonic() > until
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


@contextmanager
def _faults() -> Iterator[None]:
    """
    Every fault of the library as one of ours.

    Those of a broken answer leave without their cause: the library quotes what it could not read.
    """
    try:
        yield
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise WrongAddress from error
    except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise ConnectTooLong from error
    except httpx.ConnectError as error:
        raise (Untrusted if _about_tls(error) else Refused) from error
    except httpx.ProxyError:
        raise NotConnected from None
    except httpx.TimeoutException as error:
        raise TookTooLong from error
    except (httpx.RequestError, httpx.StreamError):
        raise BrokenOff from None


def _about_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
