"""
What a turn, a submit and the status page cost in a store of 10⁷ messages against one of 10³, on both databases.

Most is delivered; more than a million messages wait, the due ones behind a hundred thousand blocked lanes and behind
one dossier with 10,000 messages.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median

from benchmarks import databases
from benchmarks.claiming import AT_MOST, FRONT, LANES, NOW, TENANT, Desk, turns_of
from benchmarks.databases import Postgres
from benchmarks.dossiers import change, dossiers, steps
from benchmarks.filling import Filling, Times, fill_postgresql, fill_sqlite
from benchmarks.listener import Listener
from benchmarks.measure import Better, Cost, Figure, Sample, Setting, in_turns
from gateway.store.base import SqlStore
from gateway.store.postgresql import PostgresStore
from gateway.store.sqlite import SqliteStore

_LISTENER = Listener()
_SMALL = Filling(dossiers=100, waiting=90)
_LARGE = Filling(dossiers=1_000_000, waiting=300_000, blocked=100_000, long_lane=10_000)
_QUICK = Filling(dossiers=400, waiting=200, blocked=50, long_lane=100)
_TIMES = Times(front=FRONT, base=NOW - timedelta(hours=12))


def run(setting: Setting) -> Iterator[Figure]:
    """The three figures on SQLite and on PostgreSQL."""
    large = _QUICK if setting.quick else _LARGE
    for name in ("sqlite", "postgresql"):
        with ExitStack() as stack:
            folder = stack.enter_context(setting.scratch())
            server = stack.enter_context(databases.postgresql()) if name == "postgresql" else None
            setting.say(f"scaling: {large.messages} messages on {name}")
            began = time.perf_counter()
            few, many = (stack.enter_context(_Filled(folder, server, filling)) for filling in (_SMALL, large))
            filled_s = time.perf_counter() - began
            setting.say(f"scaling: turns on {name}")
            yield from _figures(setting, name, few.store, many.store, large, filled_s)


class _Filled:
    """A store with its rows; closed at the end."""

    def __init__(self, folder: Path, server: Postgres | None, filling: Filling) -> None:
        open_ = _in_file(folder, filling) if server is None else _on_server(server, filling)
        self.store = open_()

    def __enter__(self) -> _Filled:
        return self

    def __exit__(self, *exc: object) -> None:
        self.store.close()


def _in_file(folder: Path, filling: Filling) -> Callable[[], SqlStore]:
    path = folder / f"{filling.messages}.db"
    SqliteStore(path, tenant=TENANT).close()
    fill_sqlite(path, filling, _TIMES, tenant=TENANT, partner=_LISTENER.name)
    return lambda: SqliteStore(path, tenant=TENANT)


def _on_server(server: Postgres, filling: Filling) -> Callable[[], SqlStore]:
    url = server.url(server.fresh_database())
    PostgresStore(url, tenant=TENANT).close()
    fill_postgresql(url, filling, _TIMES, tenant=TENANT, partner=_LISTENER.name)
    return lambda: PostgresStore(url, tenant=TENANT, server_clock=False)


def _figures(
    setting: Setting, name: str, few: SqlStore, many: SqlStore, large: Filling, filled_s: float
) -> Iterator[Figure]:
    rounds, turns = setting.size(9, 2), setting.size(40, 3)
    details = {
        "messages": large.messages,
        "messages_other": _SMALL.messages,
        "waiting": large.open_messages,
        "blocked_lanes": large.blocked,
        "long_lane": large.long_lane,
        "filling_s": filled_s,
    }
    units: Mapping[str, tuple[str, Callable[[SqlStore], Callable[[], Sample]]]] = {
        "claim": (f"µs to claim {LANES} lanes and give them back", lambda store: _turns(store, turns)),
        "submit": (
            "µs to accept a new dossier and a step of it, each durably",
            lambda store: _submits(setting, store, turns),
        ),
        "status": ("µs for the status page", lambda store: _status(store, turns)),
    }
    for what, (unit, measuring) in units.items():
        yield Figure(
            f"scale_{what}_{name}",
            unit,
            f"the same with {_SMALL.messages} messages in the store instead of {large.messages}",
            Better.LOWER,
            in_turns(rounds, measuring(many), measuring(few)),
            target=AT_MOST,
            details=details,
        )


def _turns(store: SqlStore, turns: int) -> Callable[[], Sample]:
    desk = Desk(store)
    return lambda: turns_of(desk, turns)


def _submits(setting: Setting, store: SqlStore, turns: int) -> Callable[[], Sample]:
    fresh = count()

    def submit() -> None:
        for dossier in dossiers(1, setting.seed, first=next(fresh)):
            for one in (change(dossier), *(change(step) for step in steps(dossier, 1))):
                (receipt,) = store.accept([one], [_LISTENER], now=NOW)
                assert receipt.version > 0

    return lambda: _median_of(turns, submit)


def _status(store: SqlStore, turns: int) -> Callable[[], Sample]:
    def status() -> None:
        (partner,) = store.status()
        assert partner.delivered > 0
        assert store.totals()["dossiers"] > 0

    return lambda: _median_of(turns, status)


def _median_of(turns: int, work: Callable[[], None]) -> Sample:
    walls, cpu = [], time.process_time()
    for _ in range(turns):
        began = time.perf_counter()
        work()
        walls.append(time.perf_counter() - began)
    return Sample(median(walls) * 1e6, turns, Cost(sum(walls), time.process_time() - cpu))
