"""
A connector may answer in its partner's place: a source keeps talking to "its partner", and the gateway takes it in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from gateway.model import Change, Dossier, DossierCode, DossierStatus, Origin, Subject
from gateway.ports import Inbox, Receipt, Reply


@dataclass(frozen=True, slots=True)
class Call:
    """
    One HTTP request as it arrived: *path* and *query* decoded, header names in lower case.

    *source* is the address that it came from, *tenant* whose gateway it came to. With *too_long* the body was not read:
    it is longer than the front wants.
    Query, headers and body may hold secrets and stay out of ``repr``.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    source: str = ""
    too_long: bool = False
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """
    How the ledger has a dossier: the public status and the source's time of it, whatever told it last.

    *version* grows with every accepted change.
    """

    status: DossierStatus
    status_at: datetime
    origin: Origin
    version: int


class Intake(Inbox, Protocol):
    """Where a front puts what it takes in, inside one transaction: all of a call is accepted, or what it chooses."""

    def standing(self, codes: Sequence[DossierCode]) -> Mapping[str, Standing]:
        """
        How these dossiers stand, by ``DossierCode.key``; those that the ledger does not know are left out.

        From now until the end of the transaction nobody else changes any of them, or makes one of them known.
        """
        ...

    def versions(self, codes: Sequence[Subject]) -> Mapping[str, int]:
        """How many changes the ledger has of each that it knows, by key; held like ``standing``."""
        ...

    def take(self, changes: Sequence[Change]) -> list[Receipt]:
        """
        Accept *changes* in order. The steps of one dossier are one history: when its last brings the dossier to where
        it stands, or further, partners are told the older ones before it too.
        """
        ...


OpenIntake = Callable[[], AbstractContextManager[Intake]]
"""Begins the one transaction of a call; it is durable when the block has ended. Raises ``StoreError``."""

LookUp = Callable[[DossierCode], tuple[Dossier, Standing] | None]
"""
The present header of a dossier and how it stands; none where the ledger does not know it. Waits for nobody who writes.
Raises ``StoreError``.
"""


class Front(Protocol):
    """Answers in a partner's place. Safe to call from several threads at once."""

    @property
    def source(self) -> str:
        """The name under which what it takes enters the ledger."""
        ...

    @property
    def most_body_bytes(self) -> int:
        """The longest body that is read."""
        ...

    def serves(self, path: str) -> bool:
        """Whether *path* is one that the partner itself would answer."""
        ...

    def answer(self, call: Call, intake: OpenIntake, look_up: LookUp, now: datetime) -> Reply:
        """
        Answer *call* as the partner would. Raises nothing that a caller, the partner or the database can cause.
        """
        ...


@runtime_checkable
class Fronting(Protocol):
    """A connector that can answer in its partner's place."""

    @property
    def front(self) -> Front | None:
        """None where the configuration has nobody answered."""
        ...
