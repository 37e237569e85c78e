"""How exports spell Vietnamese: decomposed by some keyboards, half decomposed in Windows-1258."""

from __future__ import annotations

import unicodedata

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")


def decomposed(text: str) -> str:
    """Letters and marks apart (NFD), as some phones and desktops type them."""
    return unicodedata.normalize("NFD", text)


def for_windows_1258(text: str) -> str:
    """
    Vowel marks composed, tone marks apart: the only spelling that Windows-1258 can hold.

    Raises nothing; a letter outside the code page fails when the text is encoded.
    """
    spelled: list[str] = []
    for letter in unicodedata.normalize("NFC", text):
        marks = unicodedata.normalize("NFD", letter)
        tones = "".join(mark for mark in marks if mark in _TONES)
        bare = "".join(mark for mark in marks if mark not in _TONES)
        spelled.append(unicodedata.normalize("NFC", bare) + tones)
    return "".join(spelled)
