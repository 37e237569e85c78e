"""
A request's body: read up to a limit, never nested deeper than allowed, into a canonical value.
"""

from __future__ import annotations

import re
from typing import Final, TypeVar

from fastapi import Request
from pydantic import TypeAdapter, ValidationError

from gateway.model import explain
from gateway.service.problems import Refusal

T = TypeVar("T")

_TOKENS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_OPENING: Final = frozenset({b"[", b"{"})
_JSON: Final = re.compile(r"application/(?:[\w.+-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)


async def raw(request: Request, most_bytes: int) -> bytes:
    """The whole body. Ends the request when it is longer, before it is read where its length is told."""
    told = request.headers.get("content-length", "")
    if told.isascii() and told.isdigit() and int(told) > most_bytes:
        raise _too_large(most_bytes)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most_bytes:
            raise _too_large(most_bytes)
        parts.append(part)
    return b"".join(parts)


def read_json(request: Request, content: bytes, shape: TypeAdapter[T], most_depth: int) -> T:
    """*content* as *shape*, or a refusal that names every field."""
    check_json(request, content, most_depth)
    try:
        return shape.validate_json(content)
    except ValidationError as error:
        raise Refusal("invalid-input", errors=explain(error)) from None


def check_json(request: Request, content: bytes, most_depth: int) -> None:
    """End the request when it does not carry JSON, or JSON that is nested too deep."""
    if not _JSON.fullmatch(request.headers.get("content-type", "")):
        raise Refusal("unsupported-type", "Content-Type: application/json")
    if deeper_than(content, most_depth):
        raise Refusal("malformed", f"lồng quá {most_depth} tầng / nested deeper than {most_depth}")


def deeper_than(content: bytes, most: int) -> bool:
    """Whether JSON in *content* is nested deeper than *most*; decided without parsing it."""
    if content.count(b"[") + content.count(b"{") <= most:
        return False
    depth = 0
    for token in _TOKENS.finditer(content):
        sign = token[0]
        if sign in _OPENING:
            depth += 1
            if depth > most:
                return True
        elif len(sign) == 1:
            depth -= 1
    return False


def _too_large(most_bytes: int) -> Refusal:
    # What is left of the body stays unread, so the connection is of no further use.
    return Refusal("too-large", f"tối đa / at most {most_bytes} byte", headers={"Connection": "close"})
