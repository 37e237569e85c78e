"""A database as release 0002 left it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from gateway.model import Dossier, body_json
from gateway.store import schema
from gateway.store.ledger import GENESIS, chain_hash, source_key
from gateway.store.moments import to_us
from tests.builders import a_dossier
from tests.clocks import TestClock

US = to_us(TestClock().now())
DELIVERED, PENDING, DEAD, FLYING = (a_dossier(code=f"H99.01.01-260302-{n:04d}") for n in range(1, 5))


def database_of_0002(path: Path) -> None:
    """One dossier delivered, one waiting, one dead with a step behind it, one under way."""
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
