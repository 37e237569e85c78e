"""
``Idempotency-Key`` (draft of the IETF HTTPAPI group): a request that comes again gets its first answer, and no effect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from threading import Lock
from typing import Final

from fastapi import Request

from gateway.errors import AlreadyRunning
from gateway.service.published.problems import Refusal
from gateway.store.answers import RequestId

HEADER: Final = "Idempotency-Key"
REPEATED: Final = "Idempotency-Replayed"
_STRING: Final = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_BARE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_LONGEST: Final = 255

PARAMETER: Final = {
    "name": HEADER,
    "in": "header",
    "description": 'Khóa của yêu cầu, ví dụ / The key of the request, for example: "8e03978e-40d5-43dd"',
    "schema": {"type": "string"},
}
"""The header as the schema publishes it; each route says whether it is required."""


class Running:
    """The requests that this process works on: the same one twice at a time is told to come back."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._keys: set[tuple[str, str]] = set()

    @contextmanager
    def alone(self, request: RequestId) -> Iterator[None]:
        key = (request.client, request.key)
        with self._lock:
            if key in self._keys:
                raise AlreadyRunning(request.key)
            self._keys.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(key)


def request_id(client: str, key: str, request: Request, content: bytes) -> RequestId:
    """The identity of *request*: method, path, query and body make its fingerprint."""
    scope = request.scope
    head = f"{scope['method']} {scope['path']}?".encode() + scope["query_string"]
    return RequestId(client, key, sha256(head + b"\n" + content).digest())


def given(request: Request) -> str | None:
    """The key in the header, a structured field's string; a bare word is understood too. None without a header."""
    said = request.headers.getlist(HEADER)
    if not said:
        return None
    # Two of them are one with a comma between (RFC 9110), which no key is.
    text = ", ".join(said).strip()
    found = _STRING.fullmatch(text)
    key = re.sub(r"\\(.)", r"\1", found[1]) if found else text if _BARE.fullmatch(text) else ""
    if not key.strip() or len(key) > _LONGEST:
        raise Refusal("malformed", f'{HEADER}: "…", 1 – {_LONGEST} ký tự ASCII / characters of ASCII')
    return key


def needed(request: Request) -> str:
    """The key in the header; without one the request ends."""
    key = given(request)
    if key is None:
        raise Refusal("malformed", f"thiếu {HEADER} / {HEADER} is missing")
    return key
