"""
After an outage: a backlog that drains at the partner's own limit, and live messages that do not wait for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from benchmarks.dossiers import change, dossiers
from benchmarks.listener import Listener
from benchmarks.measure import Better, Cost, Figure, Round, Sample, Setting
from gateway.api import Gateway
from gateway.config import DatabaseSettings, DeliverySettings, PartnerSettings, Settings
from gateway.config.settings import LimitSettings
from gateway.ports import Message, Outcome

RATE = 200
EVERY_S = 0.5
_BATCH = 500


class Noting(Listener):
    """Notes when each dossier arrived."""

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "arrived", {})

    arrived: dict[str, datetime]

    def deliver(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        now = datetime.now(UTC)
        for message in messages:
            self.arrived[message.dossier] = now
        return super().deliver(messages)


def run(setting: Setting) -> Iterator[Figure]:
    """The time to drain against the limit, and the delay of what is submitted meanwhile."""
    waiting = setting.size(100_000, 400)
    setting.say(f"recovering: {waiting} messages at {RATE} calls a second, about {waiting / RATE:.0f} s")
    partner = Noting()
    limits = LimitSettings(rate=RATE, burst=20)
    with setting.scratch() as folder:
        settings = Settings(
            database=DatabaseSettings(path=folder / "gateway.db"),
            delivery=DeliverySettings(concurrency=4),
            partners={partner.name: PartnerSettings(connector="listener", limits=limits)},
        )
        with Gateway(settings, connectors=[partner]) as our:
            for first in range(0, waiting, _BATCH):
                count = min(_BATCH, waiting - first)
                our.submit_many(change(body) for body in dossiers(count, setting.seed, first=first))
            time.sleep(settings.delivery.fresh_s)  # The backlog is older than what counts as live.
            live: dict[str, datetime] = {}
            stop = threading.Event()

            def produce() -> None:
                bodies = dossiers(10_000_000, setting.seed, first=waiting)
                while not stop.wait(EVERY_S):
                    body = next(bodies)
                    live[body.code.text] = datetime.now(UTC)
                    our.submit(change(body))

            producer = threading.Thread(target=produce)
            wall, cpu = time.perf_counter(), time.process_time()
            producer.start()
            engines = our.engines()
            done = threading.Event()
            worker = threading.Thread(target=lambda: our.run(done, engines))
            worker.start()
            while len(partner.arrived) < waiting + len(live):
                time.sleep(0.02)  # Waits for a count, seldom enough to cost the worker nothing.
                if len(partner.arrived) >= waiting:
                    stop.set()
            cost = Cost(time.perf_counter() - wall, time.process_time() - cpu)
            stop.set()
            producer.join()
            done.set()
            worker.join()
    sent = waiting + len(live)
    allowed_s = sent / RATE
    yield Figure(
        "recovery_drain",
        "s",
        f"{sent} calls at {RATE} a second",
        Better.LOWER,
        (Round(Sample(cost.wall_s, sent, cost), Sample(allowed_s, sent, Cost(allowed_s, allowed_s))),),
        target=1.05,
        details={"messages": sent, "rate": RATE},
    )
    delays = sorted((partner.arrived[code] - at).total_seconds() for code, at in live.items())
    p99 = delays[min(len(delays) - 1, int(len(delays) * 0.99))]
    yield Figure(
        "recovery_live_p99",
        "s from submit to arrival of a live message, 99 of 100",
        "two seconds",
        Better.LOWER,
        (Round(Sample(p99, len(delays), cost), Sample(2.0, len(delays), cost)),),
        target=1.0,
        details={"live_messages": len(delays), "median_s": delays[len(delays) // 2], "longest_s": delays[-1]},
    )
