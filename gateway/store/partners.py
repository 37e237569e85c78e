"""
How a partner is doing, as all workers know it: one row, read and written inside the exchange.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.policy import Control, Limits, PartnerState, Windows, closed_until, draw, eased, half_open, may_try, merge
from gateway.store.contract import Wish
from gateway.store.moments import from_us, to_us
from gateway.store.sql import Statements

_HOWEVER_LATE = timedelta(days=370_000)
"""Beyond the longest period that a limit may have, slowed down as far as that goes: a thousand years."""


@dataclass(slots=True)
class PartnerRow:
    """What is stored of one partner; *arrival* is the rate limit's next free moment."""

    partner: str
    state: PartnerState = field(default_factory=PartnerState)
    arrival: datetime | None = None
    paused: bool = False
    control: Control = field(default_factory=Control)

    def save(self, sql: Statements) -> None:
        sql.run(
            "set_partner",
            partner=self.partner,
            failures=self.state.failures,
            hold_until=_us(self.state.hold_until),
            trial_until=_us(self.state.trial_until),
            slowdown=self.state.slowdown,
            arrival=_us(self.arrival),
        )


@dataclass(frozen=True, slots=True)
class Room:
    """How many calls may begin now; with none, why and until when as far as that is known."""

    calls: int
    closed: str = ""
    until: datetime | None = None
    trial: bool = False


def read(sql: Statements, partner: str) -> PartnerRow:
    row = sql.row("partner_row", partner=partner)
    return PartnerRow(partner) if row is None else _row(partner, row)


def lock(sql: Statements, partner: str) -> PartnerRow:
    """The row, held until the transaction ends."""
    row = sql.row("partner_row_locked", partner=partner)
    if row is None:
        sql.run("start_partner", partner=partner)
        row = sql.row("partner_row_locked", partner=partner)
    return _row(partner, row)


def read_all(sql: Statements) -> list[PartnerRow]:
    return [_row(row[0], row[1:]) for row in sql.rows("partner_rows")]


def _row(partner: str, row: tuple[object, ...]) -> PartnerRow:
    failures, hold, trial, slowdown, arrival, paused, control = row
    assert isinstance(failures, int)
    assert isinstance(slowdown, float | int)
    state = PartnerState(failures, _moment(hold), _moment(trial), float(slowdown))
    return PartnerRow(partner, state, _moment(arrival), bool(paused), Control.read(str(control)))


def needs_lock(row: PartnerRow, wish: Wish, now: datetime) -> bool:
    """Whether a claim must know for sure what other workers take: a limit counts calls, a trial is one of all."""
    limits = row.control.limits(wish.limits)
    return (
        limits.rate is not None
        or limits.in_flight is not None
        or row.state.slowdown > 1
        or half_open(row.state, now, wish.breaker)
    )


def limits_of(row: PartnerRow, configured: Limits) -> Limits:
    """The limits that hold now: as configured, or as ordered while running, eased while the partner is slow."""
    return eased(row.control.limits(configured), row.state.slowdown)


def windows_of(row: PartnerRow, wish: Wish) -> tuple[Windows, ...]:
    return (*wish.windows, *row.control.windows)


def room(sql: Statements, row: PartnerRow, wish: Wish, now: datetime) -> Room:
    """How many calls *wish* may begin; nothing is taken yet."""
    if row.paused:
        return Room(0, "paused")
    if row.state.held(now):
        return Room(0, "held", row.state.hold_until)
    if (opens := closed_until(windows_of(row, wish), now)) is not None:
        return Room(0, "maintenance", opens)
    trial = half_open(row.state, now, wish.breaker)
    if trial and not may_try(row.state, now, wish.breaker):
        return Room(0, "trial", row.state.trial_until)
    limits = limits_of(row, wish.limits)
    # A trial waits for its turn as well: allotted beyond its lease it would never be made.
    calls = 1 if trial else wish.lanes
    if limits.in_flight is not None:
        (under_way,) = sql.row("calls_under_way", partner=row.partner, now=to_us(now))
        calls = min(calls, limits.in_flight - int(under_way))
        if calls <= 0:
            return Room(0, "limit")
    if limits.rate is not None:
        starts, arrival = draw(limits.rate, row.arrival, now, calls, wish.ahead)
        if not starts:
            row.arrival = arrival
            (next_start, *_), _ = draw(limits.rate, row.arrival, now, 1, _HOWEVER_LATE)
            return Room(0, "limit", next_start - wish.ahead)
        calls = len(starts)
    return Room(calls, trial=trial)


def take(row: PartnerRow, wish: Wish, calls: int, now: datetime, *, trial: bool) -> tuple[datetime, ...]:
    """The start of each of *calls* calls; the row remembers that they were allotted."""
    if trial and calls:
        row.state = PartnerState(row.state.failures, row.state.hold_until, now + wish.lease, row.state.slowdown)
    limits = limits_of(row, wish.limits)
    if limits.rate is None:
        return (now,) * calls
    starts, row.arrival = draw(limits.rate, row.arrival, now, calls, _HOWEVER_LATE)
    return starts


def learn(row: PartnerRow, news: PartnerState, now: datetime) -> None:
    row.state = merge(row.state, news, now)


def _moment(us: object) -> datetime | None:
    if us is None:
        return None
    assert isinstance(us, int)
    return from_us(us)


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else to_us(moment)
