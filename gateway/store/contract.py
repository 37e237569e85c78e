"""
What a store promises: the ledger, the outbox and the claims on it; every change of state is one durable commit.

A *lane* is what one partner must be told about one dossier, in order; its number is that of the dossier. Only the head
of a lane is claimable; a lane whose head is dead is blocked, the others never wait for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from gateway.lifecycle import MessageEvent
from gateway.model import Change, DossierCode, DossierStatus
from gateway.policy import BreakerPolicy, Limits, PartnerState, Windows
from gateway.ports import Message, Operation, Receipt


@dataclass(frozen=True, slots=True)
class Known:
    """
    What the ledger holds about one dossier, for a source that must find out what is new.

    *version* grows with every accepted change: a header that returns to an earlier content is a new fact.
    """

    header_fingerprint: str | None
    status: DossierStatus
    status_at: datetime
    steps: frozenset[str]
    version: int


class Claim(NamedTuple):
    """
    The head of one lane, lent to one worker until *lease_until*.

    All messages share one operation. With *look_up* their outcome is unknown: ask before sending. *token* fences:
    a record with an older token is refused. Claims with the same *call* travel together, and not before *start*.
    """

    lane: int
    token: int
    lease_until: datetime
    look_up: bool
    messages: tuple[Message, ...]
    call: int = 0
    start: datetime | None = None


class Attempt(NamedTuple):
    """One call or look-up: *outcome* is a short word, *code* and *text* what the partner said."""

    kind: str
    at: datetime
    took_us: int
    outcome: str
    code: str = ""
    text: str = ""


class Verdict(NamedTuple):
    """
    What happened to one message of a claim, and the calls that were made for it.

    *cause* groups dead letters; *sent* is a print of the wire form that was refused, for a later comparison.
    """

    message: int
    event: MessageEvent
    not_before: datetime | None = None
    code: str = ""
    text: str = ""
    attempts: tuple[Attempt, ...] = ()
    cause: str = ""
    sent: str = ""


class Settled(NamedTuple):
    """A claim given back: one verdict for each of its messages, in order."""

    lane: int
    token: int
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """
    What a worker would take: up to *lanes* lanes, each for *lease*.

    *limits* and *windows* are those of the configuration; the store adds what was ordered while running, and obeys both
    across all workers. What became due within *fresh* comes first, for the share *live*; *credit* is the fraction of a
    lane that the last turn owed to it. Calls may be allotted up to *ahead* of their time. *breaker* tells when a
    partner may only be tried. *together* bounds how many messages of a claim may be sent, so that they travel in one
    call or one stands for the others; what is looked up stays together as it was sent. None leaves it to the operation.
    """

    lanes: int
    lease: timedelta
    limits: Limits = field(default_factory=Limits)
    windows: tuple[Windows, ...] = ()
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    fresh: timedelta = timedelta(seconds=2)
    live: float = 0.8
    credit: float = 0.0
    ahead: timedelta = timedelta(seconds=1)
    together: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """
    The result of one exchange: new claims, the partner as all workers know it, how many settled claims were refused for
    an old token, and those that could not be recorded yet, because somebody writes to their lane: hand them in again.

    *until* is when a partner that may not be called now may be called again, as far as that is known; *closed* says why
    not: ``held``, ``paused``, ``maintenance``, ``trial``, ``limit``.
    """

    claims: tuple[Claim, ...]
    partner: PartnerState
    stale: int = 0
    postponed: tuple[Settled, ...] = ()
    closed: str = ""
    until: datetime | None = None
    credit: float = 0.0
    limits: Limits = field(default_factory=Limits)
    windows: tuple[Windows, ...] = ()
    paused: bool = False


class Store(Protocol):
    """One tenant's ledger and outbox."""

    def accept(
        self,
        changes: Sequence[Change],
        routes: Iterable[Route],
        *,
        now: datetime,
        connection: object | None = None,
        backfill: bool = False,
    ) -> list[Receipt]:
        """
        Store *changes* in order, with a message for every route that wants them, in one durable commit.

        With *connection* everything happens inside the caller's transaction and is as durable as that. With *backfill*
        their messages leave after live ones.
        """
        ...

    def known(self, codes: Sequence[DossierCode]) -> Mapping[str, Known]:
        """What the ledger holds of these dossiers, by ``DossierCode.key``; unknown ones are left out."""
        ...

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
        """
        Record *settled* and the partner's *state* (None leaves it), and claim what *wish* asks for (None: nothing), in
        one durable commit.

        Expired leases become *unknown* first. No two live claims ever cover the same lane. Nothing is claimed while the
        partner is held, paused or closed for maintenance, nor beyond its limits, whichever worker asks. *now* is the
        worker's clock; a store with a clock of its own goes by that.
        """
        ...

    def permit(self, partner: str, limits: Limits, *, until: datetime, now: datetime) -> datetime | None:
        """
        When one more call to *partner* may begin, for a worker that already has one under way; None when that is not
        before *until*.
        """
        ...

    def next_due(self, partner: str) -> datetime | None:
        """When something can be claimed next; None when nothing waits but dead letters."""
        ...


class Route(Protocol):
    """Who must be told of a change, and by which operation."""

    @property
    def name(self) -> str: ...

    def route(self, kind: str, origin: str) -> str | None:
        """The operation that tells this partner of a body of *kind* of a dossier of *origin*, or None."""
        ...
