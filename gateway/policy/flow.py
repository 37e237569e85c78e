"""
How many lanes to claim ahead: as many as will be carried within a moment, so that fast partners cost few commits and
slow ones leave room for what becomes due meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

LEAST_AHEAD = 64
"""Lanes that may always be claimed ahead, where the block allows so many."""
AHEAD_S = 0.25
"""Beyond that, what comes back within so long."""
_NEWEST = 0.3


@dataclass(frozen=True, slots=True)
class Flow:
    """How fast lanes came back lately, in lanes per second, up to the moment *at*."""

    rate: float = 0.0
    at: datetime | None = None


def after_return(flow: Flow, lanes: int, now: datetime) -> Flow:
    """*lanes* more came back since the last time. A clock that stood still or was set back teaches nothing."""
    if flow.at is None or now <= flow.at:
        return replace(flow, at=now)
    rate = lanes / (now - flow.at).total_seconds()
    return Flow(flow.rate + _NEWEST * (rate - flow.rate), now)


def lanes_ahead(flow: Flow, block: int) -> int:
    """How many lanes to hold at once; never more than *block*."""
    return min(block, max(LEAST_AHEAD, int(flow.rate * AHEAD_S)))
