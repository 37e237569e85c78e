"""Opens the store that the configuration names."""

from __future__ import annotations

from pathlib import Path

from gateway.errors import ConfigurationError, Problem
from gateway.store.base import SqlStore
from gateway.store.sqlite import SqliteStore


def open_store(path: Path, url: str | None, *, tenant: str, pool: int = 4) -> SqlStore:
    """
    PostgreSQL at *url*, else the SQLite file *path*; migrated to this release.

    Raises ``StoreError``, and ``ConfigurationError`` where PostgreSQL's driver is not installed.
    """
    if url is None:
        return SqliteStore(path, tenant=tenant)
    try:
        from gateway.store.postgresql import PostgresStore
    except ImportError as error:
        raise ConfigurationError(
            [
                Problem(
                    "database.url",
                    f"thiếu gói {error.name} để nối tới PostgreSQL / package {error.name} for PostgreSQL is missing",
                    "Cài «lienthong[postgresql]» / Install «lienthong[postgresql]»",
                )
            ]
        ) from error
    return PostgresStore(url, tenant=tenant, pool=pool)
