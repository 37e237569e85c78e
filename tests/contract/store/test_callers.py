"""A change inside the caller's own transaction, whatever object the caller has for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from gateway.errors import StoreUnavailable
from tests.builders import a_dossier
from tests.contract.store.telling import accept, change
from tests.stores import Backend

KINDS = ["driver", "wrapper", "sqlalchemy connection", "sqlalchemy session"]


@contextmanager
def transaction(backend: Backend, kind: str, *, commit: bool) -> Iterator[Any]:
    """The caller's own transaction on the database of the gateway."""
    if kind in ("driver", "wrapper"):
        with closing(backend.connect()) as plain:
            yield plain if kind == "driver" else SimpleNamespace(connection=plain)
            plain.commit() if commit else plain.rollback()
        return
    engine = sa.create_engine(backend.sqlalchemy_url, poolclass=sa.NullPool)
    opened = engine.connect() if kind == "sqlalchemy connection" else Session(engine)
    with opened as connection:
        yield connection
        connection.commit() if commit else connection.rollback()


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_lives_and_dies_with_the_callers_transaction(backend: Backend, kind: str) -> None:
    """
    The portal's own transaction rolls back: nothing was accepted. It commits: everything was.
    """
    store = backend.open()

    with transaction(backend, kind, commit=False) as connection:
        accept(store, change(a_dossier(code="H99.01.01-260302-0001"), "1"), connection=connection)
    assert store.totals() == {"dossiers": 0}

    with transaction(backend, kind, commit=True) as connection:
        accept(store, change(a_dossier(code="H99.01.01-260302-0002"), "2"), connection=connection)
    assert store.totals() == {"dossiers": 1, "dossier": 1}
    assert store.status()[0].pending == 1


def test_a_connection_that_commits_by_itself_commits_the_change_as_a_whole(backend: Backend) -> None:
    """
    Outside of any transaction the change is durable on return.
    """
    store = backend.open()
    with closing(backend.connect()) as connection:
        if isinstance(connection, psycopg.Connection):
            connection.autocommit = True
        else:
            connection.isolation_level = None

        accept(store, change(a_dossier()), connection=connection)

        assert store.totals() == {"dossiers": 1, "dossier": 1}


def test_a_fault_half_way_leaves_the_callers_transaction_usable(backend: Backend) -> None:
    """
    The database breaks between the ledger and the outbox; the caller goes on and commits. A change without its message
    would be a change that nobody is told of.
    """
    store = backend.open()
    with closing(backend.connect()) as portal:
        portal.execute("CREATE TABLE portal (note TEXT)")
        portal.commit()
        portal.execute("INSERT INTO portal VALUES ('the portal keeps this')")
        portal.execute("ALTER TABLE lt_message RENAME TO lt_elsewhere")

        with pytest.raises(StoreUnavailable):
            accept(store, change(a_dossier()), connection=portal)
        portal.execute("ALTER TABLE lt_elsewhere RENAME TO lt_message")
        receipt = accept(store, change(a_dossier()), connection=portal)[0]
        portal.commit()

        assert portal.execute("SELECT count(*) FROM portal").fetchone() == (1,)
    assert (receipt.duplicate, store.status()[0].pending, store.totals()["dossiers"]) == (False, 1, 1)


def test_something_that_is_no_connection_is_refused(backend: Backend) -> None:
    """
    A wrong object is named before anything is written.
    """
    with pytest.raises(TypeError, match=r"connection: expected .* got int"):
        accept(backend.open(), change(a_dossier()), connection=7)
