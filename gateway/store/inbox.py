"""
What partners tell us, kept before anything is done about it: once, under the partner's own id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from gateway.fronts import Standing
from gateway.model import Change, Dossier, DossierCode, Subject
from gateway.ports import Kept, Receipt
from gateway.store.contract import Route
from gateway.store.holdings import header_of, standing
from gateway.store.ledger import prepare, write_changes
from gateway.store.moments import from_us, to_us
from gateway.store.sql import Statements
from gateway.store.views import Received


class SqlInbox:
    """``Inbox`` and ``Intake`` inside one transaction of the caller."""

    def __init__(self, sql: Statements, source: str, routes: Sequence[Route], now: datetime) -> None:
        self.sql = sql
        self._source = source
        self._routes = routes
        self._now = now
        self.undone = False

    def header(self, code: DossierCode) -> Dossier | None:
        return header_of(self.sql, code)

    def keep(
        self, kind: str, event_id: str, body: bytes, *, dossier: DossierCode | None, replace: bool = False
    ) -> Kept:
        where = {"source": self._source, "kind": kind, "event_id": event_id}
        fingerprint = sha256(body).digest()
        known = self.sql.row("inbox_find", **where)
        if known is not None and bytes(known[0]) == fingerprint:
            return Kept.REPEATED
        if known is None or replace:
            self.sql.run(
                "inbox_keep",
                **where,
                dossier_key=None if dossier is None else dossier.key,
                fingerprint=fingerprint,
                received_at=to_us(self._now),
                body=body,
            )
        return Kept.NEW if known is None else Kept.CHANGED

    def has(self, kind: str, event_id: str) -> bool:
        return self.sql.row("inbox_find", source=self._source, kind=kind, event_id=event_id) is not None

    def place(self, kind: str, event_id: str, dossier: DossierCode) -> bool:
        where = {"source": self._source, "kind": kind, "event_id": event_id}
        return self.sql.row("inbox_place", **where, dossier_key=dossier.key) is not None

    def submit(self, change: Change) -> Receipt:
        return self._write([change])[0]

    def standing(self, codes: Sequence[DossierCode]) -> Mapping[str, Standing]:
        return standing(self.sql, self._hold(codes))

    def versions(self, codes: Sequence[Subject]) -> Mapping[str, int]:
        return {row[0]: row[5] for row in self.sql.rows("dossiers", keys=self._hold(codes))}

    def take(self, changes: Sequence[Change]) -> list[Receipt]:
        return self._write(changes, whole=True)

    def _hold(self, codes: Sequence[Subject]) -> Sequence[str]:
        """The keys of *codes*, which nobody else changes or makes known from now on."""
        keys = sorted({code.key for code in codes})
        if self.sql.dialect == "postgresql":
            self.sql.run("lock_dossiers", keys=keys)
        return keys

    def _write(self, changes: Sequence[Change], *, whole: bool = False) -> list[Receipt]:
        return write_changes(self.sql, prepare(self.sql.tenant, changes), self._routes, self._now, whole=whole)

    def undo(self) -> None:
        self.undone = True


def received(sql: Statements) -> list[Received]:
    """What partners have told us, oldest first, without the bodies."""
    return [
        Received(from_us(at), source, kind, event_id, dossier_key)
        for at, source, kind, event_id, dossier_key in sql.rows("inbox_list")
    ]
