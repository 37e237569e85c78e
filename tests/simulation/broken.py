"""
Parts of the gateway that pass everything on: a planted bug changes one thing of one of them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.national_portal.connector import NationalPortal
from gateway.errors import StoreUnavailable
from gateway.model import Change, DossierCode
from gateway.policy import Limits, PartnerState
from gateway.ports import Connector, Health, Message, Operation, Outcome, Preview, Probe, Receipt
from gateway.store.audit import Act
from gateway.store.contract import Known, Route, Settled, Turn, Wish
from tests.simulation.flaws import Flaw, Part
from tests.simulation.process import Process


class BrokenStore:
    """``Store`` that passes everything on; the flaws below change one thing each."""

    def __init__(self, inner: Part, path: Path) -> None:
        self.inner = inner
        self.path = path

    def accept(
        self,
        changes: Sequence[Change],
        routes: Iterable[Route],
        *,
        now: datetime,
        connection: object | None = None,
        backfill: bool = False,
    ) -> list[Receipt]:
        return self.inner.accept(changes, routes, now=now, connection=connection, backfill=backfill)

    def known(self, codes: Sequence[DossierCode]) -> Mapping[str, Known]:
        return self.inner.known(codes)

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
        return self.inner.exchange(partner, operations, worker=worker, settled=settled, state=state, wish=wish, now=now)

    def permit(self, partner: str, limits: Limits, *, until: datetime, now: datetime) -> datetime | None:
        return self.inner.permit(partner, limits, until=until, now=now)

    def next_due(self, partner: str) -> datetime | None:
        return self.inner.next_due(partner)

    def cancel(self, ids: Sequence[int], act: Act) -> list[int]:
        return self.inner.cancel(ids, act)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Something done behind the store's back, on the same busy disk."""
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=0)
        try:
            return connection.execute(statement).fetchall()
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(str(error)) from error
        finally:
            connection.close()


class PassingConnector:
    """``Connector``, ``Coalescer`` and ``Previewer`` that passes everything on."""

    def __init__(self, inner: NationalPortal, process: Process) -> None:
        self.inner = inner
        self.process = process

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def operations(self) -> Mapping[str, Operation]:
        return self.inner.operations

    @property
    def longest_call(self) -> timedelta:
        return self.inner.longest_call

    def route(self, kind: str, origin: str) -> str | None:
        return self.inner.route(kind, origin)

    def deliver(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        return self.inner.deliver(messages)

    def probe(self, message: Message) -> Probe:
        return self.inner.probe(message)

    def supersedes(self, later: Message, earlier: Message) -> bool:
        return self.inner.supersedes(later, earlier)

    def preview(self, message: Message) -> Preview:
        return self.inner.preview(message)

    def check(self) -> Sequence[Health]:
        return self.inner.check()

    def close(self) -> None:
        self.inner.close()


class InStore(Flaw):
    """A bug of the store."""

    def __init__(self, broken: type[BrokenStore]) -> None:
        self._broken = broken

    def store(self, store: Part, path: Path) -> Part:
        return self._broken(store, path)


class InConnector(Flaw):
    """A bug of the connector."""

    def __init__(self, broken: type[PassingConnector]) -> None:
        self._broken = broken

    def connector(self, connector: NationalPortal, process: Process) -> Connector:
        return self._broken(connector, process)
