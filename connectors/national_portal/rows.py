"""
The objects that the portal returns, read as leniently as it writes them: keys in any case, arrays missing or null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
"""One object that the portal returned, keys in upper case; arrays may be missing or null."""

_MOST_DEPTH = 16
_MOST_DIGITS = 15


def upper(value: Row, depth: int = _MOST_DEPTH) -> Row:
    """
    The same object with keys in upper case (``Url`` and ``URL`` were both seen, contract 5.4); what is nested deeper
    than any message of the contract is left out.
    """
    return {str(key).upper(): _upper_inside(inner, depth - 1) for key, inner in value.items()}


def _upper_inside(value: object, depth: int) -> object:
    if isinstance(value, dict):
        return upper(value, depth) if depth > 0 else {}
    if isinstance(value, list):
        return [_upper_inside(inner, depth - 1) for inner in value] if depth > 0 else []
    return value


def text_in(row: Row, key: str) -> str:
    """A scalar of *row* as text without outer blanks; missing and null are empty."""
    value = row.get(key)
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value).strip()


def rows_in(row: Row, key: str) -> Sequence[Row]:
    """The objects of an array in *row*; a missing, null or otherwise odd array is empty (contract 5.4)."""
    value = row.get(key)
    return [inner for inner in value if isinstance(inner, dict)] if isinstance(value, list) else []


def count_of(text: str) -> int | None:
    """``"1"``, ``"50.000"`` (a thousands dot) and none for words such as "không"."""
    digits = text.replace(".", "").replace(" ", "")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS else None
