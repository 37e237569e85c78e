"""
Slowing down before a partner breaks: on its word (429, 503) and on answers that take longer and longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class AdaptPolicy:
    """
    A 429 or 503, and latency *growth* times above its long average, multiply the slow-down by *step*, at most once in
    each *every*, up to *most*; each *every* without either divides it by *ease*.
    """

    growth: float = 3.0
    step: float = 1.5
    ease: float = 1.25
    most: float = 64.0
    every: timedelta = timedelta(seconds=1)
    floor: timedelta = timedelta(milliseconds=50)
    """Answers quicker than this are never called slow."""


class Pulse(NamedTuple):
    """
    What the last calls were like: short and long averages of seconds an answer took, and the slow-down now. The long
    one follows what gets quicker sooner than what gets slower, else trouble would soon look usual.
    """

    short_s: float | None = None
    long_s: float = 0.0
    slowdown: float = 1.0
    changed_at: datetime | None = None


def after_answer(pulse: Pulse, took: timedelta, *, busy: bool, now: datetime, policy: AdaptPolicy) -> Pulse:
    """The pulse after one call that *took* so long; *busy*: the partner said that it has too much to do."""
    seconds = took.total_seconds()
    if pulse.short_s is None:
        short, long = seconds, seconds
    else:
        short = pulse.short_s + 0.2 * (seconds - pulse.short_s)
        long = pulse.long_s + (0.02 if seconds < pulse.long_s else 0.002) * (seconds - pulse.long_s)
    pulse = Pulse(short, long, pulse.slowdown, pulse.changed_at)
    if pulse.changed_at is not None and pulse.changed_at <= now < pulse.changed_at + policy.every:
        return pulse
    slow = short > policy.growth * long and short > policy.floor.total_seconds()
    if busy or slow:
        return pulse._replace(slowdown=min(policy.most, pulse.slowdown * policy.step), changed_at=now)
    if pulse.slowdown > 1:
        return pulse._replace(slowdown=max(1.0, pulse.slowdown / policy.ease), changed_at=now)
    return pulse
