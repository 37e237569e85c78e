"""
One HTTP exchange with the adapter: bounded in time and size, TLS verified, no redirect beyond the adapter's address.

Connections are kept in many small pools: a pool is lent to one call at a time, so there are as many as calls ever ran
at once, whatever threads made them. Requests go straight to the pool: what an HTTP client adds (cookies, log-in flows,
redirects of its own) has no place here and would cost a third of a call.
"""

from __future__ import annotations

import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from connectors.national_portal.settings import PortalSettings
from connectors.national_portal.shapes import Request, base_of, headers_of

Network = httpx.BaseTransport
"""What carries requests; tests and the sandbox bring their own."""

_REDIRECTS = frozenset({301, 302, 307, 308})
_MOST_REDIRECTS = 3
_REMEMBERED_ADDRESSES = 64


class AnswerTooLong(Exception):
    """The answer is longer than the settings allow; what was read is thrown away."""


class TooManyRedirects(Exception):
    """The adapter sends us in circles."""


class TookTooLong(Exception):
    """Bytes came, but the call's whole time is over."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. *retry_after* and *date* are header values as they stood."""

    status: int
    content: bytes = field(repr=False)
    content_type: str = ""
    retry_after: str = ""
    date: str = ""
    outside: bool = False
    """A redirect that leads out of the adapter's address; it was not followed."""


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


class Line:
    """
    The adapter's HTTP line. Safe for several threads.

    *transport* stands in for the network in tests.
    """

    def __init__(
        self,
        settings: PortalSettings,
        *,
        transport: Network | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._monotonic = monotonic
        self._idle: deque[Network] = deque()
        self._headers = httpx.Headers(headers_of(settings))
        self._base = base_of(settings)
        if settings.adapter_url.startswith("https:") or settings.proxy:
            self._tls = ssl.create_default_context(cafile=settings.ca_file)
        else:
            # Trusts nobody, and need not: no call leaves for an https address.
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._address = lru_cache(_REMEMBERED_ADDRESSES)(httpx.URL)
        self._limits = {
            "connect": settings.connect_timeout_s,
            "read": settings.read_timeout_s,
            "write": settings.read_timeout_s,
            "pool": settings.connect_timeout_s,
        }
        self._sleep = sleep
        self._again = Retrying(
            retry=retry_if_exception_type(httpx.ConnectError),
            stop=stop_after_attempt(settings.connect_retries),
            wait=wait_fixed(settings.connect_retry_wait_s),
            sleep=sleep,
            reraise=True,
        )

    def exchange(self, request: Request, until: float) -> Reply:
        """
        Send *request* and read the whole answer before the monotonic time *until*.

        Raises what the HTTP library raises, ``AnswerTooLong``, ``TookTooLong`` and ``TooManyRedirects``.
        """
        try:
            pool = self._idle.pop()
        except IndexError:
            pool = self._transport or self._new_pool()
        try:
            url = request.url
            for _ in range(_MOST_REDIRECTS + 1):
                reply, location = self._tried(pool, request, url, until)
                if location is None:
                    return reply
                url = location
            raise TooManyRedirects
        finally:
            self._idle.append(pool)

    def close(self) -> None:
        """Close every idle connection."""
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

    def _tried(self, pool: Network, request: Request, url: str, until: float) -> tuple[Reply, str | None]:
        """
        Try again where a connection was refused, and only there: not one byte has left then, so it is harmless.

        The first try goes without the retrying library, whose book-keeping is a tenth of a call.
        """
        try:
            return self._once(pool, request, url, until)
        except httpx.ConnectError:
            if not self._settings.connect_retries:
                raise
        self._sleep(self._settings.connect_retry_wait_s)
        return self._again(self._once, pool, request, url, until)

    def _once(self, pool: Network, request: Request, url: str, until: float) -> tuple[Reply, str | None]:
        outgoing = httpx.Request(
            request.method,
            self._address(url),
            headers=self._headers,
            content=request.content or None,
            extensions={"timeout": _Countdown(self._limits, until, self._monotonic)},
        )
        response = pool.handle_request(outgoing)
        try:
            content = self._read(response, until)
        finally:
            response.close()
        location = self._next(response, url) if response.status_code in _REDIRECTS else None
        headers = response.headers
        return (
            Reply(
                response.status_code,
                content,
                headers.get("content-type", ""),
                headers.get("retry-after", ""),
                headers.get("date", ""),
                outside=location is None and response.status_code in _REDIRECTS,
            ),
            location,
        )

    def _read(self, response: httpx.Response, until: float) -> bytes:
        chunks: list[bytes] = []
        size = 0
        late = False
        for chunk in response.iter_bytes():
            # What is whole is taken, however late: it may be a good answer, or say when to come back.
            if late:
                raise TookTooLong
            size += len(chunk)
            if size > self._settings.max_answer_bytes:
                raise AnswerTooLong
            late = self._monotonic() > until
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _next(self, response: httpx.Response, url: str) -> str | None:
        """Where a redirect leads, if that is below the adapter's own address."""
        base = urlsplit(self._base)
        try:
            target = urljoin(url, response.headers.get("location", ""))
            there = urlsplit(target)
            same = (base.scheme, base.hostname, base.port) == (there.scheme, there.hostname, there.port)
        except ValueError:
            return None
        within = there.path.startswith(f"{base.path}/") and ".." not in unquote(there.path)
        return target if self._settings.follow_redirects and same and within and target != url else None
