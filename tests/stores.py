"""One store, two databases: what a test needs to run on both, and to look behind the store."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.store.base import SqlStore
from gateway.store.postgresql import PostgresStore
from gateway.store.sqlite import SqliteStore
from tools.postgres import PostgresServer, postgres

TENANT = "H99"


class Backend(ABC):
    """A database of its own for one test; *opened* stores are closed with it."""

    name: str

    def __init__(self) -> None:
        self.opened: list[SqlStore] = []

    def open(self, tenant: str = TENANT, **options: Any) -> SqlStore:
        store = self._open(tenant, **options)
        self.opened.append(store)
        return store

    def close(self) -> None:
        for store in self.opened:
            store.close()

    @abstractmethod
    def _open(self, tenant: str, **options: Any) -> SqlStore: ...

    @abstractmethod
    def connect(self) -> Any:
        """A plain connection of the driver, as a caller has it."""

    @property
    @abstractmethod
    def sqlalchemy_url(self) -> str: ...

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(self.connect()) as connection:
            return [tuple(row) for row in connection.execute(sql).fetchall()]

    def execute(self, sql: str) -> None:
        with closing(self.connect()) as connection:
            connection.execute(sql)
            connection.commit()


class SqliteBackend(Backend):
    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.path = folder / "gateway.db"

    def _open(self, tenant: str, **options: Any) -> SqlStore:
        return SqliteStore(self.path, tenant=tenant, **options)

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path)

    @property
    def sqlalchemy_url(self) -> str:
        return f"sqlite:///{self.path}"


class PostgresBackend(Backend):
    name = "postgresql"

    def __init__(self, server: PostgresServer, template: str) -> None:
        super().__init__()
        self.server = server
        self.database = server.fresh_database(template)
        self.url = server.url(self.database)

    def _open(self, tenant: str, **options: Any) -> SqlStore:
        return PostgresStore(self.url, tenant=tenant, **{"server_clock": False, **options})

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url)

    @property
    def sqlalchemy_url(self) -> str:
        return self.url.replace("postgresql://", "postgresql+psycopg://")

    def close(self) -> None:
        super().close()
        self.server.drop(self.database)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """A database of this release, to be copied for every test."""
    name = postgres_server.fresh_database()
    PostgresStore(postgres_server.url(name), tenant=TENANT).close()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    opened = backend_of(request.param, request, tmp_path)
    yield opened
    opened.close()


def backend_of(name: str, request: pytest.FixtureRequest, folder: Path) -> Backend:
    if name == "sqlite":
        return SqliteBackend(folder)
    server = request.getfixturevalue("postgres_server")
    return PostgresBackend(server, request.getfixturevalue("postgres_template"))


@pytest.fixture
def postgres_backend(postgres_server: PostgresServer, postgres_template: str) -> Iterator[PostgresBackend]:
    opened = PostgresBackend(postgres_server, postgres_template)
    yield opened
    opened.close()


@pytest.fixture
def store(backend: Backend) -> SqlStore:
    return backend.open()
