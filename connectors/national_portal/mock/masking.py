"""
What of a request may be remembered: everything but passwords, sessions and credentials.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

STARS: Final = "***"
_SECRET_FIELD: Final = re.compile(rb'("(?:session|password)"\s*:\s*")((?:[^"\\]|\\.)*)', re.IGNORECASE)
_SECRET_PARAMETERS: Final = frozenset({"session", "password"})
_SECRET_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie"})


def masked(body: bytes, session: str) -> bytes:
    """*body* without the values of its session and password; *session* is what was read there, if anything."""
    if session and b'"password"' not in body:
        plain = body.replace(session.encode(), STARS.encode())
        if plain != body:
            return plain
    return _SECRET_FIELD.sub(rb"\1" + STARS.encode(), body)


def masked_query(query: Mapping[str, str]) -> dict[str, str]:
    return {name: STARS if name.lower() in _SECRET_PARAMETERS else value for name, value in query.items()}


def masked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: STARS if name in _SECRET_HEADERS else value for name, value in headers.items()}
