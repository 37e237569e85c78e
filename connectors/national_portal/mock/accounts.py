"""
Who may log in, for which units, and the sessions they hold (contract 2.4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from connectors.national_portal.mock.settings import Settings


def _new_session() -> str:
    return str(uuid4())


@dataclass(frozen=True, slots=True)
class Account:
    """
    A province's account.

    *units* are the ``madonvi`` it may send, in every form in use (``H99`` and ``000.00.00.H99``); *provinces* the
    level-1 codes that its dossier numbers may carry, two for a merged province.
    """

    username: str
    password: str = field(repr=False)
    units: frozenset[str]
    provinces: frozenset[str]

    @classmethod
    def of_province(cls, code: str, password: str, *, merged: Iterable[str] = (), username: str = "") -> Account:
        """The usual account of the province *code* (``H99``), which took over the provinces *merged*."""
        codes = frozenset([code, *merged])
        return cls(
            username or f"000.00.00.{code}", password, codes | frozenset(f"000.00.00.{one}" for one in codes), codes
        )

    def may_send_as(self, unit: str) -> bool:
        return unit in self.units

    def owns(self, dossier: str) -> bool:
        """Whether the agency part of a dossier number belongs to this account's provinces."""
        return not self.provinces.isdisjoint(dossier.partition("-")[0].upper().split("."))


@dataclass(slots=True)
class _Session:
    account: Account
    ends: datetime


class Sessions:
    """Accounts and live sessions. Guarded by the portal's lock."""

    def __init__(self, settings: Settings, new_session: Callable[[], str] = _new_session) -> None:
        self.settings = settings
        self.accounts: dict[str, Account] = {}
        self._sessions: dict[str, _Session] = {}
        self._new_session = new_session

    def log_in(self, username: str, password: str, now: datetime) -> str | None:
        """A new session, or None when the credentials do not fit."""
        account = self.accounts.get(username)
        if account is None or account.password != password:
            return None
        if self.settings.single_session:
            self.end_all(account)
        self._sessions = {token: session for token, session in self._sessions.items() if session.ends > now}
        token = self._new_session()
        self._sessions[token] = _Session(account, now + self.settings.session_life)
        return token

    def account(self, token: str, now: datetime) -> Account | None:
        """The account of a live session."""
        session = self._sessions.get(token)
        if session is None or session.ends <= now:
            return None
        if self.settings.session_sliding:
            session.ends = now + self.settings.session_life
        return session.account

    def holder(self, token: str) -> Account | None:
        """The account a token was given to, also when it has expired."""
        session = self._sessions.get(token)
        return None if session is None else session.account

    def serving(self, unit: str) -> Account | None:
        """The account that a local adapter would use for *unit* (variants B to D)."""
        return next((account for account in self.accounts.values() if account.may_send_as(unit)), None)

    def owning(self, dossiers: Iterable[str]) -> Account | None:
        """The account whose adapter carries these dossiers when no unit is named; the only one when there is one."""
        for account in self.accounts.values():
            if any(account.owns(dossier) for dossier in dossiers) or len(self.accounts) == 1:
                return account
        return None

    def end(self, token: str) -> None:
        self._sessions.pop(token, None)

    def end_all(self, account: Account | None = None) -> None:
        """End the sessions of *account*, or all."""
        self._sessions = {
            token: session
            for token, session in self._sessions.items()
            if account is not None and session.account.username != account.username
        }
