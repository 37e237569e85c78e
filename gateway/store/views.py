"""
What people and monitors are shown of a store: backlogs, dossiers, dead letters, notices, workers, the audit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.model import DossierStatus


@dataclass(frozen=True, slots=True)
class PartnerStatus:
    """The backlog of one partner, in messages; *oldest* is when the oldest open one was accepted."""

    partner: str
    pending: int
    in_flight: int
    unknown: int
    dead: int
    delivered: int
    attempts: int
    probes: int
    oldest: datetime | None
    hold_until: datetime | None
    superseded: int = 0
    cancelled: int = 0
    resolved: int = 0
    paused: bool = False
    slowdown: float = 1.0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that waits for a person, with its cause."""

    id: int
    partner: str
    operation: str
    dossier: str
    code: str
    text: str
    since: datetime
    attempts: int
    waiting_behind: int
    cause: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Received:
    """
    One message of a partner as the inbox keeps it. Without a *dossier* it names one that the ledger does not know,
    and waits for a person.
    """

    at: datetime
    source: str
    kind: str
    event_id: str
    dossier: str | None


@dataclass(frozen=True, slots=True)
class Notice:
    """
    A partner's call as it arrived, *times* with the same id. *said* is what became of it (``ports.Said``), "" while it
    waits to be processed, after *attempts* that failed.
    """

    id: int
    at: datetime
    partner: str
    path: str
    source: str
    said: str
    dossier: str | None
    times: int
    attempts: int
    event_id: str | None


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """How often calls in a partner's name were turned away in one day, by reason (``notices.Why``) and source."""

    at: datetime
    partner: str
    why: str
    source: str
    times: int


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of a dossier's story: an accepted change, a message's state, or a call."""

    at: datetime
    what: str
    partner: str
    detail: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    How far one partner is with one dossier, in messages. *blocked* says that a dead letter holds back what waits, and
    *told_at* when the last message was delivered, as far as that is still kept.
    """

    partner: str
    delivered: int
    pending: int
    unknown: int
    dead: int
    blocked: bool
    paused: bool
    told_at: datetime | None


@dataclass(frozen=True, slots=True)
class DossierEntry:
    """One dossier in a list; *n* grows with the moment at which the ledger came to know it."""

    n: int
    code: str
    origin: str
    status: DossierStatus
    status_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Worker:
    """One engine of one process: *place* is its machine and process, *release* what it runs."""

    partner: str
    worker: str
    place: str
    release: str
    started_at: datetime
    seen_at: datetime
    draining: bool
    lanes: int


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What a person did to the outbox: *n* counts from one, *subject* is what was touched."""

    n: int
    at: datetime
    actor: str
    action: str
    subject: str
    reason: str
    detail: str
