"""What every store promises about claims, limits and records; real databases, a clock that is told what time it is."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.lifecycle import MessageEvent
from gateway.model.times import VIETNAM
from gateway.policy import BreakerPolicy, Control, Limits, PartnerState, RateLimit, Window
from gateway.store.audit import Act
from gateway.store.base import SqlStore
from gateway.store.contract import Attempt, Claim, Settled, Turn, Verdict, Wish
from gateway.store.sql import BLOCKS
from tests.builders import a_dossier
from tests.clocks import TestClock
from tests.contract.store.telling import CLOCK, PARTNER, a_history, change
from tests.partners import ScriptedPartner
from tests.stores import Backend

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@dataclass
class Workers:
    """Workers that share one store, and the hands that move their clock."""

    store: SqlStore
    partner: ScriptedPartner = field(default_factory=ScriptedPartner)
    clock: TestClock = field(default_factory=TestClock)

    def accept(self, count: int, *, first: int = 0, backfill: bool = False) -> None:
        changes = [change(a_dossier(code=f"H99.01.01-260302-{n:04d}"), f"{n}") for n in range(first, first + count)]
        self.store.accept(changes, [self.partner], now=self.clock.now(), backfill=backfill)

    def turn(
        self, worker: str, lanes: int = 0, *settled: Settled, state: PartnerState | None = None, **wish: Any
    ) -> Turn:
        return self.store.exchange(
            "partner", self.partner.operations, worker=worker, settled=settled, state=state,
            wish=Wish(lanes, **{"lease": MINUTE, **wish}) if lanes else None, now=self.clock.now(),
        )  # fmt: skip

    def dossiers(self, turn: Turn) -> list[int]:
        return [int(claim.messages[0].dossier[-4:]) for claim in turn.claims]


@pytest.fixture
def workers(store: SqlStore) -> Workers:
    return Workers(store)


def delivered(claims: Sequence[Claim]) -> list[Settled]:
    return [ended(claim, MessageEvent.DELIVER) for claim in claims]


def ended(claim: Claim, event: MessageEvent, **more: Any) -> Settled:
    return Settled(claim.lane, claim.token, tuple(Verdict(m.id, event, **more) for m in claim.messages))


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


def test_a_process_that_did_not_hear_of_a_hold_does_not_end_it(store: SqlStore) -> None:
    """
    One process is told to wait for an hour; another, with a clean answer on its way, records that all is well.
    """
    now, hour = CLOCK.now(), timedelta(hours=1)

    def record(state: PartnerState) -> PartnerState:
        return store.exchange(
            "partner", PARTNER.operations, worker="w", settled=[], state=state, wish=None, now=now
        ).partner

    record(PartnerState(failures=1, hold_until=now + hour))

    assert record(PartnerState()) == PartnerState(failures=0, hold_until=now + hour)
    assert record(PartnerState(hold_until=now + 2 * hour)).hold_until == now + 2 * hour


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


def test_a_rate_holds_for_all_workers_together(workers: Workers) -> None:
    """
    Ten calls a second, two at once: three workers that ask in turns get two now, the next each a tenth later.
    """
    workers.accept(40)
    limits = Limits(RateLimit(10, SECOND, 2))

    starts = [
        claim.start
        for worker in "abcabc"
        for claim in workers.turn(worker, 5, limits=limits, ahead=SECOND / 2).claims
        if claim.start is not None
    ]

    offsets = [(start - workers.clock.now()).total_seconds() for start in starts]
    assert offsets == pytest.approx([0, 0, 0.1, 0.2, 0.3, 0.4, 0.5])
    refused = workers.turn("a", 5, limits=limits, ahead=SECOND / 2)
    assert (refused.closed, refused.until) == ("limit", workers.clock.now() + SECOND / 10)


def test_a_call_more_than_allotted_waits_for_its_turn(workers: Workers) -> None:
    """
    A refused batch is split while its claim lives: each further call is counted like any other.
    """
    workers.accept(1)
    limits = Limits(RateLimit(1, 10 * SECOND, 1))
    now = workers.clock.now()
    workers.turn("w", 1, limits=limits)

    assert workers.store.permit("partner", limits, until=now + 5 * SECOND, now=now) is None
    assert workers.store.permit("partner", limits, until=now + 30 * SECOND, now=now) == now + 10 * SECOND
    assert workers.store.permit("partner", limits, until=now + 30 * SECOND, now=now) == now + 20 * SECOND
    assert workers.store.permit("partner", Limits(), until=now, now=now) == now


def test_calls_in_flight_are_counted_over_all_workers(workers: Workers) -> None:
    """
    Three at a time: two workers hold them, the third waits until one comes back; a vanished one frees its own in time.
    """
    workers.accept(20)
    limits = Limits(in_flight=3)

    first = workers.turn("a", 2, limits=limits)
    second = workers.turn("b", 5, limits=limits)
    third = workers.turn("c", 5, limits=limits)

    assert [len(turn.claims) for turn in (first, second, third)] == [2, 1, 0]
    assert third.closed == "limit"
    assert len(workers.turn("a", 5, *delivered(first.claims[:1]), limits=limits).claims) == 1
    workers.clock.advance(2 * MINUTE)
    assert len(workers.turn("c", 5, limits=limits).claims) == 3


def test_a_batch_is_one_call_under_the_limits(workers: Workers) -> None:
    """
    Ten dossiers travel together: two calls in flight carry twenty.
    """
    workers.partner.dossier_batch = 10
    workers.accept(40)

    claims = workers.turn("a", 64, limits=Limits(in_flight=2)).claims

    assert len(claims) == 20
    assert {claim.call for claim in claims} == {0, 1}
    smaller = workers.turn("a", 64, *delivered(claims), limits=Limits(in_flight=1, batch={"dossier": 4})).claims
    assert len(smaller) == 4


def test_a_rested_breaker_lends_one_trial_to_all_workers(workers: Workers) -> None:
    """
    The partner gave no sign of life; after the rest one worker of all makes one call. Its success lets everybody go on.
    """
    workers.accept(10)
    breaker = BreakerPolicy(threshold=3)
    rest = workers.clock.now() + MINUTE
    workers.turn("a", state=PartnerState(3, rest))
    assert workers.turn("b", 5, breaker=breaker).closed == "held"
    workers.clock.advance(MINUTE)

    trial = workers.turn("b", 5, breaker=breaker)
    others = [workers.turn(worker, 5, breaker=breaker) for worker in "acb"]

    assert len(trial.claims) == 1
    assert [(len(turn.claims), turn.closed) for turn in others] == [(0, "trial")] * 3
    workers.turn("b", 0, *delivered(trial.claims), state=PartnerState())
    assert len(workers.turn("c", 5, breaker=breaker).claims) == 5


def test_the_trial_of_a_worker_that_vanished_goes_to_another(workers: Workers) -> None:
    """
    Nobody waits for ever for somebody who is gone.
    """
    workers.accept(3)
    breaker = BreakerPolicy(threshold=3)
    workers.turn("a", state=PartnerState(3, None))
    assert len(workers.turn("gone", 5, breaker=breaker).claims) == 1

    workers.clock.advance(MINUTE)

    assert len(workers.turn("b", 5, breaker=breaker).claims) == 1


def test_a_trial_waits_for_its_turn_under_the_rate(workers: Workers) -> None:
    """
    Slowed down, a turn comes later than a lease is long: a trial is lent out when its turn has come, so that it can be
    made. Allotted at once it would end unmade, and so would all that follow.
    """
    workers.accept(3)
    limits, breaker = Limits(RateLimit(1, 10 * MINUTE)), BreakerPolicy(threshold=3)
    (first,) = workers.turn("a", 1, limits=limits, breaker=breaker).claims
    workers.turn("a", 0, ended(first, MessageEvent.RETRY), state=PartnerState(3, None))

    early = workers.turn("a", 5, limits=limits, breaker=breaker)
    assert (early.claims, early.closed) == ((), "limit")
    assert early.until is not None
    workers.clock.advance(early.until - workers.clock.now())
    (trial,) = workers.turn("b", 5, limits=limits, breaker=breaker).claims

    assert trial.start is not None
    assert trial.start <= workers.clock.now() + SECOND
    assert workers.turn("a", 5, limits=limits, breaker=breaker).closed == "trial"


@pytest.mark.parametrize("ordered", [False, True], ids=["configured", "ordered"])
def test_nothing_is_claimed_in_a_window(workers: Workers, ordered: bool) -> None:
    """
    Maintenance from the configuration or from a command: no claims in it, and every worker learns when it ends.
    """
    workers.accept(2)
    now = workers.clock.now()
    window = Window(now.astimezone(VIETNAM), (now + MINUTE).astimezone(VIETNAM), "Bảo trì")
    if ordered:
        orders = Control(windows=(window,))
        workers.store.change_control("partner", lambda _: orders, Act("an", now, "Nâng cấp"), "maintenance.add")
    windows = () if ordered else (window,)

    closed = workers.turn("a", 5, windows=windows)

    assert (closed.closed, closed.until, closed.windows) == ("maintenance", now + MINUTE, (window,))
    workers.clock.advance(MINUTE)
    assert len(workers.turn("a", 5, windows=windows).claims) == 2


def test_a_paused_partner_and_a_paused_lane_wait(workers: Workers) -> None:
    """
    Pausing costs nothing and loses nothing; resuming goes on where it stopped, also for a lane that was lent just then.
    """
    workers.accept(3)
    now = workers.clock.now()
    (lent,) = workers.turn("a", 1).claims
    act = Act("an", now, "Chờ đối tác")
    code = a_dossier(code=lent.messages[0].dossier).code
    assert workers.store.pause("partner", act, dossier=code)
    assert workers.store.pause("partner", act)

    closed = workers.turn("a", 5, ended(lent, MessageEvent.RETRY, not_before=now))
    assert (closed.claims, closed.closed, closed.paused) == ((), "paused", True)

    workers.store.pause("partner", act, paused=False)
    assert len(workers.turn("a", 5).claims) == 2
    assert workers.store.paused_lanes() == [("partner", str(code))]
    workers.store.pause("partner", act, dossier=code, paused=False)
    assert [claim.lane for claim in workers.turn("a", 5).claims] == [lent.lane]
    assert not workers.store.pause("partner", act, dossier=a_dossier(code="H99.01.01-260302-7777").code)
    assert [entry.action for entry in workers.store.audit()] == ["pause", "pause", "resume", "resume"]


def test_limits_are_changed_while_workers_run(workers: Workers) -> None:
    """
    An order wins over the configuration with the next exchange, and its end brings the configuration back.
    """
    workers.accept(20)
    act = Act("an", workers.clock.now())
    configured = Limits(in_flight=10)
    workers.store.change_control("partner", lambda _: Control(in_flight=2), act, "limits.set")

    some = workers.turn("a", 20, limits=configured)
    workers.store.change_control("partner", lambda _: Control(), act, "limits.reset")
    more = workers.turn("a", 20, limits=configured)

    assert (len(some.claims), some.limits.in_flight) == (2, 2)
    assert (len(more.claims), more.limits.in_flight) == (8, 10)


def test_orders_that_are_given_at_once_all_hold(workers: Workers) -> None:
    """
    Eight operators announce a closure each, at the same moment: none of them takes back another's.
    """
    now = workers.clock.now()

    def announce(hour: int) -> None:
        window = Window(now + hour * HOUR, now + (hour + 1) * HOUR)
        workers.store.change_control(
            "partner", lambda present: replace(present, windows=(*present.windows, window)), Act("an", now), "add"
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(announce, range(8)))

    assert len(workers.store.control("partner").windows) == 8


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
