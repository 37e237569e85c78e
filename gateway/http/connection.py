"""
One connection of the fast engine: a blocking socket, TLS around it where the address says so, and a parser.
"""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Callable, Sequence

from gateway.http.faults import (
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
from gateway.http.line import HttpAnswer, LineSettings
from gateway.http.places import Address
from gateway.http.reading import Reading

_RECEIVE_BYTES = 64 * 1024
_PORTS = {"http": 80, "https": 443}


class Connection:
    """Used by one call at a time. After a fault it is to be closed."""

    __slots__ = ("_monotonic", "_poll", "_read_s", "_reading", "_socket", "idle_since")

    def __init__(
        self, settings: LineSettings, tls: ssl.SSLContext, until: float, monotonic: Callable[[], float]
    ) -> None:
        """Connect, in the time that the settings and *until* leave. Raises a fault."""
        self._read_s = settings.read_s
        self._monotonic = monotonic
        self._socket = _connected(settings, tls, until, monotonic)
        self._reading = Reading(settings.answer_bytes)
        self._poll = select.poll()
        self._poll.register(self._socket.fileno(), select.POLLIN)
        self.idle_since = monotonic()

    def silent(self) -> bool:
        """Whether nothing came unasked: else the partner closed the connection, or it is out of step."""
        return not self._poll.poll(0)

    def exchange(self, request: bytes, until: float) -> tuple[HttpAnswer, bool]:
        """
        Send *request*, read its answer, and say whether the connection may be used again. Raises ``NoAnswer``.
        """
        reading = self._reading
        reading.begin()
        try:
            self._write(request, until)
            while reading.answer is None:
                self._wait_at_most(until)
                data = self._socket.recv(_RECEIVE_BYTES)
                if data:
                    reading.feed(data)
                else:
                    reading.end()
        except TimeoutError:
            raise TookTooLong from None
        except OSError as error:
            raise (Unwelcome if reading.untouched and refuses_us(error) else BrokenOff) from error
        self.idle_since = self._monotonic()
        beyond = isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()
        return reading.answer, reading.tidy and not beyond

    def close(self) -> None:
        self._socket.close()

    def _write(self, request: bytes, until: float) -> None:
        unsent = memoryview(request)
        try:
            while unsent:
                self._wait_at_most(until)
                unsent = unsent[self._socket.send(unsent) :]
        except (ConnectionError, ssl.SSLEOFError):
            # A partner that refuses early closes while we still write; its answer may be there and say why.
            return

    def _wait_at_most(self, until: float) -> None:
        left = until - self._monotonic()
        if left <= 0:
            raise TookTooLong
        self._socket.settimeout(min(self._read_s, left))


def _connected(
    settings: LineSettings, tls: ssl.SSLContext, until: float, monotonic: Callable[[], float]
) -> socket.socket:
    """A connected socket to the partner."""
    try:
        host = (settings.parts.hostname or "").encode("idna").decode("ascii")
        port = settings.parts.port or _PORTS[settings.parts.scheme]
    except (ValueError, KeyError) as error:
        raise WrongAddress from error
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Refused from error
    end = min(until, monotonic() + settings.connect_s)
    return first_that_answers(addresses, tls if settings.over_tls else None, host, end, monotonic)


def first_that_answers(
    addresses: Sequence[Address], tls: ssl.SSLContext | None, host: str, end: float, monotonic: Callable[[], float]
) -> socket.socket:
    """
    A socket connected to the first of *host*'s *addresses* that answers before the monotonic time *end*.

    Each may take its share of the time that is left: one that is silent leaves enough for those behind it.
    """
    fault: NotConnected | ConnectTooLong = Refused()
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        plain = socket.socket(family, kind, protocol)
        try:
            turn = monotonic() + (end - monotonic()) / (len(addresses) - number)
            plain.settimeout(_time_left(turn, monotonic))
            plain.connect(address)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is None:
                return plain
            plain.settimeout(_time_left(turn, monotonic))
            return tls.wrap_socket(plain, server_hostname=host)
        except TimeoutError as error:
            plain.close()
            fault = ConnectTooLong()
            fault.__cause__ = error
        except ssl.SSLError as error:
            plain.close()
            raise (Unwelcome if refuses_us(error) else Untrusted) from error
        except OSError as error:
            plain.close()
            fault = Refused()
            fault.__cause__ = error
    raise fault


def _time_left(end: float, monotonic: Callable[[], float]) -> float:
    left = end - monotonic()
    if left <= 0:
        raise TimeoutError
    return left
