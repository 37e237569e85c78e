"""
A request's body: read up to a limit, never nested deeper than allowed, into a canonical value.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Final, TypeVar

from fastapi import Request
from pydantic import TypeAdapter, ValidationError

from gateway.model import explain
from gateway.service.published.problems import Refusal

T = TypeVar("T")

_ONE_KIND: Final = bytes.maketrans(b"{}", b"[]")
MOST_VALUES: Final = 20_000
"""In one body that is no list of changes."""
_turn: Final = threading.Lock()
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
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
    if is_big(content):
        raise Refusal("too-large", f"hơn {MOST_VALUES} giá trị / more than {MOST_VALUES} values")
    try:
        return shape.validate_json(content)
    except ValidationError as error:
        raise Refusal("invalid-input", errors=explain(error)) from None


def check_json(request: Request, content: bytes, most_depth: int) -> None:
    """End the request when it does not carry JSON, or JSON that is nested too deep."""
    if not _JSON.fullmatch(request.headers.get("content-type", "")):
        raise Refusal("unsupported-type", "Content-Type: application/json")
    if deeper_than(content, most_depth):
        detail = (
            f"lồng quá {most_depth} tầng hoặc thiếu ngoặc / nested deeper than {most_depth}, or a bracket is missing"
        )
        raise Refusal("malformed", detail)


def deeper_than(content: bytes, most: int) -> bool:
    """
    Whether JSON in *content* is nested deeper than *most*, decided without parsing it; brackets without a partner count
    as endless.

    Every step is one pass in C: no content, however odd, may hold up the other requests.
    """
    if content.count(b"[") + content.count(b"{") <= most:
        return False
    brackets = _outside_strings(content).translate(_ONE_KIND, _NO_BRACKETS)
    too_many = b"[" * (most + 1)
    for _ in range(most):
        if too_many in brackets:
            return True
        # Takes the innermost level away.
        brackets = brackets.replace(b"[]", b"")
        if not brackets:
            return False
    return True


def is_big(content: bytes) -> bool:
    """
    Whether JSON in *content* has more than ``MOST_VALUES`` values. A value of four bytes that is none of ours becomes a
    mistake of a thousand.
    """
    return content.count(b",") > MOST_VALUES and _outside_strings(content).count(b",") > MOST_VALUES


@contextmanager
def in_turn(content: bytes) -> Iterator[bool]:
    """One big *content* at a time, so that the mistakes of several never fill the memory; tells whether it is big."""
    big = is_big(content)
    with _turn if big else nullcontext():
        yield big


def _outside_strings(content: bytes) -> bytes:
    # Without escapes every quote begins or ends a string: each second part stands outside of them.
    return b"".join(content.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])


def _too_large(most_bytes: int) -> Refusal:
    # What is left of the body stays unread, so the connection is of no further use.
    return Refusal("too-large", f"tối đa / at most {most_bytes} byte", headers={"Connection": "close"})
