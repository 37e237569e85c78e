"""
What the core asks of the world: a connector to each partner, and a clock.

Values that cross these ports are plain and frozen. Implementations live in ``connectors`` and
``gateway.delivery``; tests pass their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum
from threading import Event
from typing import NamedTuple, Protocol, runtime_checkable

from gateway.errors import DeliveryError, InvalidInput
from gateway.lifecycle import Advance
from gateway.model import Change, Dossier, DossierCode


class Clock(Protocol):
    """Time as an argument. ``now`` is aware and UTC."""

    def now(self) -> datetime: ...

    def wait(self, wake: Event, until: datetime) -> None:
        """Return at *until*, or earlier: when *wake* is set, or to let the caller look around."""
        ...

    def busy(self, working: bool) -> None:
        """Say that work goes on, or that it rests: a virtual clock does not jump while anybody works."""
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
    may be settled by sending again; otherwise such a message waits for a person. *coalesces* is how many waiting
    messages in a row of one dossier may be settled by sending the last of them alone, where the connector, a
    ``Coalescer``, finds that harmless; 1 means never.
    """

    name: str
    batch: int = 1
    same_dossier: bool = True
    harmless: bool = False
    coalesces: int = 1


class Message(NamedTuple):
    """
    What one partner must be told about one dossier.

    *body* is the canonical JSON as it was at the change (``gateway.model``), frozen for ever; the wire form
    is made when it is sent. *key* is the idempotency key, the same for every attempt. *established* is true
    when the partner has accepted an earlier message of this dossier. *attempts* counts the calls made before, and the
    look-ups that got no answer. *late* says that the fact was older than its dossier's status when it was accepted: it
    does not move the status at the partner. *trace* tells what led to the change, for joining records and spans.
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
    late: bool = False
    trace: str = ""


class Delivered(NamedTuple):
    """The partner has the effect. *note* says what was unusual about it, if anything."""

    note: str = ""


class Failed(NamedTuple):
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
class WireField:
    """One value of a wire form: as a person may see it, masked where personal, and a short print of the whole value."""

    shown: str
    print: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent: *fields* by their path in the partner's own words, in the order of the wire form."""

    fields: Mapping[str, WireField]


@dataclass(frozen=True, slots=True)
class Advice:
    """Who can mend a cause of failure, and how; both Vietnamese first with English beside."""

    owner: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Health:
    """One line of ``lienthong check`` about a partner."""

    what: str
    ok: bool
    detail: str


class Receipt(NamedTuple):
    """
    What became of one submitted change.

    Exactly one of three: *refusal* is set and nothing was stored; *duplicate* is true and the change was known
    already; or the change is stored as *version* of its dossier, durably, and its messages wait for delivery.
    *advance* says what the change did to the dossier's status. *kept_back* is true for a late fact that partners are
    not told, because it would move the public status back; it is part of the history. A source that holds a dossier
    with its past steps submits them in the order of ``gateway.model.unfold``, then nothing is kept back.
    """

    dossier: DossierCode
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


@runtime_checkable
class Speaker(Protocol):
    """A partner that is a source as well, under names that are not its own."""

    def speaks_as(self, source: str) -> bool:
        """
        Whether a change of *source* comes from this partner, so that it is not told of it. Without this protocol a
        partner speaks under its own name.
        """
        ...


@runtime_checkable
class Pulled(Protocol):
    """A partner that fetches what it is to be told: no worker delivers to it."""

    @property
    def lease(self) -> timedelta:
        """What was read and is not acknowledged comes again after this."""
        ...

    def told(self, message: Message) -> bytes:
        """The JSON object of one change."""
        ...


@runtime_checkable
class Coalescer(Protocol):
    """A connector with operations in which a later message makes an earlier one needless."""

    def supersedes(self, later: Message, earlier: Message) -> bool:
        """
        Whether the partner ends the same when *later* alone is sent instead of *earlier* and then *later*, and nothing
        that a citizen could have seen is left out. Both are of one dossier and one operation, next to each other.
        """
        ...


@runtime_checkable
class Previewer(Protocol):
    """A connector that can show what it would send."""

    def preview(self, message: Message) -> Preview:
        """
        The wire form of *message* as it would be made now. Sends nothing of it; may ask the partner for lists, as a
        delivery would. Raises ``DeliveryError``: ``Rejected`` where the message cannot be translated.
        """
        ...


@runtime_checkable
class Adviser(Protocol):
    """A connector that knows who can mend its partner's refusals."""

    def advise(self, operation: str, code: str, text: str) -> Advice | None:
        """Advice on a dead letter's cause; *code* and *text* as recorded. None for a cause it does not know."""
        ...


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
