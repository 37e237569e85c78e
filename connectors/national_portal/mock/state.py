"""
All that one portal is made of, in one place, and the two things that every service does with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.national_portal.dialect import lists
from connectors.national_portal.dialect.layouts import Layouts
from connectors.national_portal.mock.accounts import Sessions
from connectors.national_portal.mock.catalogue import Catalogue
from connectors.national_portal.mock.documents import DocumentStore
from connectors.national_portal.mock.faults import FaultPlan
from connectors.national_portal.mock.invariants import Call, Watch
from connectors.national_portal.mock.ledger import Dossier, Ledger, StatusMove
from connectors.national_portal.mock.moves import legal
from connectors.national_portal.mock.settings import Settings


@dataclass(slots=True)
class State:
    """Guarded by the portal's lock."""

    settings: Settings
    layouts: Layouts
    now: Callable[[], datetime]
    sessions: Sessions
    catalogue: Catalogue
    ledger: Ledger
    watch: Watch
    documents: DocumentStore
    faults: FaultPlan
    closure: FaultPlan
    calls: list[Call] = field(default_factory=list)
    closed_until: datetime | None = None

    @property
    def closed(self) -> bool:
        """Whether a profile's closure is going on."""
        return self.closed_until is not None and self.now() < self.closed_until

    def expected(self, old: int | None, new: int) -> bool:
        """Whether contract 12.1 lists the move."""
        return old is None or old == new or (str(old), str(new)) in lists.ASSUMED_MOVES

    def move(self, dossier: Dossier, status: int, by: str, call: Call, at: datetime) -> None:
        """Set the public status, and note it when it changes."""
        old = dossier.status
        if old == status:
            return
        allowed = old is None or legal(old, status)
        flagged = not self.expected(old, status)
        dossier.moves.append(StatusMove(call.number, at, old, status, by, allowed, flagged))
        dossier.status = status
        self.watch.count.status_moved_backwards += not allowed
        self.watch.count.flagged_moves += flagged

    def note_unknown(self, item: Any, known: frozenset[str]) -> None:
        self.watch.count.unknown_fields += len(item.keys() - known)
