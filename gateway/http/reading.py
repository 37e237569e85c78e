"""
One connection's answers, put together from what the HTTP parser reports.

Only interim answers (100, 103) may come before the one that counts. Whatever follows it makes the connection unfit for
another request, since nobody could say to which request it belongs.
"""

from __future__ import annotations

import httptools

from gateway.http.faults import AnswerTooLong, BrokenOff
from gateway.http.line import HttpAnswer

_MOST_HEAD_BYTES = 100 * 1024
"""Of a head, of what stands behind the last chunk, or of anything else without one byte of a body."""
_FRAMES = frozenset({b"content-length", b"transfer-encoding"})


class Reading:
    """
    Feed it bytes until there is an ``answer``; ``tidy`` says whether the connection can carry another one then.

    The parser calls the methods that begin with ``on_``.
    """

    __slots__ = ("_chunks", "_head_bytes", "_headers", "_in_body", "_most_bytes", "_parser", "_size", "answer", "tidy")

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._parser = httptools.HttpResponseParser(self)
        self.begin()

    def begin(self) -> None:
        """Expect the next answer."""
        self.answer: HttpAnswer | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._chunks: list[bytes] = []
        self._head_bytes = 0
        self._size = 0
        self._in_body = False
        self.tidy = False

    @property
    def untouched(self) -> bool:
        """Whether no byte of the answer has come."""
        return not self._head_bytes and not self._size

    def feed(self, data: bytes) -> None:
        """
        Take what came. Raises ``BrokenOff`` when that is no HTTP, ``AnswerTooLong`` when it is too much.
        """
        size = self._size
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            # Rubbish behind a whole answer does not make the answer worse.
            self.tidy = False
            if self.answer is None:
                raise BrokenOff from None
        if self._size > self._most_bytes:
            raise AnswerTooLong
        if self._size > size:
            self._head_bytes = 0
        elif self.answer is None:
            self._head_bytes += len(data)
            if self._head_bytes > _MOST_HEAD_BYTES:
                raise BrokenOff

    def end(self) -> None:
        """
        The partner closed the connection: that ends an answer of no announced length. Raises ``BrokenOff`` for others.
        """
        if not self._in_body or any(name.lower() in _FRAMES for name, _ in self._headers):
            raise BrokenOff
        self.answer = HttpAnswer(self._parser.get_status_code(), self._headers, b"".join(self._chunks))

    def on_message_begin(self) -> None:
        self.tidy = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._in_body = True

    def on_body(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size <= self._most_bytes:
            self._chunks.append(chunk)

    def on_message_complete(self) -> None:
        if self.answer is not None:
            return
        status = self._parser.get_status_code()
        if 100 <= status < 200:
            self._headers.clear()
            self._in_body = False
            return
        chunks = self._chunks
        self.answer = HttpAnswer(status, self._headers, chunks[0] if len(chunks) == 1 else b"".join(chunks))
        self.tidy = self._parser.should_keep_alive()
