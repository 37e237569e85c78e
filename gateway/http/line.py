"""
What a line to one partner is: requests go out, whole answers come in, and every fault has one name.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, quote, urlsplit

from gateway.http.faults import AnswerTooLong, BrokenOff, WrongAddress

Headers = tuple[tuple[str, str], ...]
"""Names and values as they are to be sent, without ``Host`` and ``Content-Length``."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_ALLOWED_IN_TARGETS = "%/:=&?~+!$,;'@()*[]-._"
ZLIB_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """
    As whom we come: PEM files with our certificate, before those between it and its authority, and with its key.
    """

    cert_file: Path
    key_file: Path
    password: str = field(default="", repr=False)
    """Of the key, if it has one."""


@dataclass(frozen=True, slots=True)
class LineSettings:
    """
    One partner's address and limits; ``_s`` are seconds.

    *origin* is ``http://host`` or ``https://host``, with a port if it is no usual one.
    """

    origin: str
    connect_s: float
    """The longest wait for a connection, TLS included."""
    read_s: float
    """The longest silence before and within an answer, and the longest that a write may stand still."""
    keepalive_s: float
    """A connection that was idle for longer is not used again."""
    answer_bytes: int
    """A longer body is not read."""
    ca_file: Path | None = None
    """Certificates that the partner's must descend from; the machine's own without."""
    client: ClientCertificate | None = None
    proxy: str = field(default="", repr=False)
    """May hold an account."""

    @property
    def parts(self) -> SplitResult:
        return urlsplit(self.origin)

    @property
    def over_tls(self) -> bool:
        return self.parts.scheme == "https"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A whole answer. Header names are as they came."""

    status: int
    headers: Sequence[tuple[bytes, bytes]] = field(repr=False)
    content: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """The value of *name*, which is in lower case; several are joined by commas, none is empty."""
        wanted = name.encode("ascii")
        found = [value for key, value in self.headers if len(key) == len(wanted) and key.lower() == wanted]
        return b", ".join(found).decode("latin-1")


class Line(Protocol):
    """
    An HTTP line to one origin. Safe for several threads; no lock is held during a call.

    It keeps no cookies, follows no redirect, knows no login and repeats nothing.
    """

    def send(self, method: str, target: str, headers: Headers, body: bytes, until: float) -> HttpAnswer:
        """
        Send one request for *target* (path and query) and read the whole answer before the monotonic time *until*.

        An answer that is whole is given back however late it is. *method* is any but HEAD and CONNECT, whose answers
        have no body of their own. Raises an ``HttpFault``.
        """

    def close(self) -> None:
        """Close every idle connection."""


def quoted(target: str) -> str:
    """*target* as it may stand in a request: what is quoted stays so, the rest is. Raises ``WrongAddress``."""
    if not target.startswith("/") or "#" in target:
        raise WrongAddress
    return quote(target, safe=_ALLOWED_IN_TARGETS)


def checked(headers: Headers) -> Headers:
    """
    *headers*, if each stays one line; blanks around a value are no part of it.

    Raises ``WrongAddress``: like a bad address, this is a setting to mend.
    """
    for name, value in headers:
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise WrongAddress
    return tuple((name, value.strip(" \t")) for name, value in headers)


def decoded(answer: HttpAnswer, most_bytes: int) -> HttpAnswer:
    """
    *answer* without the compression that some servers apply although nobody asked for it.

    Raises ``AnswerTooLong`` when it is longer than *most_bytes* once unpacked, ``BrokenOff`` when it cannot be.
    """
    encoding = answer.header("content-encoding").strip().lower()
    window = ZLIB_WINDOWS.get(encoding)
    if window is None or not answer.content:
        return answer
    unpacker = zlib.decompressobj(window)
    try:
        content = unpacker.decompress(answer.content, most_bytes + 1)
    except zlib.error:
        raise BrokenOff from None
    if len(content) > most_bytes:
        raise AnswerTooLong
    if not unpacker.eof or unpacker.unused_data:
        raise BrokenOff
    return HttpAnswer(answer.status, answer.headers, content)
