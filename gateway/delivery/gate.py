"""Whether a partner may be called now; shared by all workers of a process, so that a hold is obeyed at once."""

from __future__ import annotations

import threading
from datetime import datetime
from random import Random

from gateway.errors import DeliveryError
from gateway.policy import BreakerPolicy, PartnerState, after_call


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
        """Take in the result of one call."""
        with self._lock:
            after = after_call(self._state, error, now=now, breaker=self._breaker, chance=self._chance)
            self._changed = self._changed or after != self._state
            self._state = after

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
