"""Live before backfill: a share for each, and no starvation."""

from __future__ import annotations

from math import ceil


def shares(want: int, live: float, credit: float) -> tuple[int, int, float]:
    """
    How many of *want* go to live lanes and how many to the rest, and the fraction that live ones are owed; live goes
    first, so that is at most zero.

    *live* is their share, between 0 and 1; *credit* is what the last call returned. Over many calls the shares are
    exact also where each has room for one.
    """
    exact = want * live + credit
    first = min(want, max(0, ceil(exact - 1e-9)))
    return first, want - first, exact - first
