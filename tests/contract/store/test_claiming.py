"""What every store promises about claims, their order and their records; a clock that is told what time it is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.lifecycle import MessageEvent
from gateway.policy import Limits
from gateway.store.audit import Act
from gateway.store.contract import Attempt, Settled
from gateway.store.sql import BLOCKS
from tests.builders import a_dossier
from tests.contract.store.telling import CLOCK, a_history, change
from tests.contract.store.workers import MINUTE, SECOND, Workers, delivered, ended
from tests.stores import Backend


@pytest.mark.parametrize("count", [BLOCKS[-1] - 1, BLOCKS[0], 2 * BLOCKS[0] + BLOCKS[-1] + 5])
def test_many_rows_are_written_as_single_ones_are(workers: Workers, count: int) -> None:
    """
    Rows go to the database in blocks and what is left over: each lane gets its own verdict, none its neighbour's, and
    whoever was refused can be sent on its way again together.
    """
    workers.accept(count)
    events = (MessageEvent.DELIVER, MessageEvent.REJECT, MessageEvent.RELEASE)
    claims = workers.turn("a", count).claims

    workers.turn("a", 0, *(ended(claim, events[int(claim.messages[0].dossier[-4:]) % 3]) for claim in claims))
    again = workers.turn("a", count)

    assert sorted(workers.dossiers(again)) == list(range(2, count, 3))
    assert {claim.token for claim in again.claims} == {2}
    (status,) = workers.store.status()
    assert status.delivered == len(range(0, count, 3))
    letters = workers.store.dead_letters()
    assert sorted(int(letter.dossier[-4:]) for letter in letters) == list(range(1, count, 3))
    dead = [letter.id for letter in letters]
    assert workers.store.requeue(dead, now=CLOCK.now()) == dead
    assert workers.store.dead_letters() == []


def test_two_workers_never_hold_one_lane(workers: Workers) -> None:
    """
    Each claims as much as it can: together they hold every lane once.
    """
    workers.accept(20)

    claims = [*workers.turn("a", 12).claims, *workers.turn("b", 12).claims]

    assert len({claim.lane for claim in claims}) == len(claims) == 20


def test_a_lease_that_ran_out_is_unknown_and_its_late_record_is_refused(workers: Workers) -> None:
    """
    A worker slept; another finds the outcome unknown and settles it. The sleeper's word comes too late, and is kept.
    """
    workers.accept(1)
    (slept,) = workers.turn("sleeper", 1).claims
    workers.clock.advance(MINUTE + SECOND)

    (found,) = workers.turn("other", 1).claims
    assert found.look_up
    assert found.token > slept.token
    call = Attempt("call", workers.clock.now(), 7, "rejected", "4", "muộn")
    late = workers.turn("sleeper", 0, ended(slept, MessageEvent.REJECT, attempts=(call,)))
    last = workers.turn("other", 0, ended(found, MessageEvent.APPLIED))

    assert (late.stale, last.stale) == (1, 0)
    status = workers.store.status()[0]
    assert (status.delivered, status.dead, status.attempts) == (1, 0, 1)


def test_a_record_that_comes_again_counts_once(workers: Workers) -> None:
    """
    The answer to a commit was lost, the worker hands in the same again: no second effect, no second line in the story.
    """
    workers.accept(1)
    (claim,) = workers.turn("w", 1).claims
    call = Attempt("call", workers.clock.now(), 7, "delivered")
    record = ended(claim, MessageEvent.DELIVER, attempts=(call,))
    workers.turn("w", 0, record)
    before = workers.store.status(), workers.store.timeline(a_dossier(code="H99.01.01-260302-0000").code)

    assert workers.turn("w", 0, record).stale == 1

    assert (workers.store.status(), workers.store.timeline(a_dossier(code="H99.01.01-260302-0000").code)) == before


def test_fresh_live_lanes_go_before_a_backlog_and_nobody_starves(workers: Workers) -> None:
    """
    A backlog, a backfill, and what came a moment ago: the fresh have four of five places, and the others the rest.
    """
    workers.accept(30, first=0)
    workers.accept(30, first=100, backfill=True)
    workers.clock.advance(timedelta(hours=1))
    workers.accept(30, first=200)

    first = workers.dossiers(workers.turn("a", 10))
    by_class = [sum(n // 100 == group for n in first) for group in (2, 0, 1)]

    assert by_class == [8, 1, 1]


def test_the_share_is_kept_where_there_is_room_for_one(workers: Workers) -> None:
    """
    One lane a turn: of twenty turns, sixteen go to the fresh.
    """
    workers.accept(20, first=0)
    workers.clock.advance(timedelta(hours=1))
    workers.accept(20, first=200)

    credit, seen = 0.0, []
    for _ in range(20):
        turn = workers.turn("a", 1, credit=credit)
        credit = turn.credit
        seen += workers.dossiers(turn)

    assert sum(n >= 200 for n in seen) == 16
    assert len(set(seen)) == 20


def test_a_live_change_pulls_its_backfill_lane_along(workers: Workers) -> None:
    """
    An old dossier was imported, then something happens to it today: its lane is live.
    """
    workers.accept(5, backfill=True)
    workers.clock.advance(timedelta(hours=1))
    newer = change(a_dossier(code="H99.01.01-260302-0003", subject="Hôm nay"), "today")
    workers.store.accept([newer], [workers.partner], now=workers.clock.now())

    assert workers.dossiers(workers.turn("a", 1)) == [3]


def test_a_lane_of_many_messages_is_taken_in_its_order(workers: Workers) -> None:
    """
    A dossier and nine steps, and a batch of four: each claim is the front of the lane.
    """
    dossier, steps = a_history(9)
    changes = [change(dossier), *(change(step, f"step {n}") for n, step in enumerate(steps))]
    workers.store.accept(changes, [workers.partner], now=workers.clock.now())
    seen: list[int] = []
    settled: list[Settled] = []

    while claims := workers.turn("a", 1, *settled, limits=Limits(batch={"step": 4})).claims:
        seen.append(len(claims[0].messages))
        settled = delivered(claims)

    assert seen == [1, 4, 4, 1]
    assert workers.store.status()[0].delivered == 10


@pytest.mark.parametrize("tenants", [("H99", "H98")])
def test_tenants_in_one_database_know_nothing_of_each_other(backend: Backend, tenants: tuple[str, str]) -> None:
    """
    The same codes, ids and partners in two provinces: each has its own ledger, outbox, limits and audit.
    """
    ours, theirs = (Workers(backend.open(tenant)) for tenant in tenants)
    ours.accept(3)
    theirs.accept(2)
    ours.store.pause("partner", Act("an", ours.clock.now()))

    assert (ours.store.totals()["dossiers"], theirs.store.totals()["dossiers"]) == (3, 2)
    assert (len(ours.turn("a", 9).claims), len(theirs.turn("a", 9).claims)) == (0, 2)
    assert (len(ours.store.audit()), theirs.store.audit()) == (1, [])


def test_counts_stay_right_and_few_over_many_turns(backend: Backend) -> None:
    """
    Every commit adds to the counts of the status page; now and then they are folded, and the sums are the rows.
    """
    workers = Workers(backend.open())
    for n in range(120):
        workers.accept(1, first=n)
        workers.turn("w", 0, *delivered(workers.turn("w", 1).claims))

    (found,) = workers.store.status()
    assert (found.delivered, found.pending) == (120, 0)
    assert backend.rows("SELECT count(*) FROM lt_done") == [(120,)]
    assert backend.rows("SELECT count(*) FROM lt_tally")[0][0] < 500


def test_counts_stay_few_while_nobody_delivers(backend: Backend) -> None:
    """
    A partner is out for days and its one-stop systems go on submitting: the status page stays quick without any worker.
    """
    workers = Workers(backend.open())
    for n in range(120):
        workers.accept(1, first=n)

    (found,) = workers.store.status()
    assert found.pending == 120
    assert backend.rows("SELECT count(*) FROM lt_tally")[0][0] < 120
