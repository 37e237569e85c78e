"""
Changes accepted in a second, against a bare SQLite insert of the same bodies that is as durable.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path

from benchmarks.dossiers import change, dossiers
from benchmarks.listener import Listener
from benchmarks.measure import Better, Figure, Sample, Setting, cost_of, in_turns
from gateway.api import Gateway
from gateway.config import DatabaseSettings, Settings
from gateway.model import Change, body_json

BATCH = 500


def run(setting: Setting) -> Iterator[Figure]:
    """``submit``, one durable commit each, and ``submit_many``, one commit for 500."""
    setting.say("accepting: submit and submit_many against a bare insert")
    yield _figure(setting, "submit", each=setting.size(1_000, 50), batch=1, rounds=setting.size(5, 2))
    yield _figure(setting, "submit_many", each=setting.size(10_000, 500), batch=BATCH, rounds=setting.size(5, 2))


def _figure(setting: Setting, name: str, *, each: int, batch: int, rounds: int) -> Figure:
    fresh = count()
    with setting.scratch() as folder, Gateway(_settings(folder), connectors=[Listener()]) as gateway:
        bare = _bare_table(folder / "bare.db")

        def changes() -> list[Change]:
            bodies = dossiers(each, setting.seed, first=next(fresh) * each)
            return [change(body) for body in bodies]

        def ours() -> Sample:
            some = changes()
            return Sample.of_speed(each, cost_of(lambda: _accept(gateway, some, batch)))

        def other() -> Sample:
            bodies = [body_json(one.body) for one in changes()]
            return Sample.of_speed(each, cost_of(lambda: _insert(bare, bodies, batch)))

        with closing(bare):
            taken = in_turns(rounds, ours, other)
            assert gateway.totals()["dossier"] == rounds * each
    return Figure(
        name,
        "changes/s",
        f"bare SQLite insert of the same bodies, {batch} per commit, as durable",
        Better.HIGHER,
        taken,
        details={"changes_per_round": each, "changes_per_commit": batch},
    )


def _settings(folder: Path) -> Settings:
    return Settings(database=DatabaseSettings(path=folder / "gateway.db"))


def _accept(gateway: Gateway, changes: Sequence[Change], batch: int) -> None:
    if batch == 1:
        for one in changes:
            gateway.submit(one)
        return
    for at in range(0, len(changes), batch):
        gateway.submit_many(changes[at : at + batch])


def _bare_table(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE body (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    return connection


def _insert(connection: sqlite3.Connection, bodies: Sequence[bytes], batch: int) -> None:
    for at in range(0, len(bodies), batch):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO body (body) VALUES (?)", ((body,) for body in bodies[at : at + batch]))
        connection.execute("COMMIT")
