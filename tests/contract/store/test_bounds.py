"""What every store promises about the bounds of a partner: rate, calls in flight, breaker, windows, orders."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.lifecycle import MessageEvent
from gateway.model.times import VIETNAM
from gateway.policy import BreakerPolicy, Control, Limits, PartnerState, RateLimit, Window
from gateway.store.audit import Act
from gateway.store.base import SqlStore
from tests.builders import a_dossier
from tests.contract.store.telling import CLOCK, PARTNER
from tests.contract.store.workers import HOUR, MINUTE, SECOND, Workers, delivered, ended


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
