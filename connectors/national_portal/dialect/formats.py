"""
How the portal writes moments, codes, addresses and numbers in text (contract 3.2, 7.5).
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Final


@lru_cache(maxsize=65536)
def is_moment(text: str) -> bool:
    """14 digits that name a moment of the calendar (3.2)."""
    if len(text) != 14 or not (text.isascii() and text.isdigit()):
        return False
    try:
        datetime(*(int(text[a:b]) for a, b in _PARTS))  # type: ignore[arg-type]  # noqa: DTZ001 - wire times carry no zone
    except ValueError:
        return False
    return True


_PARTS: Final = ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14))
_DOSSIER_CODE: Final = re.compile(r"[A-Z0-9.]+-(\d{6}|\d{8})-\d{4,7}", re.IGNORECASE)
_PROCEDURE_CODE: Final = re.compile(r"\d\.\d{6}(\.[A-Z0-9]+)*", re.IGNORECASE)
_DAY: Final = re.compile(r"(0[1-9]|[12]\d|3[01])/(0[1-9]|1[0-2])/\d{4}", re.ASCII)
_MONTH: Final = re.compile(r"([1-9]|1[0-2])-\d{4}", re.ASCII)
_URL: Final = re.compile(r"https?://[^\s/]+(/\S*)?")


def is_dossier_code(text: str) -> bool:
    return _DOSSIER_CODE.fullmatch(text) is not None


def is_procedure_code(text: str) -> bool:
    return _PROCEDURE_CODE.fullmatch(text) is not None


def is_link(text: str) -> bool:
    """An address that can be fetched: blanks must be escaped (7.5)."""
    return _URL.fullmatch(text) is not None


def is_day(text: str) -> bool:
    """``05/03/2026`` (3.2)."""
    return _DAY.fullmatch(text) is not None


def is_month(text: str) -> bool:
    """``3-2026`` (3.2)."""
    return _MONTH.fullmatch(text) is not None


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def is_boolean(text: str) -> bool:
    return text in _BOOLEANS


_BOOLEANS: Final = frozenset({"True", "False", "0", "1"})
