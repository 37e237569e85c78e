"""
What a partner bears, as configured and as ordered while running.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from gateway.policy.rate import RateLimit
from gateway.policy.windows import Window


@dataclass(frozen=True, slots=True)
class Limits:
    """
    The *rate* of calls, how many may be *in_flight* at once over all workers, and how many messages one call may carry,
    by operation. None and an operation that is not named are not limited.
    """

    rate: RateLimit | None = None
    in_flight: int | None = None
    batch: Mapping[str, int] = field(default_factory=dict)


def eased(limits: Limits, slowdown: float) -> Limits:
    """*limits* while the partner is slowed down; at least one call at a time and one in each period is left."""
    if slowdown <= 1:
        return limits
    rate = limits.rate
    if rate is not None:
        rate = replace(rate, per=rate.per * slowdown, burst=max(1, int(rate.burst / slowdown)))
    in_flight = None if limits.in_flight is None else max(1, int(limits.in_flight / slowdown))
    return replace(limits, rate=rate, in_flight=in_flight)


@dataclass(frozen=True, slots=True)
class Control:
    """
    What was ordered for a partner while running: limits in place of the configured ones, and announced windows.

    As text it is what the store keeps.
    """

    rate: RateLimit | None = None
    in_flight: int | None = None
    batch: Mapping[str, int] = field(default_factory=dict)
    windows: tuple[Window, ...] = ()

    @classmethod
    def read(cls, text: str) -> Control:
        """The orders that ``text`` wrote."""
        said: dict[str, Any] = orjson.loads(text)
        rate = said.get("rate")
        return cls(
            None if rate is None else RateLimit(rate["calls"], timedelta(seconds=rate["per_s"]), rate["burst"]),
            said.get("in_flight"),
            said.get("batch", {}),
            tuple(
                Window(datetime.fromisoformat(w["from"]), datetime.fromisoformat(w["to"]), w["reason"])
                for w in said.get("windows", ())
            ),
        )

    def text(self) -> str:
        said: dict[str, Any] = {}
        if self.rate is not None:
            said["rate"] = {
                "calls": self.rate.calls,
                "per_s": self.rate.per.total_seconds(),
                "burst": self.rate.burst,
            }
        if self.in_flight is not None:
            said["in_flight"] = self.in_flight
        if self.batch:
            said["batch"] = dict(self.batch)
        if self.windows:
            said["windows"] = [
                {"from": w.begin.isoformat(), "to": w.end.isoformat(), "reason": w.reason} for w in self.windows
            ]
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode()

    def limits(self, configured: Limits) -> Limits:
        """The limits that hold: an order wins, the rest is as configured."""
        return Limits(
            self.rate or configured.rate,
            self.in_flight if self.in_flight is not None else configured.in_flight,
            {**configured.batch, **self.batch},
        )
