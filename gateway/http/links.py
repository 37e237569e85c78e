"""
Reads files behind links that others gave us, without becoming their way into the province's network.

Each hop is looked at anew: the scheme, the name, every address that it stands for; the connection goes to the very
address that was looked at. Nothing of ours travels along: no cookie, no account, no certificate, no proxy.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

from gateway.http.faults import AnswerTooLong, BrokenOff, ForbiddenPlace, TooManyRedirects, WrongAddress
from gateway.http.line import ZLIB_WINDOWS, Headers, LineSettings
from gateway.http.places import Range, Resolve, places_of, resolved
from gateway.http.streaming import AnswerStream, got

_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3
_PIECE_BYTES = 64 * 1024
_HEADERS: Headers = (("Accept", "*/*"), ("Accept-Encoding", "identity"), ("Connection", "close"))


@dataclass(frozen=True, slots=True)
class LinkRules:
    """
    How much is read, how long it may take (``_s`` are seconds), and from where.

    *allowed* are networks that may be asked although they are not public. *ca_file* holds the authorities to believe,
    the machine's own without.
    """

    most_bytes: int
    allowed: tuple[Range, ...] = ()
    connect_s: float = 3.0
    read_s: float = 10.0
    whole_s: float = 60.0
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class LinkedFile:
    """
    What a link leads to. *pieces* are the body, unpacked and bounded; reading them raises an ``HttpFault``.

    *status* is what the last machine said: other than 200 there is no file.
    """

    status: int
    media_type: str
    length: int | None
    """In bytes, as announced; none when nobody knows before the end."""
    pieces: Iterator[bytes]


class LinkReader:
    """
    Safe for several threads. *resolve* and *monotonic* stand in for the name service and the clock in tests.
    """

    def __init__(
        self, rules: LinkRules, *, resolve: Resolve = resolved, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._rules = rules
        self._resolve = resolve
        self._monotonic = monotonic

    @contextmanager
    def open(self, url: str) -> Iterator[LinkedFile]:
        """
        What is at *url*, as long as the block lasts. Raises an ``HttpFault``; ``ForbiddenPlace`` when the link, or a
        redirect behind it, leads where links may not lead.
        """
        until = self._monotonic() + self._rules.whole_s
        for _ in range(_MOST_REDIRECTS + 1):
            parts = _parts(url)
            with self._asked(parts, until) as answer:
                onward = answer.head.header("location") if answer.head.status in _REDIRECTS else ""
                if not onward:
                    yield self._file(answer)
                    return
            url = _onward(url, onward)
            if parts.scheme == "https" and _parts(url).scheme != "https":
                raise ForbiddenPlace
        raise TooManyRedirects

    @contextmanager
    def _asked(self, parts: SplitResult, until: float) -> Iterator[AnswerStream]:
        rules = self._rules
        places = places_of(parts.hostname or "", parts.port or _PORTS[parts.scheme], rules.allowed, self._resolve)
        settings = LineSettings(
            origin=f"{parts.scheme}://{parts.netloc}",
            connect_s=rules.connect_s,
            read_s=rules.read_s,
            keepalive_s=0,
            answer_bytes=rules.most_bytes,
            ca_file=rules.ca_file,
        )
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        with got(settings, places, target, _HEADERS, until, self._monotonic) as answer:
            yield answer

    def _file(self, answer: AnswerStream) -> LinkedFile:
        most = self._rules.most_bytes
        announced = answer.head.header("content-length")
        packing = answer.head.header("content-encoding").strip().lower()
        length = int(announced) if announced.isascii() and announced.isdigit() else None
        if length is not None and length > most:
            raise AnswerTooLong
        plain = packing in {"", "identity"}
        return LinkedFile(
            status=answer.head.status,
            media_type=answer.head.header("content-type"),
            length=length if plain else None,
            pieces=_bounded(answer.pieces if plain else _unpacked(answer.pieces, packing), most),
        )


def _parts(url: str) -> SplitResult:
    """*url* in its parts, without fragment. Raises ``WrongAddress`` for what is no plain web address."""
    try:
        parts = urlsplit(url)
        asked_for = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise WrongAddress from error
    if not asked_for or "@" in parts.netloc:
        raise WrongAddress
    return parts._replace(fragment="")


def _onward(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise WrongAddress from error


def _unpacked(pieces: Iterator[bytes], packing: str) -> Iterator[bytes]:
    """The body of a server that packs although it was asked not to, a little at a time however much is in it."""
    if packing not in ZLIB_WINDOWS:
        raise BrokenOff
    unpacker = zlib.decompressobj(ZLIB_WINDOWS[packing])
    try:
        for piece in pieces:
            packed = piece
            while packed:
                yield unpacker.decompress(packed, _PIECE_BYTES)
                packed = unpacker.unconsumed_tail
    except zlib.error:
        raise BrokenOff from None
    if not unpacker.eof or unpacker.unused_data:
        raise BrokenOff


def _bounded(pieces: Iterator[bytes], most: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > most:
            raise AnswerTooLong
        yield piece
