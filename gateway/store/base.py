"""
The store on any SQL database: what each transaction is for. How they begin is the database's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from gateway.fronts import Standing
from gateway.lifecycle import MessageEvent
from gateway.model import Change, Dossier, DossierCode, Subject
from gateway.policy import Control, Limits, PartnerState
from gateway.ports import Operation, Receipt
from gateway.store import audit, letters, outbox, reports, steering, upkeep
from gateway.store.answers import Answer, Asked, answer_all, answer_each
from gateway.store.audit import Act
from gateway.store.clocks import later, settled_later, state_later, turn_later
from gateway.store.contract import Known, Route, Settled, Turn, Wish
from gateway.store.holdings import header_of, known, look_up
from gateway.store.inbox import SqlInbox, received
from gateway.store.ledger import prepare, write_changes
from gateway.store.letters import Buried
from gateway.store.moments import from_us
from gateway.store.partners import read
from gateway.store.schema import Found
from gateway.store.transactions import Transactions
from gateway.store.views import (
    AuditEntry,
    DeadLetter,
    Delivery,
    DossierEntry,
    PartnerStatus,
    Received,
    TimelineEntry,
    Worker,
)
from gateway.store.vitals import Vitals, found, vitals, write

Heard = Callable[[str], None]
"""Is told the name of every statement before it runs, ``commit`` before a commit and ``committed`` after it."""


class SqlStore(Transactions):
    """
    ``Store``, and what operators ask of it.
    """

    # What the ledger takes and knows

    def accept(
        self,
        changes: Sequence[Change],
        routes: Iterable[Route],
        *,
        now: datetime,
        connection: object | None = None,
        backfill: bool = False,
    ) -> list[Receipt]:
        prepared = prepare(self._tenant, changes)
        if connection is not None:
            with self._part_of(connection) as sql:
                return write_changes(sql, prepared, tuple(routes), now, backfill=backfill)
        with self._write() as sql:
            self._tidy(sql)
            return write_changes(sql, prepared, tuple(routes), now, backfill=backfill)

    def accept_once(
        self, asked: Sequence[Asked], routes: Iterable[Route], *, now: datetime
    ) -> list[Answer | Exception]:
        """
        ``accept`` for requests that may come again, several in one commit: each answer is kept with what it answers.

        A request that was answered before gets that answer, and has no effect. One that is refused leaves nothing: what
        its ``answer`` raised stands in its place, or ``KeyReused``, ``AlreadyRunning``, ``StoreError``.
        """
        known_routes = tuple(routes)
        return answer_each(asked, lambda together: self._accept_together(together, known_routes, now))

    def _accept_together(
        self, asked: Sequence[Asked], routes: tuple[Route, ...], now: datetime
    ) -> list[Answer | Exception]:
        prepared = {each.request.print: prepare(self._tenant, each.changes, each.trace) for each in asked}
        with self._write() as sql:

            def accept(todo: Sequence[Asked]) -> list[Receipt]:
                changes = [change for each in todo for change in prepared[each.request.print]]
                return write_changes(sql, changes, routes, now, backfill=asked[0].backfill)

            self._tidy(sql)
            return answer_all(sql, asked, now, accept)

    @contextmanager
    def receiving(self, source: str, routes: Iterable[Route], *, now: datetime) -> Iterator[SqlInbox]:
        """The inbox for one call of the partner *source*: kept as a whole when the block ends well, else not at all."""
        with self._write() as sql:
            inbox = SqlInbox(sql, source, tuple(routes), now)
            sql.run("savepoint")
            yield inbox
            if inbox.undone:
                sql.run("rollback_to_savepoint")

    def header(self, code: DossierCode) -> Dossier | None:
        """The present header of a dossier, or none when the ledger does not know it."""
        with self._read() as sql:
            return header_of(sql, code)

    def look_up(self, code: DossierCode) -> tuple[Dossier, Standing] | None:
        """The present header of a dossier and how it stands, or none when the ledger does not know it."""
        with self._read() as sql:
            return look_up(sql, code)

    def received(self) -> list[Received]:
        with self._read() as sql:
            return received(sql)

    def known(self, codes: Sequence[DossierCode]) -> Mapping[str, Known]:
        with self._read() as sql:
            return known(sql, codes)

    # What workers do

    def exchange(
        self,
        partner: str,
        operations: Mapping[str, Operation],
        *,
        worker: str,
        settled: Sequence[Settled],
        state: PartnerState | None,
        wish: Wish | None,
        now: datetime,
    ) -> Turn:
        with self._write() as sql:
            self._tidy(sql)
            ahead = self._ahead(sql, now)
            turn = outbox.exchange(
                sql, partner, operations,
                worker=worker, settled=[settled_later(item, ahead) for item in settled] if ahead else settled,
                state=state_later(state, ahead), wish=wish, now=now + ahead,
            )  # fmt: skip
        return turn_later(turn, -ahead) if ahead else turn

    def permit(self, partner: str, limits: Limits, *, until: datetime, now: datetime) -> datetime | None:
        with self._write() as sql:
            ahead = self._ahead(sql, now)
            start = outbox.permit(sql, partner, limits, until=until + ahead, now=now + ahead)
        return later(start, -ahead)

    def next_due(self, partner: str) -> datetime | None:
        with self._read() as sql:
            (due,) = sql.row("next_due", partner=partner)
            hold = read(sql, partner).state.hold_until
        if due is None:
            return None
        return from_us(due) if hold is None else max(from_us(due), hold)

    def see_worker(self, partner: str, worker: str, *, place: str, release: str, lanes: int, now: datetime) -> bool:
        """A worker shows that it lives; whether it is asked to drain."""
        with self._write() as sql:
            return steering.see_worker(sql, partner, worker, place=place, release=release, lanes=lanes, now=now)

    def forget_worker(self, partner: str, worker: str) -> None:
        with self._write() as sql:
            steering.forget_worker(sql, partner, worker)

    # What people ask

    def status(self) -> list[PartnerStatus]:
        with self._read() as sql:
            return reports.status(sql)

    def totals(self) -> dict[str, int]:
        """How many dossiers and how many changes of each kind the ledger holds."""
        with self._read() as sql:
            return reports.totals(sql)

    def timeline(self, code: Subject) -> list[TimelineEntry]:
        with self._read() as sql:
            return reports.timeline(sql, code.key)

    def dossiers(self, *, after: int = 0, want: int) -> list[DossierEntry]:
        """Up to *want* dossiers beyond the number *after*, in the order in which the ledger came to know them."""
        with self._read() as sql:
            return reports.dossiers(sql, after=after, want=want)

    def dossier(self, code: DossierCode) -> tuple[DossierEntry, list[Delivery]] | None:
        """The dossier and how far each partner is with it; None when the ledger does not know it."""
        with self._read() as sql:
            return reports.dossier(sql, code.key)

    def broken_link(self, code: Subject) -> int | None:
        """The first version of the dossier whose hash does not follow from its predecessor; None when all do."""
        with self._read() as sql:
            return reports.broken_link(sql, code.key)

    def dead_letters(self) -> list[DeadLetter]:
        with self._read() as sql:
            return letters.dead_letters(sql)

    def buried(self, id_: int) -> Buried | None:
        """The dead letter *id_* as a message, or None."""
        with self._read() as sql:
            return letters.buried(sql, id_)

    def workers(self) -> list[Worker]:
        with self._read() as sql:
            return steering.workers(sql)

    def control(self, partner: str) -> Control:
        """What was ordered for *partner* while running."""
        with self._read() as sql:
            return steering.control(sql, partner)

    def paused_lanes(self) -> list[tuple[str, str]]:
        """Partner and dossier of every paused lane."""
        with self._read() as sql:
            return steering.paused_lanes(sql)

    def audit(self, *, after: int = 0, want: int = audit.PAGE) -> list[AuditEntry]:
        """What people did, oldest first, from the entry after number *after*."""
        with self._read() as sql:
            return audit.entries(sql, after=after, want=want)

    def broken_audit(self) -> int | None:
        """The first entry of the audit that was touched; None when its chain holds."""
        with self._read() as sql:
            return audit.broken_at(sql)

    # What a monitor asks

    def vitals(self) -> Vitals:
        with self._read() as sql:
            return vitals(sql)

    def schema(self) -> Found:
        """What the database says of its release now."""
        with self._read() as sql:
            return found(sql)

    def try_to_write(self) -> None:
        """Write something and take it back. Raises ``StoreError`` when the database cannot be written."""
        with suppress(_TakenBack), self._write() as sql:
            write(sql)
            raise _TakenBack

    # What people order

    def requeue(
        self,
        ids: Sequence[int],
        *,
        now: datetime,
        apart: timedelta = timedelta(0),
        after: timedelta = timedelta(0),
        actor: str = "",
        reason: str = "",
        not_there: bool = False,
    ) -> list[int]:
        """
        Let dead letters try again, their lanes opening *apart* in time from *after* now; returns the ids that were
        dead. Those whose outcome is unknown are looked up first, unless a person has seen that the effect is
        *not_there*.
        """
        event = MessageEvent.REQUEUE if not_there else MessageEvent.LOOK_UP
        with self._write() as sql:
            return letters.decide(sql, ids, event, Act(actor, now, reason), apart=apart, after=after)

    def cancel(self, ids: Sequence[int], act: Act) -> list[int]:
        """
        The partner shall never be told; returns the ids that were dead, behind them those of late steps that are
        cancelled with them.
        """
        with self._write() as sql:
            return letters.decide(sql, ids, MessageEvent.CANCEL, act)

    def resolve(self, ids: Sequence[int], act: Act) -> list[int]:
        """A person has seen the effect at the partner; returns the ids that were dead."""
        with self._write() as sql:
            return letters.decide(sql, ids, MessageEvent.RESOLVE, act)

    def pause(self, partner: str, act: Act, *, dossier: Subject | None = None, paused: bool = True) -> bool:
        """Pause or resume a partner or one of its lanes; false when there is no such lane."""
        with self._write() as sql:
            if dossier is not None:
                return steering.pause_lane(sql, partner, dossier.key, act, paused=paused)
            steering.pause_partner(sql, partner, act, paused=paused)
            return True

    def change_control(self, partner: str, change: Callable[[Control], Control], act: Act, what: str) -> Control:
        """
        *change* what is ordered for *partner*, while nobody else does; *what* names the deed in the audit. Returns what
        is ordered then.
        """
        with self._write() as sql:
            return steering.change_control(sql, partner, change, act, what)

    def drain(self, act: Act, place: str = "") -> None:
        """Ask the workers at *place* ("": all) to finish what they hold and end."""
        with self._write() as sql:
            steering.drain(sql, place, act)

    def clear(self, kind: str, age: timedelta, *, now: datetime, chunk: int = upkeep.CHUNK) -> int:
        """Delete up to *chunk* rows of one class of data older than *age*; returns how many there were."""
        with self._write() as sql:
            return upkeep.clear(sql, kind, age, now + self._ahead(sql, now), chunk=chunk)


class _TakenBack(Exception):
    """Ends a transaction that shall leave nothing behind."""
