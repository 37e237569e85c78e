"""
Delivery as a configuration wants it: an engine for each partner, and what goes on beside the engines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from random import Random

from gateway.config import Settings
from gateway.delivery import Engine, configured
from gateway.delivery.threads import beside
from gateway.janitor import Janitor
from gateway.observe import Observer
from gateway.ports import Clock, Connector
from gateway.store.base import SqlStore


def engines(
    settings: Settings,
    connectors: Sequence[Connector],
    store: SqlStore,
    clock: Clock,
    *,
    chance: Random,
    observer: Observer,
) -> list[Engine]:
    """One engine for each of *connectors*, with the configured pace. Raises ``ConfigurationError``."""
    delivery = settings.delivery
    return [
        Engine(
            store,
            connector,
            clock,
            pace=configured.pace(delivery),
            retry=configured.retry_policy(delivery),
            breaker=configured.breaker_policy(delivery),
            bearing=configured.bearing(settings, connector.name),
            chance=chance,
            roster=store,
            observer=observer,
        )
        for connector in connectors
    ]


@contextmanager
def woken(engines: Sequence[Engine], store: SqlStore) -> Iterator[None]:
    """Within the block, *store* wakes an engine as soon as there is work for it."""

    def wake(partner: str) -> None:
        for engine in engines:
            if partner in ("", engine.partner):
                engine.wake()

    silence = store.listen(wake)
    try:
        yield
    finally:
        silence()


def tidying(
    settings: Settings, store: SqlStore, clock: Clock, observer: Observer, patience_s: Callable[[], float]
) -> AbstractContextManager[None]:
    """Beside the block, delete what is past its retention."""
    retention = settings.retention
    janitor = Janitor(store, clock, configured.retention(retention), observer)
    every = timedelta(hours=retention.every_h)
    # A database that is gone holds the janitor for its own patience; what it leaves is swept the next time.
    return beside("janitor", lambda stop: janitor.run(stop, every), patience_s)
