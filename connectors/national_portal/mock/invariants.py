"""
What a well-behaved province never does, counted by the portal itself.

Every counter is about what the portal saw on its own side of the wire; none needs to know the province's plans.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from threading import RLock
from typing import Final

from connectors.national_portal.mock.ledger import CallRecord


@dataclass(slots=True)
class Counters:
    """
    Counts since the last reset.

    The first group must stay at zero for a correct client, whatever the network does; the second describes.
    """

    overlapping_calls: int = 0
    status_moved_backwards: int = 0
    retry_after_ignored: int = 0
    steps_repeated_after_clean_answer: int = 0
    steps_out_of_order: int = 0
    steps_before_dossier: int = 0
    portal_born_pushed: int = 0

    calls: int = 0
    logins: int = 0
    failed_logins: int = 0
    creates: int = 0
    updates: int = 0
    creates_of_existing: int = 0
    updates_of_unknown: int = 0
    steps: int = 0
    steps_repeated: int = 0
    steps_counted_twice: int = 0
    outcomes: int = 0
    lookups: int = 0
    invalid_items: int = 0
    flagged_moves: int = 0
    unknown_fields: int = 0
    faults: int = 0

    @property
    def violations(self) -> dict[str, int]:
        """The counters that a correct client keeps at zero."""
        return {name: value for name, value in asdict(self).items() if name in MUST_STAY_ZERO}


MUST_STAY_ZERO: Final = (
    "overlapping_calls",
    "status_moved_backwards",
    "retry_after_ignored",
    "steps_repeated_after_clean_answer",
    "steps_out_of_order",
    "steps_before_dossier",
    "portal_born_pushed",
)


class Call:
    """
    One exchange while it goes on and after; the server reports its fate here.

    The work interval is from arrival until the answer is about to be written or the client has gone.
    """

    __slots__ = (
        "_watch",
        "account",
        "at",
        "code",
        "dossiers",
        "fault",
        "hold_s",
        "items",
        "message",
        "number",
        "present",
        "received",
        "service",
        "updating",
        "working",
    )

    def __init__(self, watch: Watch, number: int, at: datetime, present: Callable[[], bool]) -> None:
        self._watch = watch
        self.number = number
        self.at = at
        self.present = present
        self.service = ""
        self.account = ""
        self.dossiers: tuple[str, ...] = ()
        self.items = 0
        self.updating = ""
        self.fault = ""
        self.code: int | None = None
        self.message = ""
        self.working = True
        self.hold_s: int | None = None
        self.received: bool | None = None

    def release(self) -> None:
        self._watch.release(self)

    def settle(self, received: bool) -> None:
        self._watch.settle(self, received)

    def log_entry(self) -> CallRecord:
        return CallRecord(
            self.number,
            self.at,
            self.service,
            self.account,
            self.dossiers,
            self.items,
            self.updating,
            self.fault,
            self.code,
            self.message,
            self.received,
        )


@dataclass(slots=True)
class _Hold:
    """
    Nothing of an account before *until*.

    *sent* is when the answer that said so went out (monotonic seconds), *dossiers* are those that were sent away.
    """

    call: Call
    until: datetime
    sent: float
    dossiers: set[str]


class Watch:
    """Keeps the counters that need more than one call to see. Guarded by the portal's lock."""

    def __init__(self, lock: RLock, now: Callable[[], datetime], grace_s: float) -> None:
        self.grace_s = grace_s
        self._lock = lock
        self._now = now
        self.reset()

    def reset(self) -> None:
        self.count = Counters()
        self._working: defaultdict[str, list[Call]] = defaultdict(list)
        self._holds: dict[str, _Hold] = {}
        self._clean_steps: dict[tuple[str, str, str, str], Call] = {}
        self._repeats: list[Call] = []
        self._ignored: list[Call] = []

    def totals(self) -> Counters:
        """
        The counters now.

        An answer that turned out not to have reached its client excuses what came after it, so these two are
        settled only here.
        """
        return replace(
            self.count,
            steps_repeated_after_clean_answer=sum(call.received is not False for call in self._repeats),
            retry_after_ignored=sum(call.received is not False for call in self._ignored),
        )

    def begin(self, call: Call) -> None:
        """A call arrives whose account and dossiers are known."""
        self._check_hold(call)
        for key in call.dossiers:
            others = self._working[key]
            for other in tuple(others):
                if other.present():
                    self.count.overlapping_calls += 1
                else:
                    self._release(other)
            others.append(call)

    def release(self, call: Call) -> None:
        with self._lock:
            self._release(call)

    def _release(self, call: Call) -> None:
        if not call.working:
            return
        call.working = False
        for key in call.dossiers:
            others = self._working[key]
            if call in others:
                others.remove(call)
            if not others:
                del self._working[key]

    def settle(self, call: Call, received: bool) -> None:
        with self._lock:
            self._release(call)
            call.received = received
            if received and call.account and call.hold_s is not None:
                self._hold(call, call.hold_s)

    def _hold(self, call: Call, seconds: int) -> None:
        until = self._now() + timedelta(seconds=seconds)
        present = self._holds.get(call.account)
        if present is None or present.until <= self._now():
            self._holds[call.account] = _Hold(call, until, time.monotonic(), set(call.dossiers))
        else:
            present.dossiers.update(call.dossiers)
            if until > present.until:
                present.call, present.until, present.sent = call, until, time.monotonic()

    def _check_hold(self, call: Call) -> None:
        hold = self._holds.get(call.account)
        if hold is None or self._now() >= hold.until:
            return
        told = not hold.dossiers.isdisjoint(call.dossiers)
        if told or time.monotonic() - hold.sent > self.grace_s:
            self._ignored.append(hold.call)

    def answered_cleanly(self, call: Call, steps: Iterable[tuple[str, str, str, str]]) -> None:
        """The answer to *call* says that these steps are in."""
        for step in steps:
            self._clean_steps[step] = call

    def step_repeated(self, step: tuple[str, str, str, str]) -> None:
        """A step arrives that is in already."""
        self.count.steps_repeated += 1
        earlier = self._clean_steps.get(step)
        if earlier is not None:
            self._repeats.append(earlier)
