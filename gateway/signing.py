"""
Signed notices to a receiver, and how the receiver verifies them: HMAC-SHA256 over time, key and body.

A receiver calls ``verified`` with the raw body, before it parses anything, and remembers the key that it returns:
within the replay window a copy of a notice verifies as well as the first, and only its key tells.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from gateway.errors import GatewayError

KEY_HEADER: Final = "X-Lienthong-Key"
"""The idempotency key: the same for every attempt, and never that of another notice."""
TIMESTAMP_HEADER: Final = "X-Lienthong-Timestamp"
"""Seconds since 1970 when this attempt was signed."""
SIGNATURE_HEADER: Final = "X-Lienthong-Signature"
WINDOW: Final = timedelta(minutes=5)
"""How far the two clocks may be apart, the time on the way included."""

_VERSION = "v1="
_LONGEST_STAMP = 12
_AS_IT_CAME = "surrogatepass"
"""Some servers hand on bytes of headers that are no text as lone surrogates."""


class NotAuthentic(GatewayError):
    """A notice that is not from who it should be, or not from now: *reason* says what is wrong with it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def signed_headers(secret: bytes, key: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers of one attempt to send *body* at the moment *at*."""
    stamp = str(int(at.timestamp()))
    return {KEY_HEADER: key, TIMESTAMP_HEADER: stamp, SIGNATURE_HEADER: _signature(secret, stamp, key, body)}


def verified(
    secrets: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: datetime, *, window: timedelta = WINDOW
) -> str:
    """
    The key of a notice whose signature is right under one of *secrets* (several while one takes the place of another).

    Names of *headers* in any case; *body* as it came, byte for byte. Raises ``NotAuthentic``.
    """
    found = {name.lower(): value.strip() for name, value in headers.items()}
    key, stamp, signature = (found.get(name.lower(), "") for name in (KEY_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER))
    if not (key and stamp and signature):
        raise NotAuthentic("thiếu chữ ký / not signed")
    said = signature.encode(errors=_AS_IT_CAME)
    # Every secret is tried, so that the time says nothing about which one fits; none at all signs for anybody.
    fits = [hmac.compare_digest(_signature(each, stamp, key, body).encode(), said) for each in secrets if each]
    if not any(fits):
        raise NotAuthentic("chữ ký sai / wrong signature")
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= _LONGEST_STAMP):
        raise NotAuthentic("thời điểm không đọc được / unreadable timestamp")
    if abs(now.timestamp() - int(stamp)) > window.total_seconds():
        raise NotAuthentic("ngoài khoảng thời gian cho phép / outside the replay window")
    return key


def _signature(secret: bytes, stamp: str, key: str, body: bytes) -> str:
    # Neither the stamp nor the key can hold a line break: both are values of a header.
    return _VERSION + hmac.new(secret, f"{stamp}\n{key}\n".encode(errors=_AS_IT_CAME) + body, sha256).hexdigest()
