"""
What makes dead letters alike: one key for all that are mended together.

Pure. Partners write the dossier, a date or a number into the sentence that refuses it; what differs from letter to
letter is taken out, so that the sentence remains.
"""

from __future__ import annotations

import re
from hashlib import sha256

from gateway.model.text import cut, nfc, squeeze

LONGEST_TEXT = 300
_READ = 4000
_PRINT = 6
_PARTS = 4
_NONE = "-"
_FIGURE = "#"
_QUOTE = "…"

# Texts of ours carry the code of an earlier fault in front: it is part of the cause, digits included.
_CODES_IN_FRONT = re.compile(r"(?:\[[^\]\s]{1,64}\] ?)+")
# A quotation that goes on to the end is the partner's whole sentence, not a value within one.
_WHOLE_SENTENCE = re.compile(r": «(.*)»$")
_QUOTED = re.compile(r"«[^«»]*»|“[^“”]*”|\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)")
# Numbers, dates, codes and masked values: every word with a digit or a star in it.
_FIGURES = re.compile(r"[^\s#]*[\d*#][^\s]*(?:\s+[^\s#]*[\d*#][^\s]*)*")
_UNFIT = re.compile(r"[^\w.+-]+")


def cause_key(partner: str, operation: str, code: str, text: str) -> str:
    """
    The cause of a dead letter, such as ``cong/dossier/-7/3fa2c1``: partner, operation, the partner's code, and a print
    of what it said without the values. Without blanks, so that it can be typed; the same in every process and release.
    """
    said = sha256(f"{nfc(code)}\0{normalised(text)}".encode()).hexdigest()[:_PRINT]
    return "/".join((*(_fit(part) for part in (partner, operation, code)), said))


def belongs(key: str, wanted: str) -> bool:
    """Whether the cause *key* is *wanted*, or has its partner, operation and code when *wanted* has no print."""
    return wanted in (key, code_of(key))


def code_of(key: str) -> str:
    """The cause *key* without its print: all that a partner refused with one code."""
    return "/".join(key.split("/")[: _PARTS - 1])


def normalised(text: str) -> str:
    """*text* without what differs from letter to letter; on one line, in lower case, at most 300 characters."""
    line = squeeze(nfc(nfc(text[:_READ]).casefold()))
    found = _CODES_IN_FRONT.match(line)
    front = found[0] if found else ""
    return cut(squeeze(f"{front} {_sentence(line[len(front) :])}"), LONGEST_TEXT)


def _sentence(text: str) -> str:
    """*text* without quotation marks around all of it, and without values; a value may hide within another."""
    while True:
        line = _WHOLE_SENTENCE.sub(r": \1", text.strip())
        line = _FIGURES.sub(_FIGURE, _QUOTED.sub(_QUOTE, line))
        if line == text:
            return line
        text = line


def _fit(part: str) -> str:
    return _UNFIT.sub("_", nfc(part)) or _NONE
