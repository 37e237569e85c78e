"""Which imports nobody can do any more: silent for long, and not only by the clock, but while somebody listened."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from gateway.api import Gateway

GONE: Final = timedelta(hours=1)
"""A job for which no process spoke for so long has failed: whoever had its file is gone, and somebody waits for it."""
HEARD_EVERY: Final = timedelta(minutes=5)
HEARING: Final = 2 * HEARD_EVERY
"""So long somebody must have listened in vain: before, all may have just started, been cut off, or a clock been put."""


class _Silent(NamedTuple):
    last_word: datetime
    listened_since: datetime


class Listening:
    """What one process has heard of jobs that may be lost."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._silent: dict[str, _Silent] = {}

    def deaf(self) -> None:
        """Nothing could be heard just now: what was silent before counts no more."""
        self._silent.clear()

    def end_lost(self, why: dict[str, object]) -> list[str]:
        """Let the lost ones fail, for *why*; which they were. Raises ``StoreError``."""
        now, jobs = self._gateway.clock.now(), self._gateway.jobs
        self._silent = {
            id_: known
            if (known := self._silent.get(id_)) is not None and known.last_word == last_word
            else _Silent(last_word, now)
            for id_, last_word in jobs.silent("import", silence=GONE - HEARING).items()
        }
        lost = [id_ for id_, silent in self._silent.items() if now - silent.listened_since >= HEARING]
        return jobs.end_silent(lost, why, silence=GONE)
