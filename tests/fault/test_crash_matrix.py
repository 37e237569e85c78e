"""
The crash matrix: for every named point of every job a process that is killed there, on SQLite and on PostgreSQL.

The points are those that an undisturbed run passes. How many there are stands in docs/reliability.md, which these tests
hold to the truth.
"""

from __future__ import annotations

import re
import signal
import sqlite3
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import psycopg
import pytest

from gateway.api import Gateway
from tests.clocks import TestClock
from tests.contract.store.old_release import database_of_0002
from tests.fault.matrix import (
    Databases,
    Stage,
    cleared,
    deadened,
    filled,
    judge_decisions,
    judge_delivery,
    ledger,
    stage,
    told,
)
from tests.fault.victims import PARTNER, PROMOTION, Job, begun, changes, points_of

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
AT_THE_PORTAL = ("arrived", "applied")
STRIDE = 8
"""Of a migration's statements, only one in so many is a point unless all are asked for."""


@pytest.fixture
def column(request: pytest.FixtureRequest) -> int:
    """Which column of the published table is this database's."""
    return ["sqlite", "postgresql"].index(request.node.callspec.params["databases"])


@cache
def published() -> dict[str, tuple[int, int]]:
    """Points for each job and database, as the page tells them."""
    rows = re.findall(r"^\| `(\w+)` \|.*\| +(\d+) \| +(\d+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    return {name: (int(sqlite), int(postgresql)) for name, sqlite, postgresql in rows}


def killed(job: Job, point: str) -> None:
    process = begun(job, point)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL, f"{point}: ended with {process.exitcode}"


def test_intake_is_all_or_nothing(databases: Databases, column: int) -> None:
    """
    A producer dies in the middle of telling ten changes; the next tells them again. They are there once, and known for
    repeats exactly if the first commit had happened.
    """
    job = Job("intake", databases.new())
    job.store().close()
    empty = databases.copy(job.database)
    with Gateway(job.settings) as calm:
        calm.submit_many(changes())
        whole = ledger(calm)
    points = points_of(replace(job, database=databases.copy(empty)))
    for point in points:
        hurt = replace(job, database=databases.copy(empty))
        killed(hurt, point)
        with Gateway(hurt.settings) as gateway:
            receipts = gateway.submit_many(changes())
            assert {receipt.duplicate for receipt in receipts} == {point == "intake/committed"}, point
            assert ledger(gateway) == whole, point
            assert gateway.status()[0].pending == len(changes()), point
    assert len(points) == published()["intake"][column]


def test_delivery_loses_doubles_and_disorders_nothing(databases: Databases, column: int) -> None:
    """
    A worker dies while it claims, sends, looks up and records; another one takes over when the lease has run out.
    """
    full = filled(databases)
    with stage() as calm:
        points = points_of(Job("delivery", databases.copy(full), calm.url))
    with ExitStack() as stack:
        hurt: list[tuple[str, Job, Stage]] = []
        for point in (*points, *AT_THE_PORTAL):
            portal = stack.enter_context(stage())
            job = Job("delivery", databases.copy(full), portal.url)
            if point in AT_THE_PORTAL:
                portal.door.at = point
                process = begun(job, "")
                portal.door.pid = process.pid or 0
                process.join(60)
                assert process.exitcode == -signal.SIGKILL, point
            else:
                killed(job, point)
            hurt.append((point, job, portal))
        for point, job, portal in hurt:
            with Gateway(job.settings) as gateway:
                gateway.run_until_idle()
                judge_delivery(gateway, portal, point)
    assert {"claim/commit", "claim/committed", "claim/send", "claim/answered", "record/commit"} <= set(points)
    assert len(points) + len(AT_THE_PORTAL) == published()["delivery"][column]


def test_decisions_are_made_once(databases: Databases, column: int) -> None:
    """
    Requeue, cancel and resolve are broken off anywhere and ordered again: one effect and one entry in the audit each.
    """
    full, letters = deadened(databases)
    points = points_of(Job("decisions", databases.copy(full), letters=letters))
    for point in points:
        job = Job("decisions", databases.copy(full), letters=letters)
        killed(job, point)
        points_of(job)
        with closing(job.store()) as store:
            judge_decisions(store)
    assert len(points) == published()["decisions"][column]


def test_a_notice_is_heard_once(databases: Databases, column: int, every_point: bool) -> None:
    """
    The service dies while the portal tells of a dossier; the portal, unanswered, tells again, and what was stored is
    worked off: one dossier, and each telling has its end. One point in three, unless all are asked for.
    """
    job = Job("notices", databases.new())
    job.store().close()
    empty = databases.copy(job.database)
    points = points_of(replace(job, database=databases.copy(empty)))
    for point in points if every_point else (*points[::3], "hear/committed", "process/commit", "process/committed"):
        hurt = replace(job, database=databases.copy(empty))
        killed(hurt, point)
        clock = TestClock(datetime.now(UTC) + timedelta(minutes=1))
        with Gateway(hurt.settings, clock=clock) as gateway:
            gateway.callbacks.accept(PARTNER, PROMOTION)
            gateway.callbacks.work_off()
            became = sorted(notice.said for notice in gateway.callbacks.newest())
            assert became in (["taken"], ["repeated", "taken"]), point
            assert gateway.totals() == {"dossiers": 1, "dossier": 1}, point
    assert {"hear/insert_notice", "hear/committed", "process/insert_change", "process/committed"} <= set(points)
    assert len(points) == published()["notices"][column]


def test_retention_stops_anywhere_and_goes_on(databases: Databases, column: int) -> None:
    """
    Whatever a broken-off run had deleted, the next one deletes the rest: the ledger and what waits are untouched.
    """
    full = told(databases)
    whole = untouchable(full)
    points = points_of(Job("retention", databases.copy(full)))
    for point in points:
        job = Job("retention", databases.copy(full))
        killed(job, point)
        with closing(job.store()) as store:
            cleared(store)
            assert cleared(store) == [0, 0, 0, 0], point
        assert untouchable(job.database) == whole, point
    assert len(points) == published()["retention"][column]


def untouchable(database: str) -> object:
    """What retention must leave: the ledger, and everything that is still open."""
    with Gateway(Job("retention", database).settings) as gateway:
        (status,) = gateway.status()
        return ledger(gateway), status.pending, status.dead


def test_a_migration_happens_or_does_not(databases: Databases, column: int, every_point: bool) -> None:
    """
    Killed at any statement: the next start finds the old tables whole, and brings them to the same end. SQLite begins
    with a database of the release before, PostgreSQL with an empty one. All statements with ``--every-point``.
    """
    old = databases.new()
    if "://" not in old:
        database_of_0002(Path(old))
    calm = Job("migration", databases.copy(old))
    points = points_of(calm)
    whole = content(calm.database)
    for point in points if every_point else (*points[:-2:STRIDE], *points[-2:]):
        job = Job("migration", databases.copy(old))
        killed(job, point)
        job.store().close()
        assert content(job.database) == whole, point
    assert len(points) == published()["migration"][column]


def content(database: str) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all our tables."""
    if "://" in database:
        with psycopg.connect(database) as connection:
            names = connection.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'lt_%'").fetchall()
            return {name: sorted(connection.execute(f"SELECT * FROM {name}".encode())) for (name,) in names}
    with closing(sqlite3.connect(database)) as file:
        tables = file.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'lt_%'").fetchall()
        return {name: sorted(file.execute(f"SELECT * FROM {name}"), key=repr) for (name,) in tables}
