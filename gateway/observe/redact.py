"""
Keeps personal data and secrets out of logs, whatever a caller passes.

A second fence: callers do not pass such values in the first place. It would rather hide too much than too little.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath

HIDDEN = "[…]"

_SECRETS = (
    "pass_?word|passwd|pass_?phrase|mat_?khau|secret|token|session|cookie|authori[sz]ation|credential|api_?key|"
    "private_?key"
)
_PERSONAL = (
    "applicant|citizen|full_?name|ho_?ten|chu_?ho_?so|nguoi_?nop|officer|account|identifier|personal_?id|cccd|cmnd|"
    "tax_?code|passport|phone|dien_?thoai|e?_?mail|fax|address|dia_?chi|birth"
)
_BODIES = "body|payload|content|request_text|response_text"
_HIDDEN_KEY = re.compile(rf"(?:{_SECRETS}|{_PERSONAL})|^(?:{_BODIES})$", re.IGNORECASE)

_DIGEST = re.compile(r"[0-9a-f]{32,128}")
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "secret",
        re.compile(
            rf"(?i)((?:{_SECRETS})\w*[\"']?\s*[=:]\s*)(?:(?:bearer|basic)\s+)?(?:\"[^\"]*\"?|'[^']*'?|[^\s\"',;&}})\]]+)"
        ),
    ),
    ("secret", re.compile(r"(?i)\b((?:bearer|basic)\s+)[\w.~+/=-]{6,}")),
    ("secret", re.compile(r"(?i)(://[^/\s:@]*:)[^/\s@]+(?=@)")),
    ("email", re.compile(r"()[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("phone", re.compile(r"()(?<![\w.])(?:\+84[ .]?|\(?0)\d{2,3}\)?[ .-]\d{3,4}[ .-]?\d{3,4}(?!\d)")),
    # Identity numbers have 9 or 12 digits, tax codes 10 or 13, phones 9 to 11; dossier and procedure codes no such run.
    ("number", re.compile(r"()(?<!\d)\d{9,13}(?!\d)")),
)


def redact_text(text: str) -> str:
    """Replace what looks like an identity, tax or phone number, an address or a secret by ``[kind]``."""
    if _DIGEST.fullmatch(text):
        return text
    for kind, pattern in _RULES:
        text = pattern.sub(rf"\1[{kind}]", text)
    return text


def redact(value: object, key: str = "") -> object:
    """Return *value* as it may be shown under *key*: plain, and without what ``redact_text`` finds."""
    if key and _HIDDEN_KEY.search(key) and not isinstance(value, bool):
        return HIDDEN
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {redact_text(str(inner)): redact(item, str(inner)) for inner, item in value.items()}
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str):
        return [redact(item) for item in value]
    return redact_text(str(value) if isinstance(value, str | PurePath | BaseException) else _plain(value))


def _plain(value: object) -> str:
    """Values print by ``str``; a broken one must not break the log."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - whatever it is, only its class may be shown.
        return type(value).__name__
