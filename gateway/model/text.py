"""
Text as people write it: comparison keys, cutting, and masks for what must not be read.

Stored text stays as it was given; only keys are normalised.
"""

from __future__ import annotations

import re
import unicodedata

from mappings import name_key

__all__ = [
    "cut",
    "mask_email",
    "mask_id",
    "mask_name",
    "mask_phone",
    "name_key",
    "nfc",
    "search_key",
    "show",
    "squeeze",
]

_JOINERS = frozenset("\u200d\ufe0e\ufe0f")
_SHOWN = 60
# As long as a personal id, an old card, a tax code or a phone; no code or time of ours has such a run.
_PERSONAL_DIGITS = re.compile(r"(?<!\d)\d{9,13}(?!\d)")


def nfc(text: str) -> str:
    """The composed Unicode form, in which equal Vietnamese texts are equal strings."""
    return unicodedata.normalize("NFC", text)


def squeeze(text: str) -> str:
    """Runs of blanks become one space, outer blanks go; no-break spaces count as blanks."""
    return " ".join(text.split())


def search_key(text: str) -> str:
    """
    Text without marks and case, for finding: ``"ĐỖ ĐỨC HÒA"`` and ``"đỗ đức hoà"`` meet in ``"do duc hoa"``.

    Never store or show it in place of a name.
    """
    bare = "".join(char for char in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(char))
    return squeeze(bare.replace("đ", "d"))


def cut(text: str, limit: int, ellipsis: str = "") -> str:
    """
    The longest start of *text* that fits into *limit* characters, *ellipsis* included when something was cut.

    A base letter is never parted from its combining marks, nor a joined sign from its other half.
    """
    if len(text) <= limit:
        return text
    end = limit - len(ellipsis)
    if end <= 0:
        return ellipsis[: max(limit, 0)]
    while end > 0 and (_continues(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return text[:end] + ellipsis


def _continues(char: str) -> bool:
    return unicodedata.category(char)[0] == "M" or char in _JOINERS


def show(text: object) -> str:
    """
    A refused value for a message: on one line, at most 60 characters.

    Not for personal values; digits that could be somebody's number, put into the wrong column, are masked.
    """
    line = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(text))
    return cut(_PERSONAL_DIGITS.sub(lambda found: mask_id(found[0]), line), _SHOWN, "…")


def mask_id(number: str) -> str:
    """``042190000001`` becomes ``0421*****001``; shorter numbers show less."""
    number = number.strip()
    if len(number) >= 12:
        return f"{number[:4]}{'*' * (len(number) - 7)}{number[-3:]}"
    if len(number) >= 9:
        return f"{number[:2]}{'*' * (len(number) - 4)}{number[-2:]}"
    return "*" * len(number)


def mask_phone(phone: str) -> str:
    """``0912345678`` becomes ``091****678``."""
    phone = "".join(phone.split())
    if len(phone) < 9:
        return "*" * len(phone)
    return f"{phone[:3]}{'*' * (len(phone) - 6)}{phone[-3:]}"


def mask_email(address: str) -> str:
    """``nguoidung@vidu.example`` becomes ``n***@vidu.example``."""
    local, at, domain = address.strip().rpartition("@")
    return f"{local[:1]}***@{domain}" if at else "***"


def mask_name(name: str) -> str:
    """``Nguyễn Văn Ví Dụ`` becomes ``N.V.V.D.``."""
    return "".join(f"{word[0].upper()}." for word in nfc(name).split())
