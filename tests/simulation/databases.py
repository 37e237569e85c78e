"""
Where a simulated province keeps its data: a SQLite file, or a PostgreSQL database that goes by the world's clock.

Each is watched: triggers note which lanes a commit has touched. And each can fail as such a database fails.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Protocol

import psycopg

from gateway.store.base import SqlStore
from gateway.store.postgresql import PostgresStore
from gateway.store.sqlite import SqliteStore
from tests.simulation import plan as plans
from tools.postgres import PostgresServer

TENANT = "H99"
TABLES = ("lt_message", "lt_done", "lt_dead")
_MEMORY = Path("/dev/shm")
_WATCHED = (*TABLES, "lt_lane")
_WATCH_FILE = "CREATE TABLE sim_touched (lane INTEGER PRIMARY KEY);" + "".join(
    f"CREATE TRIGGER sim_{table}_{event} AFTER {event} ON {table} BEGIN"
    f" INSERT OR IGNORE INTO sim_touched VALUES ({row}.dossier_id); END;"
    for table in _WATCHED
    for event, row in (("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old"))
)
_WATCH_SERVER = (
    "CREATE TABLE sim_touched (lane bigint PRIMARY KEY);"
    "CREATE FUNCTION sim_touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " INSERT INTO sim_touched VALUES (coalesce(NEW.dossier_id, OLD.dossier_id)) ON CONFLICT DO NOTHING;"
    " RETURN NULL; END $$;"
) + "".join(
    f"CREATE TRIGGER sim_{table} AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION sim_touch();"
    for table in _WATCHED
)


class Database(Protocol):
    """What one world needs of its database."""

    @property
    def path(self) -> Path:
        """Its file, for who works behind the store's back."""
        ...

    def open(self) -> SqlStore:
        """The store of one process."""
        ...

    def leave(self, store: SqlStore) -> None:
        """That process is no more."""
        ...

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What somebody sees who reads beside the stores."""
        ...

    def forget_touched(self) -> None: ...

    def trouble(self, kind: str | None, store: SqlStore) -> AbstractContextManager[None]:
        """While the block lasts, a transaction of *store* may meet what *kind* says."""
        ...

    def close(self) -> None: ...


class Place(Protocol):
    """Where databases of worlds are made, one after the other."""

    def fresh(self, seed: int) -> Database: ...

    def close(self) -> None: ...


class FilePlace:
    """A folder, in memory where that is possible."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="simulation-", dir=_MEMORY if _MEMORY.is_dir() else None))

    def fresh(self, seed: int) -> Database:
        path = self._folder / f"{seed}.db"
        path.write_bytes(_template())
        return _File(path)

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


class ServerPlace:
    """A PostgreSQL server of the tests."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._template = server.fresh_database()
        PostgresStore(server.url(self._template), tenant=TENANT).close()
        with psycopg.connect(server.url(self._template), autocommit=True) as connection:
            connection.execute(_WATCH_SERVER)

    def fresh(self, seed: int) -> Database:
        return _OnServer(self._server, self._server.fresh_database(self._template), seed)

    def close(self) -> None:
        self._server.drop(self._template)


@cache
def _template() -> bytes:
    """An empty database of this release, to be copied for every world."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        SqliteStore(path, tenant=TENANT).close()
        connection = sqlite3.connect(path)
        connection.executescript(_WATCH_FILE)
        connection.execute("PRAGMA journal_mode = DELETE")
        # Without room that the migrations left behind, a full disk is full.
        connection.execute("VACUUM")
        connection.close()
        return path.read_bytes()


class _File:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    def open(self) -> SqlStore:
        return SqliteStore(self.path, tenant=TENANT, busy=timedelta(0))

    def leave(self, store: SqlStore) -> None:
        store.close()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql).fetchall()

    def forget_touched(self) -> None:
        self._connection.execute("DELETE FROM sim_touched")

    @contextmanager
    def trouble(self, kind: str | None, store: SqlStore) -> Iterator[None]:
        if kind == plans.STORE_BUSY:
            with self._somebody_writes():
                yield
        elif kind == plans.STORE_FULL:
            assert isinstance(store, SqliteStore)
            with _no_room(store):
                yield
        else:
            yield

    @contextmanager
    def _somebody_writes(self) -> Iterator[None]:
        other = sqlite3.connect(self.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            other.close()

    def close(self) -> None:
        self._connection.close()
        for leftover in self.path.parent.glob(f"{self.path.name}*"):
            leftover.unlink()


@contextmanager
def _no_room(store: SqliteStore) -> Iterator[None]:
    connection = store._connection
    connection.execute("PRAGMA max_page_count = 1")
    try:
        yield
    finally:
        connection.execute("PRAGMA max_page_count = 1073741823")


class _OnServer:
    """
    All processes share one pool of one connection: at any moment one of them runs, and none stops within a
    transaction.
    """

    path = Path()

    def __init__(self, server: PostgresServer, name: str, seed: int) -> None:
        self._server = server
        self._name = name
        self._chance = Random(f"server {seed}")
        self._blow: Callable[[], Exception] | None = None
        self._countdown = 0
        self._store = PostgresStore(server.url(name), tenant=TENANT, pool=1, server_clock=False, heard=self._heard)
        self._connection = psycopg.connect(server.url(name), autocommit=True)

    def open(self) -> SqlStore:
        return self._store

    def leave(self, store: SqlStore) -> None:
        """The others go on with it."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql.encode()).fetchall()

    def forget_touched(self) -> None:
        self._connection.execute("DELETE FROM sim_touched")

    def trouble(self, kind: str | None, store: SqlStore) -> AbstractContextManager[None]:
        blows: dict[str, Callable[[], Exception]] = {
            plans.STORE_BUSY: lambda: psycopg.OperationalError("the connection is cut"),
            plans.STORE_FULL: lambda: psycopg.errors.DiskFull("no room"),
        }
        return self._struck(blows[kind]) if kind in blows else nullcontext()

    @contextmanager
    def _struck(self, blow: Callable[[], Exception]) -> Iterator[None]:
        """Some statement of the transaction fails, and all of it with that."""
        self._blow, self._countdown = blow, self._chance.randint(1, 12)
        try:
            yield
        finally:
            self._blow = None

    def _heard(self, what: str) -> None:
        if self._blow is None or what == "committed":
            return
        self._countdown -= 1
        if self._countdown <= 0:
            raise self._blow()

    def close(self) -> None:
        self._store.close()
        self._connection.close()
        self._server.drop(self._name)
