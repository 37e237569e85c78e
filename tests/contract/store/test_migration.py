"""A database of the release before: its dossiers, messages and dead letters are carried over as they stand."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.errors import StoreUnavailable
from gateway.lifecycle import MessageEvent
from gateway.store.contract import Settled, Turn, Verdict, Wish
from gateway.store.sqlite import SqliteStore
from tests.builders import a_step
from tests.contract.store.old_release import DEAD, DELIVERED, FLYING, PENDING, database_of_0002
from tests.contract.store.telling import CLOCK, PARTNER, accept, change

NOW = CLOCK.now()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.db"
    database_of_0002(path)
    return path


def turn(store: SqliteStore, lanes: int, *settled: Settled) -> Turn:
    wish = Wish(lanes, timedelta(minutes=1)) if lanes else None
    later = NOW + timedelta(seconds=1)
    return store.exchange("partner", PARTNER.operations, worker="w", settled=settled, state=None, wish=wish, now=later)


def test_every_message_stands_where_it_stood(path: Path) -> None:
    """
    What was under way is unknown once its lease has run out, what was dead holds its lane, what waited waits.
    """
    with closing(SqliteStore(path, tenant="H99")) as store:
        (status,) = store.status()
        assert (status.delivered, status.pending, status.in_flight, status.dead, status.attempts) == (1, 2, 1, 1, 1)
        assert store.totals() == {"dossiers": 4, "dossier": 4}
        (letter,) = store.dead_letters()
        assert (letter.id, letter.code, letter.attempts, letter.waiting_behind) == (3, "4", 1, 1)

        claims = {claim.messages[0].dossier: claim for claim in turn(store, 9).claims}

        assert {dossier: claim.look_up for dossier, claim in claims.items()} == {
            str(PENDING.code): False,
            str(FLYING.code): True,
        }
        flown = claims[str(FLYING.code)]
        applied = Settled(flown.lane, flown.token, (Verdict(flown.messages[0].id, MessageEvent.APPLIED),))
        assert turn(store, 0, applied).stale == 0
        assert store.requeue([3], now=NOW) == [3]
        assert [claim.messages[0].id for claim in turn(store, 9).claims] == [3]


def test_the_ledger_is_the_same_and_goes_on(path: Path) -> None:
    """
    Chains hold, repeats are repeats, and new changes get numbers that nobody had.
    """
    with closing(SqliteStore(path, tenant="H99")) as store:
        assert [store.broken_link(each.code) for each in (DELIVERED, PENDING, DEAD, FLYING)] == [None] * 4
        assert accept(store, change(DELIVERED, DELIVERED.code.key))[0].duplicate

        step = a_step(dossier=DELIVERED.code, at=DELIVERED.status_at + timedelta(hours=1), status=DELIVERED.status)
        receipt = accept(store, change(step, "new"))[0]

        assert (receipt.version, store.broken_link(DELIVERED.code)) == (2, None)
        claims = turn(store, 9).claims
        assert max(message.id for claim in claims for message in claim.messages) >= 100
        assert [m.established for c in claims for m in c.messages if m.dossier == str(DELIVERED.code)] == [True]
        assert "message.delivered" in [entry.what for entry in store.timeline(DELIVERED.code)]


def test_a_migration_that_breaks_leaves_the_old_release_its_database(path: Path) -> None:
    """
    The disk fills up in the middle: nothing is half done, the old tables are there, and the next try succeeds.
    """
    with closing(sqlite3.connect(path)) as old:
        old.execute("CREATE TABLE lt_audit (in_the_way INTEGER)")
        old.commit()
        before = old.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()

        with pytest.raises(StoreUnavailable, match="lt_audit"):
            SqliteStore(path, tenant="H99")

        assert old.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall() == before
        old.execute("DROP TABLE lt_audit")
        old.commit()
    with closing(SqliteStore(path, tenant="H99")) as store:
        assert store.totals()["dossiers"] == 4
