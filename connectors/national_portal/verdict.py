"""
What an answer of the portal means: the acceptance rule and the code classes (contract 6.3, 13).

Pure. Phrases are compared as whole words, without marks and case; the same texts come again and again, so what a
text contains is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from connectors.national_portal.codes import Meaning
from connectors.national_portal.envelope import Answer
from connectors.national_portal.settings import PortalSettings
from gateway.model.text import search_key

_REMEMBERED_TEXTS = 512
_LONGEST_TEXT = 10_000


class Verdict(Enum):
    """What an answer asks the connector to do."""

    ACCEPTED = "accepted"
    UNFAMILIAR = "accepted, in words that are not known"
    EXISTS = "the number is taken"
    MISSING = "the number is unknown"
    REJECTED = "the content is refused"
    SESSION = "the session has ended"
    UNAUTHORISED = "the account may not"
    FAULTED = "anything else"


@dataclass(frozen=True, slots=True)
class _Words:
    success: bool
    failure: bool
    exists: bool
    missing: bool
    session: bool


_UNREAD = _Words(success=False, failure=True, exists=False, missing=False, session=False)
"""Of a text that is too long to be a message: it confirms nothing."""

_BY_CLASS = {
    Meaning.EXISTS: Verdict.EXISTS,
    Meaning.MISSING: Verdict.MISSING,
    Meaning.REJECTED: Verdict.REJECTED,
    Meaning.SESSION: Verdict.SESSION,
    Meaning.UNAUTHORISED: Verdict.UNAUTHORISED,
    Meaning.RETRY: Verdict.FAULTED,
}


class Judge:
    """Reads answers by the phrases and codes of the settings."""

    def __init__(self, settings: PortalSettings) -> None:
        self._codes = settings.error_codes
        self._require_success = settings.require_success_phrase
        success = _finder(settings.success_phrases)
        failure = _finder(settings.failure_phrases)
        exists = _finder(settings.exists_phrases)
        missing = _finder(settings.missing_phrases)
        session = _finder(settings.session_phrases)

        def words(message: str) -> _Words:
            key = search_key(message)
            return _Words(*(bool(find.search(key)) for find in (success, failure, exists, missing, session)))

        self._words = lru_cache(_REMEMBERED_TEXTS)(words)
        self._remembered = lru_cache(_REMEMBERED_TEXTS)(self._verdict)

    def verdict(self, answer: Answer, *, fresh_session: bool = False) -> Verdict:
        """
        What *answer* means. With *fresh_session* words about sessions count no more: one was opened just now, so a
        text that merely contains such a word is about something else.
        """
        judge = self._remembered if len(answer.message) <= _LONGEST_TEXT else self._verdict
        return judge(answer.code, answer.message, fresh_session)

    def _verdict(self, code: int | None, message: str, fresh_session: bool) -> Verdict:
        words = self._read(message)
        meaning = None if code is None else self._codes.get(code)
        if meaning is Meaning.SESSION:
            return Verdict.SESSION
        if words.session and code != 0 and not fresh_session:
            return Verdict.SESSION
        # The phrase decides in any code, 0 included (contract 6.3).
        if words.exists or meaning is Meaning.EXISTS:
            return Verdict.EXISTS
        # An unknown procedure "does not exist" either, hence the code before the phrase.
        if words.missing and meaning in {None, Meaning.RETRY}:
            return Verdict.MISSING
        if code == 0:
            return self._of_zero(words)
        return Verdict.FAULTED if meaning is None else _BY_CLASS[meaning]

    def _of_zero(self, words: _Words) -> Verdict:
        if words.failure:
            return Verdict.FAULTED
        if words.success:
            return Verdict.ACCEPTED
        return Verdict.FAULTED if self._require_success else Verdict.UNFAMILIAR

    def _read(self, text: str) -> _Words:
        return self._words(text) if len(text) <= _LONGEST_TEXT else _UNREAD

    def affirms(self, text: str) -> bool:
        """Whether a plain text by itself says that the call succeeded (contract 13.3)."""
        words = self._read(text)
        return words.success and not words.failure

    def denies(self, text: str) -> bool:
        """Whether an answer's words deny its code 0 (contract 6.3); to have found nothing is no denial."""
        words = self._read(text)
        return words.failure and not words.missing


def _finder(phrases: Iterable[str]) -> re.Pattern[str]:
    keys = "|".join(re.escape(search_key(phrase)) for phrase in phrases)
    return re.compile(rf"(?<!\w)(?:{keys})(?!\w)" if keys else r"(?!)")
