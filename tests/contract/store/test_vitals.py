"""What a monitor asks of a store, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from gateway.errors import StoreError
from gateway.lifecycle import MessageEvent
from gateway.observe import correlated
from gateway.policy import PartnerState
from gateway.store.base import SqlStore
from gateway.store.contract import Settled, Turn, Verdict, Wish
from tests.builders import a_code, a_dossier
from tests.clocks import TestClock
from tests.contract.store.telling import PARTNER, accept, change
from tests.stores import Backend


def exchange(store: SqlStore, now: datetime, *settled: Settled, state: PartnerState | None = None) -> Turn:
    return store.exchange(
        PARTNER.name, PARTNER.operations, worker="w", settled=settled, state=state,
        wish=Wish(8, timedelta(minutes=1)), now=now,
    )  # fmt: skip


def test_everything_is_counted_in_one_view(store: SqlStore) -> None:
    """
    Three dossiers: one is refused, one unknown, one waits. Each state's oldest is told, and the refusal by its code.
    """
    start = TestClock().now()
    for serial in range(1, 4):
        at = start + timedelta(seconds=10 * serial)
        store.accept([change(a_dossier(code=a_code(serial)), str(serial))], [PARTNER], now=at)
    now = start + timedelta(minutes=1)
    claims = exchange(store, now).claims
    ends = {1: Verdict(claims[0].messages[0].id, MessageEvent.REJECT, code="-7"),
            2: Verdict(claims[1].messages[0].id, MessageEvent.LOSE, not_before=start + timedelta(days=1)),
            3: Verdict(claims[2].messages[0].id, MessageEvent.RETRY, not_before=start + timedelta(days=1))}  # fmt: skip
    settled = [Settled(claim.lane, claim.token, (ends[n],)) for n, claim in enumerate(claims, start=1)]
    exchange(store, now, *settled, state=PartnerState(failures=4))

    found = store.vitals()

    (partner,) = found.partners
    assert (partner.pending, partner.unknown, partner.dead) == (1, 1, 1)
    ages = {state: (since - start).total_seconds() for (_, state), since in found.oldest.items()}
    assert ages == {"dead": 10.0, "unknown": 20.0, "waiting": 20.0}
    assert found.failures == {PARTNER.name: 4}
    assert found.dead == {(PARTNER.name, "dossier", "-7"): 1}
    assert found.changes == {"dossier": 3}
    assert (found.unplaced, found.workers) == ({}, ())


def test_a_try_to_write_leaves_nothing_behind(backend: Backend) -> None:
    """
    It is a real write: it fails where writing is forbidden, and is taken back where it is not.
    """
    store = backend.open()
    store.try_to_write()
    assert backend.rows("SELECT count(*) FROM lt_partner") == [(0,)]

    if backend.name == "sqlite":
        forbid = "CREATE TRIGGER no_more BEFORE INSERT ON lt_partner BEGIN SELECT raise(ABORT, 'no'); END"
    else:
        forbid = "ALTER TABLE lt_partner RENAME TO lt_elsewhere"
    backend.execute(forbid)

    with pytest.raises(StoreError):
        store.try_to_write()


def test_a_database_that_moved_on_is_seen(backend: Backend) -> None:
    """
    A newer release migrates the database under a running one: the old one sees whether it may go on.
    """
    store = backend.open()
    assert store.schema().is_ours

    backend.execute("UPDATE lt_schema SET version_num = '9999'")

    assert not store.schema().is_ours


def test_what_led_to_a_change_comes_with_its_message(store: SqlStore) -> None:
    """
    The id of the request that brought it; of a change that no request brought, nothing.
    """
    with correlated("c" * 32):
        accept(store, change(a_dossier(code=a_code(1)), "1"))
    accept(store, change(a_dossier(code=a_code(2)), "2"))

    claims = exchange(store, TestClock().now()).claims

    assert {claim.messages[0].dossier: claim.messages[0].trace for claim in claims} == {
        a_code(1).text: "c" * 32,
        a_code(2).text: "",
    }
