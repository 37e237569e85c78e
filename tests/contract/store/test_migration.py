"""A database of the release before: its dossiers, messages and dead letters are carried over as they stand."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from gateway.errors import StoreUnavailable
from gateway.lifecycle import MessageEvent
from gateway.model import Dossier, body_json
from gateway.store import schema
from gateway.store.contract import Settled, Turn, Verdict, Wish
from gateway.store.ledger import GENESIS, chain_hash, source_key
from gateway.store.moments import to_us
from gateway.store.sqlite import SqliteStore
from tests.builders import a_dossier, a_step
from tests.contract.store.telling import CLOCK, PARTNER, accept, change

NOW = CLOCK.now()
US = to_us(NOW)
DELIVERED, PENDING, DEAD, FLYING = (a_dossier(code=f"H99.01.01-260302-{n:04d}") for n in range(1, 5))


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """As release 0002 left it: one dossier delivered, one waiting, one dead with a step behind it, one under way."""
    path = tmp_path / "gateway.db"
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
    with closing(sqlite3.connect(path)) as old:
        old.execute("INSERT INTO lt_counter VALUES ('change', 100), ('dossier', 100), ('message', 100)")
        for n, (dossier, state, lane) in enumerate(
            (
                (DELIVERED, "delivered", "idle"),
                (PENDING, "pending", "ready"),
                (DEAD, "dead", "blocked"),
                (FLYING, "in_flight", "leased"),
            ),
            start=1,
        ):
            _dossier(old, n, dossier, state, lane)
        old.execute("INSERT INTO lt_message VALUES (30, 3, 3, 'step', 'pending', 0, ?, NULL, NULL, NULL)", (US,))
        old.execute("INSERT INTO lt_attempt VALUES (1, 3, 'call', ?, 5, 'rejected', '4', 'Sai')", (US,))
        old.execute("INSERT INTO lt_partner VALUES ('H99', 'partner', 2, ?)", (US + 1,))
        old.execute("INSERT INTO lt_repeat VALUES (?, ?)", (source_key("H99", "b", "7"), sha256(b"x").digest()))
        old.commit()
    yield path


def _dossier(old: sqlite3.Connection, n: int, dossier: Dossier, state: str, lane: str) -> None:
    body = body_json(dossier)
    print_ = sha256(body).digest()
    head = chain_hash(GENESIS, 1, "dossier", "test", dossier.code.key, US, print_)
    old.execute(
        "INSERT INTO lt_dossier VALUES (?, 'H99', ?, ?, 'local', ?, ?, 1, ?, ?, NULL)",
        (n, dossier.code.key, str(dossier.code), int(dossier.status), to_us(dossier.status_at), print_, head),
    )
    key = source_key("H99", "test", dossier.code.key)
    old.execute(
        "INSERT INTO lt_change VALUES (?, ?, 1, 'dossier', 'test', ?, ?, NULL, ?, 'moved', ?, ?, ?, ?)",
        (n, n, dossier.code.key, key, print_, US, GENESIS, head, body),
    )
    old.execute(
        "INSERT INTO lt_lane VALUES (?, 'H99', 'partner', ?, ?, ?, 5, 'w', ?, ?)",
        (n, n, lane, US, US + 1 if lane == "leased" else None, int(state == "delivered")),
    )
    ended = US if state in ("delivered", "dead") else None
    cause = ("4", "Sai") if state == "dead" else (None, None)
    old.execute(
        "INSERT INTO lt_message VALUES (?, ?, ?, 'dossier', ?, 1, ?, ?, ?, ?)", (n, n, n, state, US, ended, *cause)
    )


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
