"""The PostgreSQL server dies like a machine without power, and comes back: nobody starts anything again by hand."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from pydantic import SecretStr

from gateway import Change, Gateway, Settings
from gateway.config import DatabaseSettings, DeliverySettings, TenantSettings
from gateway.delivery.engine import Engine, Pace
from gateway.errors import StoreUnavailable
from gateway.policy import BreakerPolicy, RetryPolicy
from gateway.ports import SystemClock
from gateway.store.postgresql import PostgresStore
from tests.builders import a_dossier
from tests.partners import ScriptedPartner
from tests.proxy import Proxy
from tests.running import until
from tools.postgres import PostgresServer, postgres

COUNT = 120


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with postgres(durable=True) as started:
        yield started


def settings(server: PostgresServer, database: str) -> Settings:
    return Settings(
        tenant=TenantSettings(code="H99"),
        database=DatabaseSettings(url=SecretStr(server.url(database))),
        delivery=DeliverySettings(concurrency=4, block=8, poll_s=0.05, lease_s=6.0),
    )


def changes(first: int, count: int) -> list[Change]:
    codes = [f"H99.01.01-260302-{n:04d}" for n in range(first, first + count)]
    return [Change(source="test", source_id=code, body=a_dossier(code=code)) for code in codes]


@pytest.mark.parametrize("outages", [1, 3])
def test_workers_outlast_a_server_that_dies(server: PostgresServer, outages: int) -> None:
    """
    The server is killed in the middle of the work, once or over and over: afterwards every dossier has arrived once, in
    one call, or was looked up before anything else.
    """
    partner = ScriptedPartner(harmless=False)
    database = server.fresh_database()
    stop = threading.Event()
    with closing(Gateway(settings(server, database), connectors=[partner])) as gateway:
        gateway.submit_many(changes(0, COUNT))
        worker = threading.Thread(target=gateway.run, args=(stop,))
        worker.start()
        for outage in range(1, outages + 1):
            until(lambda outage=outage: len(partner.applied) >= outage * COUNT // (outages + 2), "some work")  # type: ignore[misc]  # A lambda's default has no type.
            server.kill()
            server.start()
        until(lambda: delivered(gateway) == COUNT, "every dossier delivered")
        stop.set()
        worker.join(30)
        assert not worker.is_alive()
        assert gateway.status()[0].dead == 0
        assert all(gateway.broken_link(change.dossier) is None for change in changes(0, COUNT))
    called = Counter(id_ for _, _, ids in partner.calls for id_ in ids)
    assert len(called) == COUNT
    assert set(called.values()) == {1}


def test_a_worker_goes_round_a_line_that_went_silent(server: PostgresServer) -> None:
    """
    A proxy before the database keeps the worker's connections and passes nothing on, for good. The worker gives them up
    after its patience and goes on over new ones; what it had under way is looked up, and nothing is sent twice.
    """
    partner = ScriptedPartner(harmless=False)
    database = server.fresh_database()
    stop = threading.Event()
    with closing(Gateway(settings(server, database), connectors=[partner])) as gateway, Proxy(server.port) as proxy:
        gateway.submit_many(changes(0, COUNT))
        url = server.url(database).replace(f":{server.port}/", f":{proxy.port}/")
        with closing(PostgresStore(url, tenant="H99", patience=timedelta(seconds=0.5))) as store:
            pace = Pace(concurrency=4, block=8, lease=timedelta(seconds=6), poll=timedelta(seconds=0.05))
            engine = Engine(store, partner, SystemClock(), pace=pace, retry=RetryPolicy(), breaker=BreakerPolicy())
            worker = threading.Thread(target=engine.run, args=(stop,))
            worker.start()
            until(lambda: len(partner.applied) >= COUNT // 3, "some work")
            proxy.silence()
            until(lambda: delivered(gateway) == COUNT, "every dossier delivered")
            stop.set()
            worker.join(30)
            assert not worker.is_alive()
        assert gateway.status()[0].dead == 0
    called = Counter(id_ for _, _, ids in partner.calls for id_ in ids)
    assert len(called) == COUNT
    assert set(called.values()) == {1}


def test_what_was_accepted_before_the_server_died_is_there(server: PostgresServer) -> None:
    """
    A change is accepted, and the power is gone: it is in the ledger, and telling it again is a repeat.
    """
    partner = ScriptedPartner()
    database = server.fresh_database()
    with closing(Gateway(settings(server, database), connectors=[partner])) as gateway:
        receipts = gateway.submit_many(changes(0, 20))
        server.kill()
        server.start()

        again = gateway.submit_many(changes(0, 21))

    assert [receipt.version for receipt in receipts] == [1] * 20
    assert [receipt.duplicate for receipt in again] == [True] * 20 + [False]


def delivered(gateway: Gateway) -> int:
    try:
        return gateway.status()[0].delivered
    except StoreUnavailable:
        return 0
