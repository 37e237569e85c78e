"""A portal built with Django: its own transaction on PostgreSQL carries our message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import django
import pytest
from django.conf import settings
from django.db import connections, transaction
from django.db.utils import ConnectionHandler
from psycopg.conninfo import conninfo_to_dict

from tests.builders import a_dossier
from tests.contract.store.telling import accept, change
from tests.stores import PostgresBackend

ALIAS = "portal"


class PortalError(Exception):
    """Something in the portal goes wrong after our call."""


@pytest.fixture
def connection(postgres_backend: PostgresBackend) -> Iterator[Any]:
    """Django's own connection, as ``django.db.connections`` hands it out."""
    if not settings.configured:
        settings.configure(USE_TZ=True)
        django.setup()
    place = conninfo_to_dict(postgres_backend.url)
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": place["dbname"],
        "USER": place["user"],
        "HOST": place["host"],
        "PORT": place["port"],
    }
    connections[ALIAS] = ConnectionHandler({"default": database, ALIAS: database})[ALIAS]
    yield connections[ALIAS]
    connections[ALIAS].close()
    del connections[ALIAS]


def test_a_change_commits_and_rolls_back_with_atomic(postgres_backend: PostgresBackend, connection: Any) -> None:
    """
    The view raises after our call: neither its row nor our message is there. The next one ends well: both are.
    """
    store = postgres_backend.open()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE portal (note TEXT)")

    with pytest.raises(PortalError), transaction.atomic(using=ALIAS):
        _note(connection, "first")
        accept(store, change(a_dossier(code="H99.01.01-260302-0001"), "1"), connection=connection)
        raise PortalError
    assert (store.totals(), postgres_backend.rows("SELECT * FROM portal")) == ({"dossiers": 0}, [])

    with transaction.atomic(using=ALIAS):
        _note(connection, "second")
        accept(store, change(a_dossier(code="H99.01.01-260302-0002"), "2"), connection=connection)
        assert store.totals() == {"dossiers": 0}
    assert (store.totals()["dossiers"], postgres_backend.rows("SELECT * FROM portal")) == (1, [("second",)])


def test_outside_of_atomic_the_change_is_durable_on_return(postgres_backend: PostgresBackend, connection: Any) -> None:
    """
    Django commits each statement by itself there, and so does our call, as a whole.
    """
    store = postgres_backend.open()

    accept(store, change(a_dossier()), connection=connection)

    assert store.totals()["dossiers"] == 1


def _note(connection: Any, text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO portal VALUES (%s)", [text])
