"""
One connection of the fast engine: a blocking socket, TLS around it where the address says so, and a parser.
"""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Callable

from gateway.http.faults import BrokenOff, ConnectTooLong, NotConnected, Refused, TookTooLong, Untrusted, WrongAddress
from gateway.http.line import HttpAnswer, LineSettings
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
            raise BrokenOff from error
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
        except ConnectionError:
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
    """A connected socket, by the first of the partner's addresses that answers."""
    try:
        host = (settings.parts.hostname or "").encode("idna").decode("ascii")
        port = settings.parts.port or _PORTS[settings.parts.scheme]
    except (ValueError, KeyError) as error:
        raise WrongAddress from error
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Refused from error
    fault: NotConnected | ConnectTooLong = Refused()
    end = min(until, monotonic() + settings.connect_s)
    for family, kind, protocol, _, address in addresses:
        plain = socket.socket(family, kind, protocol)
        try:
            plain.settimeout(_time_left(end, monotonic))
            plain.connect(address)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not settings.over_tls:
                return plain
            plain.settimeout(_time_left(end, monotonic))
            return tls.wrap_socket(plain, server_hostname=host)
        except TimeoutError as error:
            plain.close()
            fault = ConnectTooLong()
            fault.__cause__ = error
        except ssl.SSLError as error:
            plain.close()
            raise Untrusted from error
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
