"""What an engine has done so far, for progress bars and tests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """Messages by what was recorded of them in this run, and the calls made."""

    delivered: int = 0
    retried: int = 0
    unknown: int = 0
    dead: int = 0
    calls: int = 0
    probes: int = 0
    stale: int = 0
