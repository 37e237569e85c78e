"""A form (``multipart/form-data``, RFC 7578) read as it streams in, never whole in memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote_to_bytes

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from gateway.service.published.problems import Refusal

_LONG_NAME: Final = re.compile(rb";\s*filename\*\s*=\s*[\w!#$%&+^`{}~-]*'[^']*'([^\s;\"]+)", re.IGNORECASE)
"""RFC 7578 forbids it, and many programs write it all the same where a name has letters beyond ASCII (RFC 8187)."""

Opened = Callable[[str, str, str], Callable[[bytes], None]]
"""Called with each part's name, type and file name ("" where it has none); what it returns takes the content."""


class Form:
    """The form of a request with this *content_type*; *opened* is told of each part. Ends what is none by a refusal."""

    def __init__(self, content_type: str, opened: Opened) -> None:
        self._opened = opened
        self._name, self._value = bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._is_whole = False
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise _unreadable()
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_header_field": self._header_name, "on_header_value": self._header_value,
                    "on_header_end": self._header, "on_headers_finished": self._open, "on_part_data": self._data,
                    "on_end": self._end,
                },
            )  # fmt: skip
        except FormParserError:
            raise _unreadable() from None

    def take(self, piece: bytes) -> None:
        """The next bytes of the body."""
        try:
            self._parser.write(piece)
        except FormParserError:
            raise _unreadable() from None

    def end(self) -> None:
        """There are no more."""
        if not self._is_whole:
            raise _unreadable()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header(self) -> None:
        self._headers[bytes(self._name).lower()] = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def _open(self) -> None:
        disposition = self._headers.get(b"content-disposition", b"")
        told = parse_options_header(disposition)[1]
        name, filename = (told.get(key, b"").decode(errors="replace") for key in (b"name", b"filename"))
        long = _LONG_NAME.search(disposition)
        if long is not None:
            filename = unquote_to_bytes(long[1]).decode(errors="replace")
        kind = self._headers.get(b"content-type", b"").decode(errors="replace")
        self._headers.clear()
        self._write = self._opened(name, kind, filename)

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._write(data[start:end])

    def _end(self) -> None:
        self._is_whole = True


def _unreadable() -> Refusal:
    return Refusal("malformed", "biểu mẫu không đọc được hoặc bị cắt / the form cannot be read, or is cut")
