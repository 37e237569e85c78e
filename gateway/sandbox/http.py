"""
HTTP/1.1 as far as a mock partner needs it: requests in, answers out, over one open socket.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, unquote

from connectors.mocks import Request

MAX_HEAD_BYTES: Final = 64 * 1024
_CHUNK: Final = 256 * 1024


class Malformed(Exception):
    """The bytes are not a request of HTTP/1.1; *status* is the answer."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request, and whether the connection outlives its answer."""

    request: Request
    keep_alive: bool


class Reader:
    """Cuts requests from a socket's stream. Bodies beyond *max_body_bytes* are refused before they are read."""

    def __init__(self, sock: socket.socket, max_body_bytes: int, present: Callable[[], bool]) -> None:
        self._sock = sock
        self._max_body_bytes = max_body_bytes
        self._present = present
        self._buffer = b""

    def next(self) -> Incoming | None:
        """The next request; None when the client closed. Raises ``Malformed``, and ``OSError`` on a reset."""
        head = self._head()
        if head is None:
            return None
        try:
            start, _, rest = head.decode("latin-1").partition("\r\n")
            method, target, version = start.split(" ")
        except ValueError as error:
            raise Malformed(400) from error
        headers = _headers(rest)
        body = self._body(headers)
        path, _, query = target.partition("?")
        request = Request(
            method,
            unquote(path) if "%" in path else path,
            dict(parse_qsl(query, keep_blank_values=True)) if query else {},
            headers,
            body,
            self._present,
        )
        connection = headers.get("connection", "").lower()
        return Incoming(request, version == "HTTP/1.1" and connection != "close")

    def _head(self) -> bytes | None:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise Malformed(431)
            if not self._fill():
                return None
        head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
        return head

    def _body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("expect", "").lower() == "100-continue":
            self._sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunks()
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            raise Malformed(400)
        if int(length) > self._max_body_bytes:
            raise Malformed(413)
        return self._exactly(int(length))

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            if not self._fill():
                raise ConnectionResetError
        body, self._buffer = self._buffer[:size], self._buffer[size:]
        return body

    def _chunks(self) -> bytes:
        parts: list[bytes] = []
        total = 0
        while True:
            size = self._chunk_size()
            total += size
            if total > self._max_body_bytes:
                raise Malformed(413)
            part = self._exactly(size + 2)[:-2]
            if size == 0:
                return b"".join(parts)
            parts.append(part)

    def _chunk_size(self) -> int:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise Malformed(400)
            if not self._fill():
                raise ConnectionResetError
        line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
        try:
            return int(line.partition(b";")[0], 16)
        except ValueError as error:
            raise Malformed(400) from error

    def _fill(self) -> bool:
        data = self._sock.recv(_CHUNK)
        self._buffer += data
        return bool(data)


def _headers(text: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in text.split("\r\n"):
        if line:
            name, colon, value = line.partition(":")
            if not colon:
                raise Malformed(400)
            headers[name.strip().lower()] = value.strip()
    return headers


_REASONS: Final = {status.value: status.phrase for status in HTTPStatus}


def head(status: int, headers: Mapping[str, str], length: int, *, keep_alive: bool) -> bytes:
    """The status line and headers of an answer with *length* bytes of body."""
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"Content-Length: {length}")
    if not keep_alive:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
