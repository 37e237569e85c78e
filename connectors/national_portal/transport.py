"""
One exchange with the adapter over a line: refused connections are tried again, no redirect leads beyond the adapter's
address.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from connectors.national_portal.settings import PortalSettings
from connectors.national_portal.shapes import Request, base_of, headers_of
from gateway.http import HttpAnswer, LineSettings, Network, Refused, TooManyRedirects, open_line
from gateway.http.redirects import KEEPING, onward
from gateway.observe.carrying import CarryingLine

_MOST_REDIRECTS = 3


class Reply(NamedTuple):
    """What came back."""

    answer: HttpAnswer
    outside: bool = False
    """A redirect that leads out of the adapter's address; it was not followed."""

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def content(self) -> bytes:
        return self.answer.content


class AdapterLine:
    """
    The HTTP line to the adapter. Safe for several threads.

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
        self._headers = tuple(headers_of(settings).items())
        self._base = base_of(settings)
        parts = urlsplit(settings.adapter_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        line = open_line(settings.engine, line_settings(settings), network=transport, monotonic=monotonic)
        self._line = CarryingLine(line) if settings.send_traceparent else line
        self._sleep = sleep
        self._again = Retrying(
            retry=retry_if_exception_type(Refused),
            stop=stop_after_attempt(settings.connect_retries),
            wait=wait_fixed(settings.connect_retry_wait_s),
            sleep=sleep,
            reraise=True,
        )

    def exchange(self, request: Request, until: float) -> Reply:
        """
        Send *request* and read the whole answer before the monotonic time *until*. Raises an ``HttpFault``.
        """
        url = request.url
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._tried(request, url, until)
            if answer.status not in KEEPING:
                return Reply(answer)
            target = onward(self._base, url, answer.header("location")) if self._settings.follow_redirects else None
            if target is None:
                return Reply(answer, outside=True)
            # The same address may be spelt in other ways; what follows it is what counts.
            url = self._origin + target
        raise TooManyRedirects

    def close(self) -> None:
        """Close every idle connection."""
        self._line.close()

    def _tried(self, request: Request, url: str, until: float) -> HttpAnswer:
        """
        Try again where a connection was refused, and only there: not one byte has left then, so it is harmless.

        The first try goes without the retrying library, whose book-keeping is a tenth of a call.
        """
        target = url[len(self._origin) :]
        try:
            return self._line.send(request.method, target, self._headers, request.content, until)
        except Refused:
            if not self._settings.connect_retries:
                raise
        self._sleep(self._settings.connect_retry_wait_s)
        return self._again(self._line.send, request.method, target, self._headers, request.content, until)


def line_settings(settings: PortalSettings) -> LineSettings:
    """What the line needs to know of *settings*."""
    parts = urlsplit(settings.adapter_url)
    return LineSettings(
        origin=f"{parts.scheme}://{parts.netloc}",
        connect_s=settings.connect_timeout_s,
        read_s=settings.read_timeout_s,
        keepalive_s=settings.keepalive_s,
        answer_bytes=settings.max_answer_bytes,
        ca_file=settings.ca_file,
        client=settings.client_certificate,
        proxy=settings.proxy,
    )
