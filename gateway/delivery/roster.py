"""Who works: each engine shows itself from time to time, and hears whether it is asked to leave."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Protocol

EVERY = timedelta(seconds=5)


class Roster(Protocol):
    """Where workers are written down."""

    def see_worker(self, partner: str, worker: str, *, place: str, release: str, lanes: int, now: datetime) -> bool:
        """A worker shows that it lives; whether it is asked to drain."""
        ...

    def forget_worker(self, partner: str, worker: str) -> None:
        """A worker has ended."""
        ...


class Presence:
    """One engine's line in the roster; without a *roster* nobody asks."""

    def __init__(self, roster: Roster | None, partner: str, worker: str) -> None:
        self._roster = roster
        self._partner = partner
        self._worker = worker
        self._place = f"{socket.gethostname()}:{os.getpid()}"
        self._shown_at: datetime | None = None
        self.draining = False

    def show(self, lanes: int, now: datetime) -> None:
        """Tell that this worker lives and holds *lanes* lanes, every few seconds. Raises ``StoreError``."""
        if self._roster is None or (self._shown_at is not None and self._shown_at <= now < self._shown_at + EVERY):
            return
        self._shown_at = now
        self.draining = self._roster.see_worker(
            self._partner, self._worker, place=self._place, release=version("lienthong"), lanes=lanes, now=now
        )

    def leave(self) -> None:
        """Take the line away. Raises ``StoreError``."""
        if self._roster is not None and self._shown_at is not None:
            self._roster.forget_worker(self._partner, self._worker)
