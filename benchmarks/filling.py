"""
A store filled by SQL as it is after years: nearly all delivered, some waiting, some stuck.

Rows are those that the store itself would have written, but for their bodies, which repeat, and their hashes, which are
chance. Indexes on random keys are made afterwards, as they would be when a database is restored.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Template
from typing import Any

import psycopg

from benchmarks.dossiers import dossiers, steps
from gateway.model import body_json
from gateway.store.moments import to_us

_STATEMENTS = Path(__file__).with_suffix(".sql")
_LATER = ("lt_change_source", "lt_change_of_step", "lt_done_age", "lt_message_age")
_WORDS: Mapping[str, Mapping[str, str]] = {
    "sqlite": {
        "series": "(WITH RECURSIVE s (n) AS (SELECT {0} UNION ALL SELECT n + 1 FROM s WHERE n < {1}) SELECT n FROM s)",
        "key": "lower(hex(randomblob(16)))",
        "hash": "randomblob(32)",
    },
    "postgresql": {
        "series": "(SELECT n FROM generate_series({0}::bigint, {1}::bigint) AS g (n))",
        "key": "md5(({0})::text)",
        "hash": "sha256(int8send({0}))",
    },
}
_BYTES = {"sqlite": "x'{}'", "postgresql": "'\\x{}'::bytea"}


@dataclass(frozen=True, slots=True)
class Filling:
    """
    *dossiers* with *versions* changes and messages each, the last *opened* of them waiting in the first *waiting*
    dossiers. The first *blocked* of these are stuck behind a dead letter. One dossier more has *long_lane* messages.
    """

    dossiers: int
    waiting: int
    blocked: int = 0
    long_lane: int = 0
    versions: int = 10
    opened: int = 5

    @property
    def messages(self) -> int:
        return self.dossiers * self.versions + self.long_lane

    @property
    def open_messages(self) -> int:
        return self.waiting * self.opened - self.blocked + self.long_lane


@dataclass(frozen=True, slots=True)
class Times:
    """*front* is when what stands in front of all became due, *base* when the rest did."""

    front: datetime
    base: datetime


def fill_sqlite(path: Path, filling: Filling, times: Times, *, tenant: str, partner: str) -> None:
    """Fill the empty store in *path*, which nobody has open."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -500000"):
            connection.execute(f"PRAGMA {pragma}")
        kept: dict[str, str] = dict(
            connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index'").fetchall()
        )
        with _indexes_later(connection, kept):
            _fill(connection, "sqlite", filling, times, {"tenant": tenant, "partner": partner})
        connection.execute(f"INSERT INTO lt_counter (tenant, next) SELECT '{tenant}', {_next_id(filling)}")
        connection.execute("ANALYZE")


def fill_postgresql(url: str, filling: Filling, times: Times, *, tenant: str, partner: str) -> None:
    """Fill the empty store at *url*; leaves it as autovacuum would after a while."""
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in ("synchronous_commit = off", "maintenance_work_mem = '500MB'"):
            connection.execute(f"SET {setting}".encode())
        kept: dict[str, str] = dict(
            connection.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename ~ '^lt_'").fetchall()
        )
        with _indexes_later(connection, kept):
            _fill(connection, "postgresql", filling, times, {"tenant": tenant, "partner": partner})
        connection.execute(f"SELECT setval('lt_id', {_next_id(filling)})".encode())
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


@contextmanager
def _indexes_later(connection: Any, kept: Mapping[str, str]) -> Iterator[None]:
    for name in _LATER:
        connection.execute(f"DROP INDEX {name}")
    yield
    for name in _LATER:
        connection.execute(kept[name])


def _next_id(filling: Filling) -> int:
    return (filling.dossiers + 3) * filling.versions + filling.long_lane


def _fill(connection: Any, dialect: str, filling: Filling, times: Times, names: Mapping[str, str]) -> None:
    header = next(dossiers(1, 1))
    words, bytes_ = _WORDS[dialect], _BYTES[dialect]
    number = f"d.n * {filling.versions + 1} + v.n"
    values: dict[str, object] = {
        **names,
        "d": words["series"].format(1, filling.dossiers),
        "v": words["series"].format(1, filling.versions),
        "l": words["series"].format(1, filling.long_lane),
        "key": words["key"].format(number),
        "hash": words["hash"].format(number),
        "hash_d": words["hash"].format("d.n"),
        "zero": bytes_.format("00" * 32),
        "header": bytes_.format(body_json(header).hex()),
        "step": bytes_.format(body_json(next(steps(header, 1))).hex()),
        "base": to_us(times.base),
        "front": to_us(times.front),
        "versions": filling.versions,
        "first_open": filling.versions - filling.opened + 1,
        "dossiers": filling.dossiers,
        "waiting": filling.waiting,
        "blocked": filling.blocked,
        "long": filling.dossiers + 1,
        "length": filling.long_lane,
        "all": filling.dossiers + int(filling.long_lane > 0),
        "steps": filling.messages - filling.dossiers,
        "open": filling.open_messages,
        "delivered": filling.messages - filling.open_messages - filling.blocked,
    }
    for statement in _STATEMENTS.read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            connection.execute(Template(statement).substitute(values))
    for table, told in (("lt_message", "open"), ("lt_done", "delivered"), ("lt_dead", "blocked")):
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (values[told],)
