"""
What the database knows, as metrics: the same from every process of a gateway, so that a query takes their maximum.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from gateway.errors import StoreError
from gateway.monitor.fresh import Fresh
from gateway.observe import redact_text
from gateway.ports import Clock
from gateway.store.views import PartnerStatus
from gateway.store.vitals import Vitals

T = TypeVar("T")

ALIVE: Final = timedelta(seconds=30)
"""A worker that did not show itself for so long is not counted; it does so every five seconds."""
MOST_CAUSES: Final = 100
"""So many causes of dead letters are told apart, the largest; the others are counted together."""
OTHER: Final = "other"
_CODE = re.compile(r"[A-Za-z0-9_.+-]{1,32}")


class StoreCollector:
    """Metrics from *vitals*; a database that does not answer is a metric, too."""

    def __init__(
        self,
        vitals: Fresh[Vitals],
        pulse: Fresh[bool],
        clock: Clock,
        *,
        threshold: Callable[[], int],
        served: Callable[[], Collection[str]],
        disk: Path | None = None,
        usage: Callable[[Path], tuple[int, int, int]] = shutil.disk_usage,
    ) -> None:
        """
        *pulse* answers when the database can be written. *threshold* is how many failures open a breaker, *served* whom
        workers deliver to; *disk* is where the database's file lies.
        """
        self._vitals = vitals
        self._pulse = pulse
        self._clock = clock
        self._threshold = threshold
        self._served = served
        self._disk = disk
        self._usage = usage

    def collect(self) -> Iterator[Metric]:
        found, written = _answer(self._vitals), _answer(self._pulse)
        yield _one("lienthong_store_up", "Whether the database answers.", int(found is not None))
        yield _one("lienthong_store_writable", "Whether something can be written in time.", int(written is not None))
        yield from self._room()
        if found is not None:
            now = self._clock.now()
            yield from _backlog(found, now)
            yield from _ended(found)
            yield from _partners(found, now, self._threshold())
            yield _workers(found, now, self._served())
            yield from _notices(found)

    def _room(self) -> Iterator[Metric]:
        if self._disk is None:
            return
        with suppress(OSError):
            total, _, free = self._usage(self._disk)
            yield _one("lienthong_disk_free_bytes", "Room left where the database's file lies.", free)
            yield _one("lienthong_disk_size_bytes", "The disk where the database's file lies.", total)


def _answer(asked: Fresh[T]) -> T | None:
    """None where there is none: the other metrics are told all the same."""
    try:
        return asked.get()
    except (StoreError, TimeoutError):
        return None


def _backlog(found: Vitals, now: datetime) -> Iterator[Metric]:
    messages = GaugeMetricFamily(
        "lienthong_messages", "Messages that are not settled, by state.", labels=["partner", "state"]
    )
    for each in found.partners:
        for state in ("pending", "in_flight", "unknown", "dead"):
            messages.add_metric([each.partner, state], getattr(each, state))
    yield messages
    oldest = GaugeMetricFamily(
        "lienthong_oldest_message_seconds",
        "Age of the oldest message that waits, is unknown or dead; 0 when there is none.",
        labels=["partner", "state"],
    )
    for each in found.partners:
        for state in ("waiting", "unknown", "dead"):
            since = found.oldest.get((each.partner, state))
            oldest.add_metric([each.partner, state], _seconds(since, now))
    yield oldest
    dead = GaugeMetricFamily(
        "lienthong_dead_letters", "Dead letters by cause.", labels=["partner", "operation", "code"]
    )
    for labels, count in bounded(found.dead).items():
        dead.add_metric(labels, count)
    yield dead


def _ended(found: Vitals) -> Iterator[Metric]:
    changes = CounterMetricFamily("lienthong_changes_accepted", "Changes that were ever accepted.", labels=["kind"])
    for kind, count in sorted(found.changes.items()):
        changes.add_metric([kind], count)
    yield changes
    ended = CounterMetricFamily(
        "lienthong_messages_ended", "Messages that came to their end.", labels=["partner", "state"]
    )
    attempts = CounterMetricFamily(
        "lienthong_attempts", "Calls and look-ups that were recorded.", labels=["partner", "kind"]
    )
    for each in found.partners:
        for state in ("delivered", "superseded", "cancelled", "resolved"):
            ended.add_metric([each.partner, state], getattr(each, state))
        attempts.add_metric([each.partner, "call"], each.attempts)
        attempts.add_metric([each.partner, "probe"], each.probes)
    yield ended
    yield attempts


def _partners(found: Vitals, now: datetime, threshold: int) -> Iterator[Metric]:
    def each(name: str, text: str, value: Callable[[PartnerStatus], float]) -> Metric:
        family = GaugeMetricFamily(name, text, labels=["partner"])
        for status in found.partners:
            family.add_metric([status.partner], value(status))
        return family

    yield each(
        "lienthong_breaker_open",
        "Whether so many calls in a row had no sign of life that only a trial may go.",
        lambda status: found.failures.get(status.partner, 0) >= threshold,
    )
    yield each(
        "lienthong_partner_failures",
        "Calls in a row without a sign of life.",
        lambda status: found.failures.get(status.partner, 0),
    )
    yield each(
        "lienthong_partner_held_seconds",
        "How long the partner is still left alone.",
        lambda status: _seconds(now, status.hold_until),
    )
    yield each("lienthong_partner_paused", "Whether a person has paused the partner.", lambda status: status.paused)
    yield each(
        "lienthong_partner_slowdown",
        "By how much the partner is called slower; 1 is not at all.",
        lambda status: status.slowdown,
    )
    yield each(
        "lienthong_inbox_unplaced",
        "Notices of a partner that belong to no known dossier.",
        lambda status: found.unplaced.get(status.partner, 0),
    )


def _workers(found: Vitals, now: datetime, served: Collection[str]) -> Metric:
    alive = Counter(worker.partner for worker in found.workers if now - worker.seen_at < ALIVE)
    family = GaugeMetricFamily("lienthong_workers", "Workers that showed themselves lately.", labels=["partner"])
    for partner in sorted({*alive, *served}):
        family.add_metric([partner], alive[partner])
    return family


def _notices(found: Vitals) -> Iterator[Metric]:
    ended = CounterMetricFamily(
        "lienthong_notices", "Notices of partners by what became of them.", labels=["partner", "said"]
    )
    turned_away = CounterMetricFamily(
        "lienthong_notices_turned_away", "Calls of partners that were not looked at.", labels=["partner", "why"]
    )
    waiting = GaugeMetricFamily(
        "lienthong_notices_to_process", "Notices that are kept and not processed yet.", labels=["partner"]
    )
    for family, counts in ((ended, found.notices), (turned_away, found.turned_away)):
        for labels, count in sorted(counts.items()):
            family.add_metric(labels, count)
    for status in found.partners:
        waiting.add_metric([status.partner], found.to_process.get(status.partner, 0))
    yield from (ended, turned_away, waiting)


def bounded(dead: Mapping[tuple[str, str, str], int]) -> dict[tuple[str, str, str], int]:
    """
    *dead* by partner, operation and code, as it may be told: what a partner says instead of a code, or too many of
    them, becomes ``other``.
    """
    told: Counter[tuple[str, str, str]] = Counter()
    for (partner, operation, code), count in dead.items():
        told[partner, operation, code if _is_code(code) else OTHER] += count
    kept: Counter[tuple[str, str, str]] = Counter()
    for n, ((partner, operation, code), count) in enumerate(told.most_common()):
        kept[partner, operation, code if n < MOST_CAUSES else OTHER] += count
    return dict(kept)


def _is_code(code: str) -> bool:
    """Whether *code* is short, of plain signs, and hides no number of a person."""
    return code == "" or (_CODE.fullmatch(code) is not None and redact_text(code) == code)


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _seconds(begin: datetime | None, end: datetime | None) -> float:
    return 0.0 if begin is None or end is None else max(0.0, (end - begin).total_seconds())
