"""
Works off notices that are stored: each once, again after a failure, until it succeeds or is left to a person.

A stored notice is processed, whatever ends in between: the request that brought it does it, or ``run`` does, here or in
another process. The row's lock lets only one of them.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from gateway.config.callbacks import CallbackSettings
from gateway.errors import StoreError
from gateway.observe import Event, get_logger
from gateway.ports import Clock, Connector, Receiver, Reply, Said
from gateway.store import notices
from gateway.store.base import SqlStore
from gateway.store.inbox import SqlInbox

log = get_logger(__name__)

GRACE = timedelta(seconds=5)
"""So long the request that brought a notice has it for itself."""
LONGEST_WAIT = timedelta(hours=1)
LOOK_EVERY_S = 1.0
RECALL_EVERY = timedelta(seconds=10)
"""How often notices that wait for a dossier are held against the ledger."""
CHUNK = 50

NOWHERE = Reply(404, "application/json", b'{"error":"no-service"}', Said.UNREADABLE)
"""What becomes of a notice that is for no service of its partner."""


class Processing:
    """Notices of all partners. Safe for several threads."""

    def __init__(self, store: SqlStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.go_by([], {}, {})

    def go_by(
        self, connectors: Sequence[Connector], receivers: Mapping[str, Receiver], most_attempts: Mapping[str, int]
    ) -> None:
        """
        Go on with these: *connectors* are told what comes of notices, *receivers* take those of their partner in, which
        is tried so many times at most.
        """
        self._connectors = tuple(connectors)
        self._receivers = receivers
        self._most_attempts = most_attempts

    def run(self, stop: threading.Event) -> None:
        """Process what others left behind, again and again until *stop* is set."""
        recalled_at: datetime | None = None
        while not stop.is_set():
            try:
                now = self._clock.now()
                # A clock that was put back holds nothing up.
                if recalled_at is None or not timedelta(0) <= now - recalled_at < RECALL_EVERY:
                    recalled_at = now
                    self.recall()
                while not stop.is_set() and self.work_off() == CHUNK:
                    pass
            except StoreError as fault:
                log.warning(Event.STORE_LOST, partner="", reason=str(fault), owed=0)
            stop.wait(LOOK_EVERY_S)

    def work_off(self) -> int:
        """
        Process notices that should have been processed by now, one chunk of them; how many were tried. Those of
        partners that are no longer configured wait, and use up no attempt.
        """
        with self._store.reading() as sql:
            due = notices.due(sql, self._receivers, self._clock.now(), CHUNK)
        for id_, partner in due:
            self.process(partner, id_)
        return len(due)

    def recall(self) -> int:
        """Make those due whose dossier came after them, or may have, one chunk of them; how many."""
        now = self._clock.now()
        with self._store.reading() as sql:
            found = notices.found(sql, now, CHUNK)
        if found:
            with self._store.writing() as sql:
                for id_ in found:
                    notices.recall(sql, id_, now)
        return len(found)

    def process(self, partner: str, id_: int) -> Reply | None:
        """
        Process a stored notice, unless somebody has; its answer, or none while that failed, or *partner* is no longer
        configured.
        """
        receiver = self._receivers.get(partner)
        if receiver is None:
            return None
        try:
            with self._store.writing() as sql:
                stored = notices.lock(sql, partner, id_)
                if stored is None or stored.first is not None:
                    return None if stored is None else stored.first
                inbox = SqlInbox(sql, partner, self._connectors, stored.at)
                sql.run("savepoint")
                reply = receiver.receive(stored.path, stored.content, inbox, stored.at) or NOWHERE
                if inbox.undone:
                    sql.run("rollback_to_savepoint")
                notices.finish(sql, partner, id_, reply, self._clock.now())
                return reply
        except Exception as fault:  # noqa: BLE001 - whatever it is, the notice is stored and will be tried again.
            attempts = self._postpone(partner, id_)
            log.error(  # noqa: TRY400 - a traceback may hold values of the notice.
                Event.NOTICE_POSTPONED, partner=partner, notice=id_, attempts=attempts, error=type(fault).__name__
            )
            return None

    def _postpone(self, partner: str, id_: int) -> int:
        most = self._most_attempts.get(partner, CallbackSettings().most_attempts)
        with suppress(StoreError), self._store.writing() as sql:
            attempts = notices.postpone(sql, id_, self._clock.now(), lambda tried: _after(tried, most))
            if attempts >= most:
                log.error(Event.NOTICE_PARKED, partner=partner, notice=id_, attempts=attempts)
            return attempts
        return 0


def _after(attempts: int, most: int) -> timedelta | None:
    """How long to wait before the next of *most* attempts; none when that was the last."""
    if attempts >= most:
        return None
    longer: int = 2 ** min(attempts, 16)
    return min(LONGEST_WAIT, GRACE * longer)
