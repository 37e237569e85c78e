"""
What the core asks of the world: a connector to each partner, and a clock.

Values that cross these ports are plain and frozen. Implementations live in ``connectors`` and
``gateway.delivery``; tests pass their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from threading import Event
from typing import Protocol

from gateway.errors import DeliveryError


class Clock(Protocol):
    """Time as an argument. ``now`` is aware and UTC."""

    def now(self) -> datetime: ...

    def wait(self, wake: Event, until: datetime) -> None:
        """Return at *until*, or earlier: when *wake* is set, or to let the caller look around."""
        ...

    def busy(self, working: bool) -> None:
        """Say that calls are going on, or no longer: a virtual clock does not jump meanwhile."""
        ...


LOOK_AROUND_S = 0.5


class SystemClock:
    """The machine's clock. A wait ends after half a second at the latest, so that a stop is never slept through."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait(self, wake: Event, until: datetime) -> None:
        wake.wait(min(LOOK_AROUND_S, max(0.0, (until - self.now()).total_seconds())))

    def busy(self, working: bool) -> None:
        """Real time goes on anyway."""


@dataclass(frozen=True, slots=True)
class Operation:
    """
    One thing that a partner can be told.

    *batch* is how many messages one call may carry; with *same_dossier* they must be of one dossier.
    *harmless* says that sending again changes nothing, so that an outcome which cannot be looked up
    may be settled by sending again; otherwise such a message waits for a person.
    """

    name: str
    batch: int = 1
    same_dossier: bool = True
    harmless: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """
    What one partner must be told about one dossier.

    *body* is the canonical JSON as it was at the change (``gateway.model``), frozen for ever; the wire form
    is made when it is sent. *key* is the idempotency key, the same for every attempt. *established* is true
    when the partner has accepted an earlier message of this dossier. *attempts* counts the calls made before.
    """

    id: int
    partner: str
    operation: str
    dossier: str
    sequence: int
    key: str
    body: bytes
    attempts: int
    accepted_at: datetime
    established: bool


@dataclass(frozen=True, slots=True)
class Delivered:
    """The partner has the effect. *note* says what was unusual about it, if anything."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """The partner did not, or may not, have the effect; the error's class decides what follows."""

    error: DeliveryError


Outcome = Delivered | Failed


class Finding(Enum):
    """What a look-up says about a message whose outcome is unknown."""

    APPLIED = "applied"
    ABSENT = "absent"
    DIFFERS = "differs"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Probe:
    """The answer of a look-up, with the evidence for the timeline (no personal values)."""

    finding: Finding
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """One line of ``lienthong check`` about a partner."""

    what: str
    ok: bool
    detail: str


class Connector(Protocol):
    """
    One partner system. Safe to call from several threads at once.
    """

    @property
    def name(self) -> str:
        """The partner's name in configuration, messages and reports."""
        ...

    @property
    def operations(self) -> Mapping[str, Operation]: ...

    @property
    def longest_call(self) -> timedelta:
        """The longest time that one ``deliver`` or ``probe`` can take; a lease must be longer."""
        ...

    def route(self, kind: str, origin: str) -> str | None:
        """The operation that tells this partner of a body of *kind* of a dossier of *origin*; None: it is not told."""
        ...

    def deliver(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        """
        Tell the partner, in the given order, within one call where the operation allows it.

        All messages share one operation and their number respects its ``batch``. Returns one outcome per message,
        in order, and raises nothing that a partner can cause. One answer for a whole batch gives every message
        that outcome; the engine splits a rejected batch.
        """
        ...

    def probe(self, message: Message) -> Probe:
        """Ask the partner whether *message* had its effect. Raises ``DeliveryError`` when the question fails."""
        ...

    def check(self) -> Sequence[Health]:
        """Reach the partner and log in, changing nothing there."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...
