"""The tables: which release may work with them, and that no statement of a hot path reads a whole one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import StoreTooNew
from gateway.store import schema
from gateway.store.sql import statements
from tests.builders import a_dossier
from tests.contract.store.telling import PARTNER, a_history, accept, change
from tests.stores import TENANT, Backend, PostgresBackend, SqliteBackend

WHOLE_TABLE_BY_INTENT = {"tallies", "partners", "paused_lanes", "vital_revisions"}
"""Statements of a person's page, on tables that stay small, or that a person waits for."""


def test_a_database_of_a_newer_release_is_refused(backend: Backend) -> None:
    """
    A newer release wrote the tables: this one says so and leaves them alone; what was accepted stays.
    """
    accept(backend.open(), change(a_dossier()))
    backend.execute("UPDATE lt_schema SET version_num = '9999'")

    with pytest.raises(StoreTooNew, match="9999"):
        backend.open()

    backend.execute(f"UPDATE lt_schema SET version_num = '{schema.KNOWN[-1]}'")
    assert backend.open().totals()["dossiers"] == 1


def test_a_newer_release_that_only_added_lets_this_one_work_on(backend: Backend) -> None:
    """
    Two releases side by side: the newer one migrated first and said from which release on its tables can be used.
    """
    accept(backend.open(), change(a_dossier()))
    backend.execute("UPDATE lt_schema SET version_num = '9999'")
    backend.execute(f"INSERT INTO lt_release (revision, readable_from) VALUES ('9999', '{schema.KNOWN[-1]}')")

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
        for count, block in statement.blocks:
            rows = [None] * (len(statement.columns) * count + 1)
            plan = connection.execute(f"EXPLAIN QUERY PLAN {block}", rows).fetchall()
            reads = [row[3] for row in plan if row[3].startswith("SEARCH") or row[3].startswith("SCAN lt_")]
            assert all("PRIMARY KEY" in read or "lt_dead_lane" in read for read in reads), name
    connection.close()
    backend.close()

    assert scanning <= WHOLE_TABLE_BY_INTENT


@pytest.mark.parametrize("name", ["oldest", "oldest_dead"])
def test_the_oldest_of_a_partner_is_found_by_one_look(tmp_path: Path, name: str) -> None:
    """
    The status page must not read a hundred thousand dead letters to tell since when the first one waits.
    """
    backend = SqliteBackend(tmp_path)
    backend.open()
    with closing(backend.connect()) as connection:
        statement = statements("sqlite")[name].text
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", {"tenant": "", "partner": ""}).fetchall()

    assert [row[3] for row in plan if "_age (tenant=? AND partner=?)" not in row[3]] == []


def test_a_long_lane_is_read_no_further_than_asked(postgres_backend: PostgresBackend) -> None:
    """
    One dossier with thousands of messages: a claim reads the few that it takes. PostgreSQL once asked each of them.
    """
    dossier, steps = a_history(60)
    accept(postgres_backend.open(), change(dossier), *(change(step, str(n)) for n, step in enumerate(steps, 2)))
    [(lane,)] = postgres_backend.rows("SELECT dossier_id FROM lt_lane")
    statement = statements("postgresql")["head_messages"].text
    with closing(postgres_backend.connect()) as connection:
        connection.execute("SET enable_seqscan = off")
        [(explained,)] = connection.execute(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}".encode(),
            {"tenant": TENANT, "partner": PARTNER.name, "depth": 5, "lanes": [lane]},
        ).fetchall()

    assert sum(_rows_read(explained[0]["Plan"])) == 5


def _rows_read(node: dict[str, Any]) -> Iterator[float]:
    """How many rows of lt_message each part of a plan looked at."""
    if node.get("Relation Name") == "lt_message":
        yield (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    for part in node.get("Plans", ()):
        yield from _rows_read(part)
