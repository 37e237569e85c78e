"""
How words of a file are compared: headings, status words, names of agencies and procedures.

Stored text stays as given; only the comparison folds it (NFC, case, runs of spaces, the star of a
mandatory column).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz import fuzz, process, utils


@lru_cache(maxsize=16_384)
def folded(text: str) -> str:
    """The comparison key of *text*; equal keys are the same word to a reader."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def heading_key(text: str) -> str:
    """As ``folded``, without the decoration that forms put on a heading: ``Mã hồ sơ (*):``."""
    return folded(text.replace("(*)", " ").strip().strip("*: "))


@lru_cache(maxsize=65_536)
def _plain(text: str) -> str:
    """Without tone and vowel marks, so that a word typed on a foreign keyboard is still near."""
    bare = (c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return str(utils.default_process("".join(bare).replace("đ", "d").replace("Đ", "D")))


def nearest(text: str, candidates: Iterable[str], *, limit: int = 3, cutoff: float = 60) -> list[str]:
    """Up to *limit* candidates that look like *text*, best first; empty when nothing does."""
    choices = {candidate: _plain(candidate) for candidate in candidates}
    found = process.extract(_plain(text), choices, scorer=fuzz.token_sort_ratio, limit=limit, score_cutoff=cutoff)
    return [str(name) for _, _, name in found]


def quoted(words: Iterable[str]) -> str:
    return ", ".join(f"«{word}»" for word in words)


def did_you_mean(text: str, candidates: Iterable[str], otherwise: str) -> str:
    """A remedy that offers the nearest candidates, or *otherwise* when none is near."""
    found = nearest(text, candidates)
    return f"Có phải là {quoted(found)}? {otherwise}" if found else otherwise
