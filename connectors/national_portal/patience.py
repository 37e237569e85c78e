"""
How long one errand may take in all, over every call that it needs.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from gateway.errors import Unreachable

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def elapsed_s() -> float:
    """
    Seconds that also pass while the machine is suspended.

    ``time.monotonic`` stops then on Linux: after a night's sleep an errand would still have its time, and call long
    after its lease.
    """
    return time.clock_gettime(_CLOCK)


class Patience:
    """
    The time left for one ``deliver`` or ``probe``. No call begins that could not reasonably end within it.
    """

    __slots__ = ("_call_s", "_monotonic", "_partner", "_start_s", "_until")

    def __init__(
        self,
        partner: str,
        *,
        call_s: float,
        calls: int,
        start_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        *calls* calls of at most *call_s* each; a call needs at least *start_s* to be worth beginning.
        """
        self._partner = partner
        self._call_s = call_s
        self._start_s = min(start_s, call_s)
        self._monotonic = monotonic
        self._until = monotonic() + call_s * calls

    def call_until(self) -> float:
        """By which monotonic time a call that begins now must end. Raises ``Unreachable`` when it should not begin."""
        now = self._monotonic()
        if self._until - now < self._start_s:
            raise self.over()
        return min(self._until, now + self._call_s)

    @property
    def left_s(self) -> float:
        return max(0.0, self._until - self._monotonic())

    def over(self) -> Unreachable:
        return Unreachable(
            self._partner,
            "out-of-time",
            "Cổng trả lời quá chậm nên lượt này dừng lại, chưa gửi / the portal is too slow, this was not sent",
        )
