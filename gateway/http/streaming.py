"""An answer that is read while it comes, from a machine whose address is settled already; over httpx."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

import httpx

from gateway.http.certificates import tls_of
from gateway.http.line import Headers, HttpAnswer, LineSettings, quoted
from gateway.http.places import Address
from gateway.http.plain import limits_of, translated
from gateway.http.punctual import Countdown, PunctualTransport


@dataclass(frozen=True, slots=True)
class AnswerStream:
    """
    An answer without its *content*, and *pieces*: the body as it comes over the wire. Reading raises an ``HttpFault``.
    """

    head: HttpAnswer
    pieces: Iterator[bytes]


@contextmanager
def got(
    settings: LineSettings,
    places: Sequence[Address],
    target: str,
    headers: Headers,
    until: float,
    monotonic: Callable[[], float],
) -> Iterator[AnswerStream]:
    """
    GET *target* over a connection of its own to one of *places*, before the monotonic time *until*.

    Whatever the name in *settings* stands for by then: only TLS and the ``Host`` header still know it.
    """
    with closing(PunctualTransport(settings, tls_of(settings), places)) as network:
        with translated():
            request = httpx.Request(
                "GET",
                httpx.URL(settings.origin + quoted(target)),
                headers=headers,
                extensions={"timeout": Countdown(limits_of(settings), until, monotonic)},
            )
            response = network.handle_request(request)
        with closing(response):
            yield AnswerStream(HttpAnswer(response.status_code, response.headers.raw, b""), _pieces(response))


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    assert isinstance(response.stream, httpx.SyncByteStream)
    with translated():
        yield from response.stream
