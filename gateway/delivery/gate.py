"""Whether a partner may be called now; shared by all workers of a process, so that a hold is obeyed at once."""

from __future__ import annotations

import threading
from datetime import datetime
from random import Random

from gateway.errors import DeliveryError
from gateway.observe import Event, get_logger
from gateway.policy import BreakerPolicy, PartnerState, after_call

log = get_logger(__name__)


class Gate:
    """The partner's state as this process knows it. Safe for several threads."""

    def __init__(self, breaker: BreakerPolicy, chance: Random) -> None:
        self._breaker = breaker
        self._chance = chance
        self._lock = threading.Lock()
        self._state = PartnerState()
        self._changed = False

    def open(self, now: datetime) -> bool:
        return not self._state.held(now)

    def report(self, error: DeliveryError | None, now: datetime) -> None:
        """Take in the result of one call. The log says when the partner is left alone from now on, and why."""
        with self._lock:
            before = self._state
            after = after_call(before, error, now=now, breaker=self._breaker, chance=self._chance)
            self._changed = self._changed or after != before
            self._state = after
        if error is not None and after.hold_until is not None and after.held(now) and not before.held(now):
            until = after.hold_until.isoformat(timespec="seconds")
            log.warning(Event.PARTNER_HELD, partner=error.partner, until=until, code=error.code, reason=error.text)

    def news(self) -> PartnerState | None:
        """The state, when it changed since the last time of asking."""
        with self._lock:
            changed, self._changed = self._changed, False
            return self._state if changed else None

    def learn(self, stored: PartnerState, now: datetime) -> None:
        """Take in what another process recorded: the longer hold counts."""
        with self._lock:
            ours, theirs = self._state.hold_until, stored.hold_until
            if theirs is not None and theirs > now and (ours is None or theirs > ours):
                self._state = stored

    def trial_only(self, now: datetime) -> bool:
        """After a hold of the breaker one message goes as a trial, until a call shows a sign of life."""
        return self._state.failures >= self._breaker.threshold and self.open(now)
