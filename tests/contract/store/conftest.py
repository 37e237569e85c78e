"""What every store promises holds for one in memory, too, as programs have it that keep nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.store.base import SqlStore
from gateway.store.sqlite import MEMORY, SqliteStore
from tests.contract.store.workers import Workers
from tests.stores import TENANT, backend_of


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    if request.param == "memory":
        with closing(SqliteStore(MEMORY, tenant=TENANT)) as in_memory:
            yield in_memory
        return
    with closing(backend_of(request.param, request, tmp_path)) as backend:
        yield backend.open()


@pytest.fixture
def workers(store: SqlStore) -> Workers:
    return Workers(store)
