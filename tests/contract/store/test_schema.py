"""The tables: which release may work with them, and that no statement of a hot path reads a whole one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.errors import StoreTooNew
from gateway.store import schema
from gateway.store.sql import statements
from tests.builders import a_dossier
from tests.contract.store.telling import accept, change
from tests.stores import Backend, SqliteBackend

WHOLE_TABLE_BY_INTENT = {"tallies", "partners", "paused_lanes"}
"""Statements of a person's page, on tables that stay small, or that a person waits for."""


def test_a_database_of_a_newer_release_is_refused(backend: Backend) -> None:
    """
    A newer release wrote the tables: this one says so and leaves them alone; what was accepted stays.
    """
    accept(backend.open(), change(a_dossier()))
    backend.execute("UPDATE lt_schema SET version_num = '9999'")

    with pytest.raises(StoreTooNew, match="9999"):
        backend.open()

    backend.execute("UPDATE lt_schema SET version_num = '0003'")
    assert backend.open().totals()["dossiers"] == 1


def test_a_newer_release_that_only_added_lets_this_one_work_on(backend: Backend) -> None:
    """
    Two releases side by side: the newer one migrated first and said from which release on its tables can be used.
    """
    accept(backend.open(), change(a_dossier()))
    backend.execute("UPDATE lt_schema SET version_num = '9999'")
    backend.execute("INSERT INTO lt_release (revision, readable_from) VALUES ('9999', '0003')")

    store = backend.open()

    assert accept(store, change(a_dossier()))[0].duplicate
    assert backend.rows("SELECT version_num FROM lt_schema") == [("9999",)]


def test_the_known_revisions_are_the_migration_files() -> None:
    """
    A migration without its entry would be taken for a newer release.
    """
    folder = Path(schema.__file__).parent / "migrations" / "versions"

    assert sorted(path.name[:4] for path in folder.glob("[0-9]*.py")) == list(schema.KNOWN)


def test_no_hot_statement_reads_a_whole_table(tmp_path: Path) -> None:
    """
    Claim cost must not grow with the backlog: every statement but some reports finds its rows by a key.
    """
    backend = SqliteBackend(tmp_path)
    backend.open()
    lists = {"keys", "lanes", "dossiers", "partners", "ids"}
    scanning = set()
    connection = backend.connect()
    for name, statement in statements("sqlite").items():
        parameters = {word: "[]" if word in lists else 1 for word in re.findall(r":(\w+)", statement.text)}
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement.text}", parameters).fetchall()
        if any(re.match(r"SCAN (lt_|[a-z]$|[a-z] )", row[3]) and "VIRTUAL TABLE" not in row[3] for row in plan):
            scanning.add(name)
    connection.close()
    backend.close()

    assert scanning <= WHOLE_TABLE_BY_INTENT
