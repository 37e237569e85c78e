"""Whether a partner may be called now; shared by all workers of a process, so that a hold is obeyed at once."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from gateway.errors import Busy, DeliveryError, Held
from gateway.observe import Event, get_logger
from gateway.policy import (
    AdaptPolicy,
    BreakerPolicy,
    Limits,
    PartnerState,
    Pulse,
    Windows,
    after_answer,
    after_call,
    closed_until,
    half_open,
)
from gateway.store.contract import Turn

log = get_logger(__name__)


class Gate:
    """The partner's state as this process knows it. Safe for several threads."""

    def __init__(
        self,
        breaker: BreakerPolicy,
        chance: Random,
        *,
        adapt: AdaptPolicy | None = None,
        windows: tuple[Windows, ...] = (),
    ) -> None:
        self._breaker = breaker
        self._chance = chance
        self._adapt = adapt or AdaptPolicy()
        self._lock = threading.Lock()
        self._state = PartnerState()
        self._pulse = Pulse()
        self._changed = False
        self._paused = False
        self._windows = windows
        self.limits = Limits()
        """What the partner bears, as the last exchange said."""

    @property
    def slowdown(self) -> float:
        return self._state.slowdown

    def held(self, now: datetime) -> bool:
        return self._state.held(now)

    def open(self, now: datetime, claimed_for: datetime | None = None) -> bool:
        """
        Whether a call may begin. After the breaker has rested only the trial may, which was claimed since then:
        *claimed_for* is the moment for which a call was allotted.
        """
        state = self._state
        if self._paused or state.held(now) or (self._windows and closed_until(self._windows, now) is not None):
            return False
        if claimed_for is None or not half_open(state, now, self._breaker):
            return True
        return state.hold_until is None or claimed_for >= state.hold_until

    def report(self, error: DeliveryError | None, now: datetime, took: timedelta | None = None) -> None:
        """Take in the result of one call. The log says when the partner is left alone from now on, and why."""
        with self._lock:
            before = self._state
            after = after_call(before, error, now=now, breaker=self._breaker, chance=self._chance)
            if took is not None:
                busy = isinstance(error, Busy) and not isinstance(error, Held)
                self._pulse = after_answer(self._pulse, took, busy=busy, now=now, policy=self._adapt)
                if self._pulse.slowdown != after.slowdown:
                    after = replace(after, slowdown=self._pulse.slowdown)
            if after is not before:
                self._changed = self._changed or after != before
                self._state = after
        if after.slowdown > before.slowdown:
            log.info(Event.PARTNER_SLOWED, partner=error.partner if error else "", slowdown=round(after.slowdown, 2))
        if error is not None and after.hold_until is not None and after.held(now) and not before.held(now):
            until = after.hold_until.isoformat(timespec="seconds")
            log.warning(Event.PARTNER_HELD, partner=error.partner, until=until, code=error.code, reason=error.text)

    def news(self) -> PartnerState | None:
        """The state, when it changed since the last time of asking."""
        with self._lock:
            changed, self._changed = self._changed, False
            return self._state if changed else None

    def untold(self) -> None:
        """The last news did not reach the store."""
        with self._lock:
            self._changed = True

    def learn(self, turn: Turn, now: datetime, *, asked: bool) -> None:
        """Take in what all workers know: the longer hold counts; *asked*: the turn tells limits and windows too."""
        with self._lock:
            self._paused = turn.paused
            if asked:
                self.limits = turn.limits
                self._windows = turn.windows
            ours, theirs = self._state, turn.partner
            if (
                theirs.hold_until is not None
                and theirs.hold_until > now
                and (ours.hold_until is None or theirs.hold_until > ours.hold_until)
            ):
                self._state = theirs
            elif theirs.failures == 0 and not self._changed and ours.failures:
                self._state = replace(ours, failures=0)
            if theirs.slowdown != ours.slowdown and not self._changed:
                self._pulse = self._pulse._replace(slowdown=theirs.slowdown)
                self._state = replace(self._state, slowdown=theirs.slowdown)
