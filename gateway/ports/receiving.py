"""
What comes in: the receipt of a change, the inbox that a connector fills, and what it answers its partner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from typing import NamedTuple, Protocol, runtime_checkable

from gateway.errors import InvalidInput
from gateway.lifecycle import Advance
from gateway.model import Change, Dossier, DossierCode, Subject


class Receipt(NamedTuple):
    """
    What became of one submitted change.

    Exactly one of three: *refusal* is set and nothing was stored; *duplicate* is true and the change was known
    already; or the change is stored as *version* of its dossier, durably, and its messages wait for delivery.
    *advance* says what the change did to the dossier's status. *kept_back* is true for a late fact that partners are
    not told, because it would move the public status back; it is part of the history. A source that holds a dossier
    with its past steps submits them in the order of ``gateway.model.unfold``, then nothing is kept back.
    """

    dossier: Subject
    version: int = 0
    advance: Advance | None = None
    duplicate: bool = False
    kept_back: bool = False
    refusal: InvalidInput | None = None


class Kept(Enum):
    """What the inbox made of a message."""

    NEW = "new"
    REPEATED = "repeated"
    CHANGED = "changed"


class Inbox(Protocol):
    """
    Where a connector puts what its partner tells us, inside one transaction: all of a message is kept, or nothing.
    """

    def header(self, code: DossierCode) -> Dossier | None:
        """The present header of a dossier, or none when the ledger does not know it."""
        ...

    def keep(
        self, kind: str, event_id: str, body: bytes, *, dossier: DossierCode | None, replace: bool = False
    ) -> Kept:
        """
        Keep *body* under the partner's own *event_id*. A repeat has no effect; CHANGED is the same id with another
        body, which is kept only with *replace*. Without a *dossier* it waits for a person to find out where it belongs.
        """
        ...

    def has(self, kind: str, event_id: str) -> bool:
        """Whether something is kept under this id."""
        ...

    def place(self, kind: str, event_id: str, dossier: DossierCode) -> bool:
        """What is kept under this id belongs to *dossier*. False when it had a dossier already."""
        ...

    def submit(self, change: Change) -> Receipt:
        """Accept a change like any other source's."""
        ...

    def undo(self) -> None:
        """Keep nothing of this message after all."""
        ...


class Said(StrEnum):
    """What became of a partner's notice."""

    TAKEN = "taken"
    REPEATED = "repeated"
    """It was known, and changed nothing."""
    LATE = "late"
    """Taken, but older than what was known: the dossier's status stays."""
    UNKNOWN = "unknown"
    """It names a dossier that the ledger does not know: kept for a person, or refused."""
    CONFLICT = "conflict"
    """What it names was told before with another content."""
    REFUSED = "refused"
    """It says something that cannot be accepted."""
    UNREADABLE = "unreadable"
    PARKED = "parked"
    """Nothing: its processing failed so often that it waits for a person. No connector says so."""


@dataclass(frozen=True, slots=True)
class Reply:
    """
    The answer to a partner's call, in the partner's own way; *said* and *dossier* are for ourselves: what became of it,
    and which dossier it is about. *awaits* are dossiers that the ledger does not know yet: once it does, the
    notice is received again.
    """

    status: int
    content_type: str
    body: bytes = field(repr=False)
    said: Said = Said.TAKEN
    dossier: DossierCode | None = None
    awaits: Sequence[DossierCode] = ()


@runtime_checkable
class Receiver(Protocol):
    """A connector whose partner calls us."""

    def receive(self, path: str, content: bytes, inbox: Inbox, now: datetime) -> Reply | None:
        """
        Take in one call: parse, keep, submit, and say what to answer. None when *path* is no service of the partner.

        Raises nothing that the partner can cause.
        """
        ...
