"""
How many messages may go together, after what came of those that went. Pure.

A batch that is refused is split while it is held. Where the next call comes too late for that, it comes back as it was,
and would be refused again as a whole for ever: so messages go alone then, until the poison has been found.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.lifecycle import MessageEvent
from gateway.store.contract import Settled

ENOUGH = 64
"""Beyond that, what an operation carries in one call is all that counts."""

_ENDED = frozenset(
    {
        MessageEvent.DELIVER,
        MessageEvent.APPLIED,
        MessageEvent.SUPERSEDE,
        MessageEvent.REJECT,
        MessageEvent.GIVE_UP,
    }
)


def after(together: int | None, settled: Sequence[Settled]) -> int | None:
    """The bound after *settled* came back; None is no bound. It doubles with everything that gets anywhere."""
    if any(_refused_whole(item) for item in settled):
        return 1
    if together is None or not any(verdict.event in _ENDED for item in settled for verdict in item.verdicts):
        return together
    return together * 2 if together < ENOUGH else None


def _refused_whole(item: Settled) -> bool:
    """Whether all came back unsettled although they were refused."""
    refused = any(attempt.outcome == "rejected" for verdict in item.verdicts for attempt in verdict.attempts)
    return refused and all(verdict.event is MessageEvent.RELEASE for verdict in item.verdicts)
