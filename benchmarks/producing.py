"""
Changes accepted in a second by one, eight and thirty-two producers at once, each with one durable commit at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from benchmarks import databases
from benchmarks.databases import Postgres
from benchmarks.dossiers import change, dossiers
from benchmarks.listener import Listener
from benchmarks.measure import Better, Figure, Sample, Setting, cost_of, in_turns
from gateway.api import Gateway
from gateway.config import Settings
from gateway.model import Change

PRODUCERS = (1, 8, 32)


def run(setting: Setting) -> Iterator[Figure]:
    """Many producers against one, on each database."""
    with databases.postgresql() as server:
        for name, where in (("sqlite", None), ("postgresql", server)):
            for producers in PRODUCERS[1:]:
                setting.say(f"producing: {producers} producers on {name}")
                yield _figure(setting, name, where, producers)


def _figure(setting: Setting, name: str, server: Postgres | None, producers: int) -> Figure:
    fresh = count()
    each = setting.size(1_600, 64)
    with setting.scratch() as folder:
        settings = Settings(database=databases.settings(folder, server, pool=max(PRODUCERS)))
        with Gateway(settings, connectors=[Listener()]) as gateway:

            def accept(at_once: int) -> Sample:
                bodies = dossiers(each, setting.seed, first=next(fresh) * each)
                changes = [change(body) for body in bodies]
                return Sample.of_speed(each, cost_of(lambda: _produce(gateway, changes, at_once)))

            rounds = in_turns(setting.size(3, 1), lambda: accept(producers), lambda: accept(1))
            assert gateway.totals()["dossier"] == next(fresh) * each
    return Figure(
        f"accept_{producers}_producers_{name}",
        "changes/s",
        "one producer on the same database",
        Better.HIGHER,
        rounds,
        details={"changes_per_round": each, "producers": producers},
    )


def _produce(gateway: Gateway, changes: list[Change], producers: int) -> None:
    with ThreadPoolExecutor(producers) as pool:
        shares = [changes[number::producers] for number in range(producers)]
        for _ in pool.map(lambda share: [gateway.submit(one) for one in share], shares):
            pass
