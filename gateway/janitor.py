"""
Retention at work: deletes what is past its time, class by class, in small commits that leave room for traffic.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from gateway.errors import StoreError
from gateway.observe import NOBODY, Event, Observer, get_logger
from gateway.ports import Clock
from gateway.store.base import SqlStore

log = get_logger(__name__)

BREATH_S = 0.02
"""Between two commits, for those who deliver."""


@dataclass(frozen=True)
class Janitor:
    """Deletes what is older than *kept* says, by class: once, or again and again as long as others work."""

    store: SqlStore
    clock: Clock
    kept: Mapping[str, timedelta]
    observer: Observer = NOBODY

    def sweep(self, stop: threading.Event | None = None) -> dict[str, int]:
        """Delete until nothing is too old, or *stop* is set; returns how many rows of each class went."""
        stop = stop or threading.Event()
        gone = dict.fromkeys(self.kept, 0)
        for kind, age in self.kept.items():
            while not stop.is_set() and (count := self.store.clear(kind, age, now=self.clock.now())):
                gone[kind] += count
                self.observer.cleared(kind, count)
                stop.wait(BREATH_S)
        return gone

    def run(self, stop: threading.Event, every: timedelta) -> None:
        """Sweep at once and then *every* so often, until *stop* is set. A store that is gone is tried the next time."""
        while not stop.is_set():
            try:
                gone = self.sweep(stop)
            except StoreError as fault:
                log.warning(Event.RETENTION_POSTPONED, reason=str(fault))
            else:
                if any(gone.values()):
                    log.info(Event.RETENTION_DONE, **gone)
            stop.wait(every.total_seconds())
