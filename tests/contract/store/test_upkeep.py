"""Retention really deletes, a bounded chunk at a time, and never what is still needed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from gateway.lifecycle import MessageEvent
from gateway.store.base import SqlStore
from gateway.store.contract import Attempt, Settled, Verdict, Wish
from tests.builders import a_dossier
from tests.contract.store.telling import CLOCK, PARTNER, accept, change
from tests.stores import Backend, PostgresBackend

NOW = CLOCK.now()
DAY = timedelta(days=1)
TABLES = {"delivered": "lt_done", "attempts": "lt_attempt", "inbox": "lt_inbox", "repeats": "lt_repeat"}


def filled(store: SqlStore, count: int = 7) -> None:
    """*count* delivered with a failed call before, one dead, one waiting, repeats, and two messages of a partner."""
    for n in range(count + 1):
        code = f"H99.01.01-260302-{n:04d}"
        accept(store, change(a_dossier(code=code), code), change(a_dossier(code=code), f"{code} again"))
    call = Attempt("call", NOW, 5, "busy", "429", "")
    for n, claim in enumerate(_claims(store, count + 1)):
        event = MessageEvent.REJECT if n == 0 else MessageEvent.DELIVER
        verdict = Verdict(claim.messages[0].id, event, attempts=(call, Attempt("call", NOW, 5, event.value)))
        _record(store, Settled(claim.lane, claim.token, (verdict,)))
    accept(store, change(a_dossier(code="H99.01.01-260302-9999"), "waits"))
    with store.receiving("partner", [PARTNER], now=NOW) as inbox:
        inbox.keep("notice", "1", b"{}", dossier=a_dossier().code)
        inbox.keep("notice", "2", b"{}", dossier=None)


def _claims(store: SqlStore, want: int):  # type: ignore[no-untyped-def]
    return store.exchange(
        "partner", PARTNER.operations, worker="w", settled=[], state=None, wish=Wish(want, DAY), now=NOW
    ).claims


def _record(store: SqlStore, settled: Settled) -> None:
    store.exchange("partner", PARTNER.operations, worker="w", settled=[settled], state=None, wish=None, now=NOW)


@pytest.mark.parametrize(
    ("kind", "rows", "kept"),
    [("delivered", 7, 0), ("attempts", 16, 0), ("inbox", 1, 1), ("repeats", 8, 0)],
)
def test_what_is_past_its_time_goes_in_chunks(backend: Backend, kind: str, rows: int, kept: int) -> None:
    """
    Nothing on the last day, everything on the next, never more at once than was asked. What waits for a person stays.
    """
    store = backend.open()
    filled(store)
    before = store.status()[0]

    assert store.clear(kind, 30 * DAY, now=NOW + 30 * DAY) == 0
    gone = []
    while count := store.clear(kind, 30 * DAY, now=NOW + 31 * DAY, chunk=3):
        gone.append(count)

    assert sum(gone) == rows
    assert max(gone) <= 3
    assert backend.rows(f"SELECT count(*) FROM {TABLES[kind]}") == [(kept,)]
    after = store.status()[0]
    assert (after.pending, after.dead, after.delivered) == (before.pending, before.dead, before.delivered) == (1, 1, 7)


def test_the_ledger_stays_whole_and_a_dead_letter_can_still_go(backend: Backend) -> None:
    """
    Years later all that may go has gone: chains hold, a repeat by its first id is a repeat, the dead letter goes.
    """
    store = backend.open()
    filled(store)
    for kind in TABLES:
        while store.clear(kind, DAY, now=NOW + 900 * DAY):
            pass

    code = "H99.01.01-260302-0003"
    assert store.broken_link(a_dossier(code=code).code) is None
    assert accept(store, change(a_dossier(code=code), code))[0].duplicate
    (letter,) = store.dead_letters()
    assert store.requeue([letter.id], now=NOW) == [letter.id]
    assert letter.id in {message.id for claim in _claims(store, 9) for message in claim.messages}


def test_a_tenant_deletes_nothing_of_another(backend: Backend) -> None:
    """
    Two provinces in one database, one of which keeps less.
    """
    ours, theirs = backend.open("H99"), backend.open("H98")
    filled(ours)
    filled(theirs)

    while ours.clear("delivered", DAY, now=NOW + 900 * DAY):
        pass

    assert backend.rows("SELECT tenant, count(*) FROM lt_done GROUP BY tenant") == [("H98", 7)]


def test_two_who_delete_at_once_do_not_meet(backend: Backend) -> None:
    """
    Two services sweep the same database: between them everything goes once, and neither waits or fails.
    """
    filled(backend.open(), 40)
    with ThreadPoolExecutor(2) as pool:
        swept = list(pool.map(lambda store: emptied(store), (backend.open(), backend.open())))

    assert sum(swept) == 40 + 82
    assert backend.rows("SELECT count(*) FROM lt_done") == [(0,)]


def emptied(store: SqlStore) -> int:
    """How many delivered messages and calls this one deleted, three at a time."""
    gone = 0
    for kind in ("delivered", "attempts"):
        while count := store.clear(kind, DAY, now=NOW + 900 * DAY, chunk=3):
            gone += count
    return gone


def test_a_machine_whose_clock_is_years_ahead_deletes_nothing(postgres_backend: PostgresBackend) -> None:
    """
    The database's clock says what is old: one wrong clock among many machines must not empty the tables.
    """
    store = postgres_backend.open(server_clock=True)
    filled(store)

    assert store.clear("delivered", 10_000 * DAY, now=NOW + 20_000 * DAY) == 0
    assert store.clear("delivered", timedelta(0), now=NOW - 20_000 * DAY) > 0
