"""The databases that are measured: files in a scratch folder, and a PostgreSQL server that waits for its disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from gateway.config import DatabaseSettings
from tools.postgres import PostgresServer, postgres

Postgres = PostgresServer


@contextmanager
def postgresql() -> Iterator[Postgres]:
    with postgres(durable=True) as server:
        yield server


def settings(folder: Path, server: Postgres | None, *, pool: int = 4) -> DatabaseSettings:
    """A new database: on *server*, else in a file."""
    if server is None:
        return DatabaseSettings(path=folder / "gateway.db")
    return DatabaseSettings(url=SecretStr(server.url(server.fresh_database())), pool=pool)
