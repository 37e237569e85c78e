"""
One database under a store: how its transactions begin and end, whose clock rules, and who calls when there is work.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from gateway.store.sql import Statements


class Transactions(ABC):
    """
    One tenant's transactions on one database. Safe for several threads.

    Raises ``StoreUnavailable``, ``StoreFull``, ``StoreTooNew``.
    """

    _tenant: str

    @abstractmethod
    def close(self) -> None: ...

    def hurry(self, within: timedelta) -> None:  # noqa: B027 - for a store that can be waited for.
        """This process is to end: nobody waits for the database beyond *within* from now on."""

    @abstractmethod
    def _write(self) -> AbstractContextManager[Statements]:
        """One durable transaction: all of the block, or nothing."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[Statements]:
        """One consistent view."""

    @abstractmethod
    def _part_of(self, connection: object) -> AbstractContextManager[Statements]:
        """All of the block or nothing becomes part of the transaction of the caller's *connection*."""

    def _ahead(self, sql: Statements, now: datetime) -> timedelta:  # noqa: ARG002 - for a store with a clock.
        """How far the clock that rules leases is ahead of the caller's *now*."""
        return timedelta(0)

    def ruling(self, sql: Statements, now: datetime) -> datetime:
        """*now* by the clock that rules leases and silences, which all processes on this database share."""
        return now + self._ahead(sql, now)

    def _tidy(self, sql: Statements) -> None:  # noqa: B027 - most stores have nothing to do.
        """What a store does now and then as it accepts and exchanges, to keep its books short."""

    def writing(self) -> AbstractContextManager[Statements]:
        """One durable transaction for the store's other parts: all of the block, or nothing."""
        return self._write()

    def reading(self) -> AbstractContextManager[Statements]:
        """One consistent view for the store's other parts."""
        return self._read()

    def listen(self, wake: Callable[[str], None]) -> Callable[[], None]:  # noqa: ARG002 - for a store that can call.
        """
        Call *wake* with a partner's name as soon as there is work for it; returns what ends that.

        A wake-up may be missing: whoever waits also looks from time to time.
        """
        return lambda: None
