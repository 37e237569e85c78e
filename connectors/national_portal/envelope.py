"""
The portal's envelope: what it says became of a call, in any of the forms of contract 13 and 15.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from connectors.national_portal.rows import Row, upper


class NoAnswerKind(StrEnum):
    """Why something that arrived is no answer (contract 13.3)."""

    EMPTY = "empty"
    HTML = "html"
    TEXT = "plain-text"
    BROKEN = "not-json"
    SHAPE = "not-an-envelope"


class NotAnAnswer(Exception):
    """What arrived does not say what became of the request. The body itself is never part of the text."""

    def __init__(self, kind: NoAnswerKind, size: int) -> None:
        super().__init__(kind, size)
        self.kind = kind
        self.size = size


@dataclass(frozen=True, slots=True)
class Answer:
    """
    The portal's envelope. *code* is none when ``error_code`` is there but no number; *shown_code* is what stood there.
    """

    code: int | None
    shown_code: str
    message: str = field(repr=False)
    result: Any = field(default=None, repr=False)
    session: str = field(default="", repr=False)

    @property
    def rows(self) -> list[Row]:
        """The objects of ``result``, keys in upper case; a single object counts as one (contract 5.5)."""
        found = self.result if isinstance(self.result, list) else [self.result]
        return [upper(row) for row in found if isinstance(row, dict)]


_NESTED = 3


def read_answer(content: bytes) -> Answer:
    """
    Read an answer, unwrapping the double encoding of some adapters (contract 2.6 D).

    Raises ``NotAnAnswer`` for everything that is not a JSON object with an ``error_code``.
    """
    envelope = _object(content)
    for _ in range(_NESTED):
        inner = _inner_envelope(envelope)
        if inner is None:
            break
        envelope = inner
    if "error_code" not in envelope:
        raise NotAnAnswer(NoAnswerKind.SHAPE, len(content))
    raw = envelope["error_code"]
    session = envelope.get("session")
    return Answer(
        code_of(raw),
        "" if raw is None else str(raw).strip()[:20],
        _text(envelope),
        envelope.get("result"),
        session if isinstance(session, str) else "",
    )


def _object(content: bytes) -> dict[str, Any]:
    clean = content.removeprefix(b"\xef\xbb\xbf").strip()
    if not clean:
        raise NotAnAnswer(NoAnswerKind.EMPTY, len(content))
    try:
        value = orjson.loads(clean)
        if isinstance(value, str) and value.lstrip().startswith("{"):
            value = orjson.loads(value)
    except orjson.JSONDecodeError:
        raise NotAnAnswer(_kind_of(clean), len(content)) from None
    if not isinstance(value, dict):
        raise NotAnAnswer(NoAnswerKind.TEXT if isinstance(value, str) else NoAnswerKind.SHAPE, len(content))
    return value


def _kind_of(clean: bytes) -> NoAnswerKind:
    if clean.startswith(b"<"):
        return NoAnswerKind.HTML
    if clean.startswith((b"{", b"[")):
        return NoAnswerKind.BROKEN
    return NoAnswerKind.TEXT


def _inner_envelope(envelope: dict[str, Any]) -> dict[str, Any] | None:
    message = envelope.get("message")
    if isinstance(message, str) and message.lstrip().startswith("{"):
        try:
            message = orjson.loads(message)
        except orjson.JSONDecodeError:
            return None
    return message if isinstance(message, dict) and "error_code" in message else None


def _text(envelope: dict[str, Any]) -> str:
    message = envelope.get("message")
    if isinstance(message, str):
        return message
    return "" if message is None else orjson.dumps(message).decode()


def code_of(raw: object) -> int | None:
    """``0``, ``"0"``, ``"00"`` and ``" 00 "`` are all zero; what is no whole number is none (contract 2.5)."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return raw
    if isinstance(raw, float) and raw.is_integer():
        return int(raw)
    if isinstance(raw, str):
        digits = raw.strip()
        if digits.removeprefix("-").isdecimal() and digits.isascii() and len(digits) <= 10:
            return int(digits)
    return None
