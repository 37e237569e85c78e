"""
The usual engine: httpx without its client.

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

import httpcore
import httpx

from gateway.http.certificates import tls_of
from gateway.http.faults import (
    AnswerTooLong,
    BrokenOff,
    ConnectTooLong,
    NotConnected,
    Refused,
    TookTooLong,
    Untrusted,
    Unwelcome,
    WrongAddress,
    refuses_us,
)
from gateway.http.line import Headers, HttpAnswer, LineSettings, checked, decoded, quoted
from gateway.http.punctual import Countdown, PunctualTransport

Network = httpx.BaseTransport
"""What carries requests; tests bring their own."""

_REMEMBERED = 64


_UNASKABLE = (httpx.UnsupportedProtocol, httpx.InvalidURL, httpcore.UnsupportedProtocol)
_NOBODY_IN_TIME = (httpx.ConnectTimeout, httpx.PoolTimeout, httpcore.ConnectTimeout, httpcore.PoolTimeout)
_NOBODY = (httpx.ConnectError, httpcore.ConnectError)
_NO_WAY_THROUGH = (httpx.ProxyError, httpcore.ProxyError)
_SILENCE = (httpx.TimeoutException, httpcore.TimeoutException)
_BROKEN = (httpx.RequestError, httpx.StreamError, httpcore.NetworkError, httpcore.ProtocolError)
"""What the library raises, and what it is built on; tests that stand in for the network raise the former."""


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
        self._limits = limits_of(settings)
        self._url = lru_cache(_REMEMBERED)(lambda target: httpx.URL(settings.origin + quoted(target)))
        self._headers = lru_cache(_REMEMBERED)(_rendered)

    def send(self, method: str, target: str, headers: Headers, body: bytes, until: float) -> HttpAnswer:
        try:
            pool = self._idle.pop()
        except IndexError:
            pool = self._network or self._new_pool()
        try:
            with translated():
                answer = self._exchange(pool, method, target, headers, body, until)
        except BaseException:
            # The library may keep a place taken for a connection that failed half way, and would wait for it for ever.
            if pool is not self._network:
                pool.close()
            raise
        self._idle.append(pool)
        return answer

    def close(self) -> None:
        while True:
            try:
                self._idle.pop().close()
            except IndexError:
                return

    def _new_pool(self) -> Network:
        return PunctualTransport(self._settings, self._tls)

    def _exchange(
        self, pool: Network, method: str, target: str, headers: Headers, body: bytes, until: float
    ) -> HttpAnswer:
        request = httpx.Request(
            method,
            self._url(target),
            headers=self._headers(headers),
            content=body or None,
            extensions={"timeout": Countdown(self._limits, until, self._monotonic)},
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


def _rendered(headers: Headers) -> httpx.Headers:
    return httpx.Headers([(name.encode("ascii"), value.encode("latin-1")) for name, value in checked(headers)])


def limits_of(settings: LineSettings) -> dict[str, float]:
    """The time-outs of one exchange as the library names them."""
    return {
        "connect": settings.connect_s,
        "read": settings.read_s,
        "write": settings.read_s,
        "pool": settings.connect_s,
    }


@contextmanager
def translated() -> Iterator[None]:
    """
    Every fault of the library as one of ours.

    Those of a broken answer leave without their cause: the library quotes what it could not read.
    """
    try:
        yield
    except _UNASKABLE as error:
        raise WrongAddress from error
    except _NOBODY_IN_TIME as error:
        raise ConnectTooLong from error
    except _NOBODY as error:
        if refuses_us(error):
            raise Unwelcome from error
        raise (Untrusted if _about_tls(error) else Refused) from error
    except _NO_WAY_THROUGH:
        raise NotConnected from None
    except _SILENCE as error:
        raise TookTooLong from error
    except _BROKEN:
        raise BrokenOff from None


def _about_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
