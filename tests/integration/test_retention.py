"""Retention at work: a service deletes what is past its time while it delivers, and goes on after trouble."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gateway import Change, Gateway, Settings
from gateway.config import DatabaseSettings, DeliverySettings, TenantSettings
from gateway.errors import StoreUnavailable
from gateway.janitor import Janitor
from gateway.ports import SystemClock
from gateway.store.base import SqlStore
from tests.builders import a_dossier
from tests.clocks import TestClock
from tests.partners import ScriptedPartner
from tests.running import until
from tests.stores import Backend

DAY = timedelta(days=1)
KEPT: Mapping[str, timedelta] = {"delivered": 30 * DAY, "attempts": 30 * DAY}


class NextYear(SystemClock):
    """The machine's clock, after everything has grown old."""

    def now(self) -> datetime:
        return super().now() + 400 * DAY


class Flickering:
    """A store that is gone when it is asked for the first time."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.asked = 0

    def clear(self, *arguments: Any, **options: Any) -> int:
        self.asked += 1
        if self.asked == 1:
            raise StoreUnavailable("gone / không nối được")
        return self._store.clear(*arguments, **options)


def change(n: int) -> Change:
    code = f"H99.01.01-260302-{n:04d}"
    return Change(source="test", source_id=code, body=a_dossier(code=code))


def test_a_service_deletes_while_it_delivers(tmp_path: Path) -> None:
    """
    Old deliveries go, new ones arrive; the ledger keeps both.
    """
    settings = Settings(
        tenant=TenantSettings(code="H99"),
        database=DatabaseSettings(path=tmp_path / "gateway.db"),
        delivery=DeliverySettings(poll_s=0.02),
    )
    with Gateway(settings, connectors=[ScriptedPartner()]) as gateway:
        gateway.submit_many([change(n) for n in range(20)])
        gateway.run_until_idle()
    with Gateway(settings, connectors=[ScriptedPartner()], clock=NextYear()) as gateway:
        stop = threading.Event()
        service = threading.Thread(target=gateway.run, args=(stop,))
        service.start()
        gateway.submit_many([change(n) for n in range(20, 25)])
        until(lambda: stories(gateway, 0) == 0 and stories(gateway, 24) == 1, "the old is gone, the new has arrived")
        stop.set()
        service.join()
        assert gateway.totals()["dossiers"] == 25
        assert gateway.broken_link(change(0).dossier) is None


def stories(gateway: Gateway, n: int) -> int:
    """How many deliveries the timeline of a dossier tells of."""
    return sum(entry.what == "message.delivered" for entry in gateway.timeline(change(n).dossier))


def test_a_store_that_is_gone_is_swept_the_next_time(backend: Backend) -> None:
    """
    The database is away at the first sweep: the janitor says so, and comes again.
    """
    store, clock = backend.open(), TestClock()
    partner = ScriptedPartner()
    store.accept([change(1)], [partner], now=clock.now())
    flickering, stop = Flickering(store), threading.Event()
    janitor = Janitor(flickering, clock, KEPT)  # type: ignore[arg-type]  # Only ``clear`` is asked.
    thread = threading.Thread(target=janitor.run, args=(stop, timedelta(milliseconds=1)))

    thread.start()
    until(lambda: flickering.asked > len(KEPT), "another sweep")
    stop.set()
    thread.join()

    assert janitor.sweep() == {"delivered": 0, "attempts": 0}
