"""
The store of one process, on a disk that can be full or busy, with somebody who watches every commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway.errors import StoreError, StoreUnavailable
from gateway.lifecycle import MessageEvent
from gateway.model import Change, Dossier, DossierCode
from gateway.policy import UNDECIDABLE, Control, Limits, PartnerState
from gateway.ports import Inbox, Kept, Operation, Receipt
from gateway.store.audit import Act
from gateway.store.contract import Known, Route, Settled, Turn, Wish
from tests.simulation import plan as plans

if TYPE_CHECKING:
    from tests.simulation.process import Process
    from tests.simulation.world import World


class WatchedStore:
    """
    ``Store`` as one process sees it; without a *process* it is that of a source or of an operator.
    """

    def __init__(self, world: World, process: Process | None) -> None:
        self._world = world
        self._process = process
        self._real = world.database.open()
        self._inner = world.flaw.store(self._real, world.database.path)

    def close(self) -> None:
        self._world.database.leave(self._real)

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
        world, process = self._world, self._process
        assert process is not None
        world.trouble.boundary(process, "before exchange")
        live = world.audit.live(settled)
        with self._trouble():
            turn = self._inner.exchange(
                partner, operations,
                worker=worker, settled=settled, state=state, wish=wish, now=now,
            )  # fmt: skip
            world.exchanged(process, now, settled, live, state, turn, asked=wish is not None)
        world.trouble.boundary(process, "after exchange")
        return turn

    def accept(
        self,
        changes: Sequence[Change],
        routes: Iterable[Route],
        *,
        now: datetime,
        connection: object | None = None,
        backfill: bool = False,
    ) -> list[Receipt]:
        with self._trouble():
            receipts = self._inner.accept(changes, routes, now=now, connection=connection, backfill=backfill)
            self._world.accepted(zip(changes, receipts, strict=True))
        return receipts

    @contextmanager
    def receiving(self, source: str, routes: Iterable[Route], *, now: datetime) -> Iterator[Inbox]:
        with self._trouble():
            with self._real.receiving(source, routes, now=now) as inbox:
                watched = _WatchedInbox(inbox)
                yield watched
            self._world.accepted(watched.receipts)

    def requeue(self, ids: Sequence[int], act: Act, *, not_there: bool = False) -> None:
        with self._trouble():
            unsure = {letter.id for letter in self._real.dead_letters() if letter.code == UNDECIDABLE and not not_there}
            done = self._real.requeue(ids, now=act.at, apart=timedelta(seconds=1), actor=act.actor, not_there=not_there)
            self._world.decided(
                {id_: MessageEvent.LOOK_UP if id_ in unsure else MessageEvent.REQUEUE for id_ in done}, ids
            )

    def cancel(self, ids: Sequence[int], act: Act) -> None:
        with self._trouble():
            self._world.decided(dict.fromkeys(self._inner.cancel(ids, act), MessageEvent.CANCEL), ids)

    def resolve(self, ids: Sequence[int], act: Act) -> None:
        with self._trouble():
            self._world.decided(dict.fromkeys(self._real.resolve(ids, act), MessageEvent.RESOLVE), ids)

    def pause(self, act: Act, *, dossier: DossierCode | None, paused: bool) -> None:
        """Of the partner, or of one of its lanes."""
        with self._trouble():
            if self._real.pause("cong", act, dossier=dossier, paused=paused):
                self._world.paused(dossier, paused=paused)

    def set_control(self, orders: Control, act: Act) -> None:
        with self._trouble():
            self._real.change_control("cong", lambda _: orders, act, "limits")
            self._world.ordered(orders)

    def known(self, codes: Sequence[DossierCode]) -> Mapping[str, Known]:
        return self._inner.known(codes)

    def permit(self, partner: str, limits: Limits, *, until: datetime, now: datetime) -> datetime | None:
        assert self._process is not None
        with self._trouble():
            start = self._inner.permit(partner, limits, until=until, now=now)
            if start is not None:
                self._world.permitted(self._process.errand(), start)
        return start

    def next_due(self, partner: str) -> datetime | None:
        return self._inner.next_due(partner)

    def broken_link(self, code: DossierCode) -> int | None:
        return self._real.broken_link(code)

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        """One transaction with the disk's part in it. An error after the commit leaves the caller in the dark."""
        trouble = self._world.trouble.draw_store_fault()
        try:
            with self._world.database.trouble(trouble, self._real):
                yield
        except StoreError:
            self._world.count[str(trouble)] += 1
            raise
        if trouble == plans.STORE_UNSURE:
            self._world.count[trouble] += 1
            raise StoreUnavailable("the disk answered too late")


class _WatchedInbox:
    """``Inbox`` that remembers what it was given; nothing counts until the commit."""

    def __init__(self, inner: Inbox) -> None:
        self._inner = inner
        self.receipts: list[tuple[Change, Receipt]] = []

    def header(self, code: DossierCode) -> Dossier | None:
        return self._inner.header(code)

    def keep(
        self, kind: str, event_id: str, body: bytes, *, dossier: DossierCode | None, replace: bool = False
    ) -> Kept:
        return self._inner.keep(kind, event_id, body, dossier=dossier, replace=replace)

    def place(self, kind: str, event_id: str, dossier: DossierCode) -> bool:
        return self._inner.place(kind, event_id, dossier)

    def has(self, kind: str, event_id: str) -> bool:
        return self._inner.has(kind, event_id)

    def submit(self, change: Change) -> Receipt:
        receipt = self._inner.submit(change)
        self.receipts.append((change, receipt))
        return receipt

    def undo(self) -> None:
        self.receipts.clear()
        self._inner.undo()
