"""One process's metrics and health, with what they ask of the database shared and bounded."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from gateway.api import Gateway
from gateway.errors import StoreError
from gateway.monitor import health
from gateway.monitor.collector import StoreCollector
from gateway.monitor.fresh import Fresh
from gateway.monitor.health import Check, Report
from gateway.monitor.meter import Meter
from gateway.monitor.series import WithoutBirthdays

SILENT_S = 15.0
"""An event loop without a sign of life for so long hangs."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Monitor:
    """
    Watches *gateway* and what this process does for it; the gateway's engines that are made from now on are counted.

    *stopping* tells whether this process was asked to end. A service whose event loop hangs is not alive.
    However often and by however many it is asked, the database is asked every few seconds at most, and no answer takes
    longer than a few.
    """

    def __init__(
        self,
        gateway: Gateway,
        *,
        stopping: Callable[[], bool] = lambda: False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stopping = stopping
        self._monotonic = monotonic
        self._beat_at: float | None = None
        self._gateway = gateway
        self._vitals = Fresh(gateway.vitals, keep_s=5.0, wait_s=3.0)
        self._pulse = Fresh(self._feel, keep_s=2.0, wait_s=1.0)
        self._registry = CollectorRegistry()
        settings = gateway.settings
        self._disk = settings.database.path.absolute().parent if settings.database.url is None else None
        self.meter = Meter(self._registry, database="sqlite" if self._disk else "postgresql")
        told = StoreCollector(
            self._vitals,
            self._pulse,
            gateway.clock,
            threshold=self._threshold,
            served=self._served,
            disk=self._disk,
        )
        self._registry.register(told)
        gateway.observer = self.meter

    def beat(self) -> None:
        """A sign of life of the service's event loop, to be given every second while it runs."""
        self._beat_at = self._monotonic()

    def rest(self) -> None:
        """The event loop has ended as it should: no sign of life is to come."""
        self._beat_at = None

    def _running(self) -> bool:
        beat_at = self._beat_at
        return beat_at is None or self._monotonic() - beat_at < SILENT_S

    def _feel(self) -> bool:
        self._gateway.try_to_write()
        return self._gateway.schema_is_ours()

    def _threshold(self) -> int:
        return self._gateway.settings.delivery.breaker.threshold

    def _served(self) -> list[str]:
        """Whom workers deliver to: who fetches its messages by itself needs none."""
        return [connector.name for connector in self._gateway.pushed]

    def exposition(self) -> bytes:
        """All metrics, as ``CONTENT_TYPE``."""
        return generate_latest(WithoutBirthdays(self._registry))

    def live(self) -> Report:
        """Whether to let the process go on. A database that is gone is no reason to start it anew."""
        return Report((health.of_process(running=self._running(), stopping=False),))

    def ready(self) -> Report:
        """Whether to send requests to the process."""
        return Report((health.of_process(running=self._running(), stopping=self._stopping()), *self._of_store()))

    def _of_store(self) -> list[Check]:
        checks = [] if self._disk is None else [_of_disk(self._disk)]
        try:
            is_ours = self._pulse.get()
            found = self._vitals.get()
        except (StoreError, TimeoutError) as fault:
            return [*checks, health.of_store(fault)]
        now = self._gateway.clock.now()
        return [
            *checks,
            health.of_store(None),
            health.of_schema(is_ours=is_ours),
            health.of_workers(found, self._served(), now),
            *health.of_partners(found.partners, now),
        ]


def _of_disk(folder: Path) -> Check:
    try:
        usage = shutil.disk_usage(folder)
    except OSError as fault:
        return health.of_lost_disk(fault.strerror or type(fault).__name__)
    return health.of_disk(usage.total, usage.free)
