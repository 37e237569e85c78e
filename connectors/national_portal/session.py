"""
The session that all calls of the agency share (contract 2.4). Its text leaves only in request bodies.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from connectors.national_portal.flight import OneFlight
from connectors.national_portal.patience import Patience


class Session:
    """
    Keeps one session for its lifetime and opens a new one when asked, in one flight for all threads.
    """

    __slots__ = ("_flight", "_lifetime_s", "_lock", "_log_in", "_monotonic", "_opened_at", "_replaced", "_token")

    def __init__(
        self,
        log_in: Callable[[Patience], str],
        *,
        lifetime_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log_in = log_in
        self._lifetime_s = lifetime_s
        self._monotonic = monotonic
        self._flight: OneFlight[str, str] = OneFlight()
        self._lock = threading.Lock()
        self._token = ""
        self._replaced = ""
        self._opened_at = 0.0

    def __repr__(self) -> str:
        return "<Session ***>"

    def token(self, patience: Patience, *, instead_of: str = "") -> str:
        """
        The session to use now. *instead_of* is one that the portal no longer takes: it is used no more, but when
        another thread has already replaced it nobody logs in again.
        """
        with self._lock:
            if self._usable(instead_of):
                return self._token
        return self._flight.take(
            "login", lambda: self._renewed(patience, instead_of), wait_s=patience.left_s, late=patience.over
        )

    def masked_words(self) -> tuple[str, str]:
        """The sessions now and last in use, only for taking them out of a text that people may read."""
        return (self._token, self._replaced)

    def _usable(self, instead_of: str) -> bool:
        fresh = self._monotonic() - self._opened_at < self._lifetime_s
        return bool(self._token) and self._token != instead_of and fresh

    def _renewed(self, patience: Patience, instead_of: str) -> str:
        with self._lock:
            # The flight before may have landed between the look above and this one.
            if self._usable(instead_of):
                return self._token
            self._token, self._replaced = "", self._token or self._replaced
        token = self._log_in(patience)
        with self._lock:
            self._token = token
            self._opened_at = self._monotonic()
        return token
