"""Problem documents for connections on which no application was asked."""

from __future__ import annotations

from http import HTTPStatus

from gateway.service.published.problems import MEDIA_TYPE, RETRY_AFTER_S, TITLES, document

_COME_BACK = frozenset({429, 503})


def early_answer(kind: str) -> bytes:
    """The whole answer for a problem of *kind*; the connection ends with it."""
    status, _ = TITLES[kind]
    body = document(kind).model_dump_json().encode()
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"Content-Type: {MEDIA_TYPE}",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "Connection: close",
        *([f"Retry-After: {RETRY_AFTER_S}"] if status in _COME_BACK else []),
    ]
    return "\r\n".join([*head, "", ""]).encode("ascii") + body


EARLY = {kind: early_answer(kind) for kind in ("too-many", "busy", "slow", "malformed", "head-too-large")}
