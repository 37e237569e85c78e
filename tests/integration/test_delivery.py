"""The delivery engine on a real SQLite file, with a scripted partner."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gateway.delivery import Engine
from gateway.delivery.engine import Pace
from gateway.errors import (
    AuthenticationFailed,
    Busy,
    ConfigurationError,
    Faulted,
    Held,
    OutcomeUnknown,
    Rejected,
    StoreFull,
    Unreachable,
)
from gateway.lifecycle import MessageEvent
from gateway.model import Change, Dossier, ProcessingStep
from gateway.policy import BreakerPolicy, RetryPolicy
from gateway.ports import Delivered, Failed, Finding, Message, Outcome, Probe
from gateway.store.contract import Attempt, Settled, Turn, Verdict, Wish
from gateway.store.sqlite import SqliteStore
from tests.builders import a_dossier, a_step
from tests.clocks import TestClock
from tests.partners import ScriptedPartner, failing, lost

LOST = OutcomeUnknown("partner", "timeout", "no answer")
DOWN = Unreachable("partner", "refused", "connection refused")


class Bench:
    """A store, a partner, a clock and engines on them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = TestClock()
        self.partner = ScriptedPartner()
        self.store = SqliteStore(path, tenant="H99")

    def submit(self, *bodies: Dossier | ProcessingStep) -> None:
        changes = [Change(source="test", source_id=f"{n}:{body!r}", body=body) for n, body in enumerate(bodies)]
        receipts = self.store.accept(changes, [self.partner], now=self.clock.now())
        assert [r.refusal for r in receipts] == [None] * len(bodies)

    def engine(self, *, concurrency: int = 4, breaker: int = 1000, horizon: timedelta = timedelta(days=14)) -> Engine:
        return Engine(
            self.store,
            self.partner,
            self.clock,
            pace=Pace(concurrency=concurrency, poll=timedelta(milliseconds=20)),
            retry=RetryPolicy(horizon=horizon),
            breaker=BreakerPolicy(threshold=breaker),
            chance=Random(7),
        )

    def told(self) -> list[tuple[str, int]]:
        return [(operation, len(ids)) for _, operation, ids in self.partner.calls]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "gateway.db")
    yield made
    made.store.close()


def steps_of(dossier: Dossier, count: int) -> list[ProcessingStep]:
    first = dossier.status_at
    return [
        a_step(dossier=dossier.code, at=first + timedelta(hours=n), status=dossier.status, content=f"Bước {n}")
        for n in range(count)
    ]


def test_a_dossier_goes_before_its_steps_and_steps_in_tens(bench: Bench) -> None:
    """
    Twenty-three steps of one dossier: the header, then ten, ten and three, each after the other was recorded.
    """
    dossier = a_dossier()
    bench.submit(dossier, *steps_of(dossier, 23))

    counts = bench.engine().run_until_idle()

    assert bench.told() == [("dossier", 1), ("step", 10), ("step", 10), ("step", 3)]
    assert counts.delivered == 24
    assert bench.partner.applied == sorted(bench.partner.applied)


def test_a_lost_answer_is_looked_up_not_sent_again(bench: Bench) -> None:
    """
    The portal stored the dossier, its answer never came: one call, one look-up.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    bench.partner.script[str(dossier.code)] = [lost(bench.partner, LOST)]

    counts = bench.engine().run_until_idle()

    assert (len(bench.partner.calls), len(bench.partner.probes), counts.delivered) == (1, 1, 1)


def test_what_never_arrived_is_sent_again_after_the_look_up(bench: Bench) -> None:
    """
    No answer and no effect: looked up, found absent, sent once more.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    bench.partner.script[str(dossier.code)] = [failing(LOST)]

    bench.engine().run_until_idle()

    assert len(bench.partner.calls) == 2
    assert len(bench.partner.probes) == 1


def test_a_look_up_that_fails_is_asked_again_later(bench: Bench) -> None:
    """
    The look-up itself gets no answer twice; nothing is sent before it does.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    bench.partner.script[str(dossier.code)] = [lost(bench.partner, LOST)]
    bench.partner.probe_answers = [DOWN, Faulted("partner", "-1", "Lỗi hệ thống")]

    counts = bench.engine().run_until_idle()

    assert len(bench.partner.calls) == 1
    assert len(bench.partner.probes) == 3
    assert counts.delivered == 1


def test_look_ups_that_fail_come_ever_more_rarely(bench: Bench) -> None:
    """
    The portal answers every look-up of one dossier with a failure, for a day: its questions do not pile up.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    bench.partner.script[str(dossier.code)] = [lost(bench.partner, LOST)]
    bench.partner.probe_answers = [Faulted("partner", "-1", "Lỗi hệ thống")] * 2000

    bench.engine(horizon=timedelta(days=1)).run_until_idle()

    assert [(letter.code, letter.attempts) for letter in bench.store.dead_letters()] == [("outcome-unknown", 1)]
    assert 24 <= len(bench.partner.probes) < 200


def test_what_cannot_be_told_and_is_not_harmless_waits_for_a_person(bench: Bench) -> None:
    """
    The gateway never guesses: the dead letter carries the evidence.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    bench.partner.harmless = False
    bench.partner.script[str(dossier.code)] = [lost(bench.partner, LOST)]
    bench.partner.probe_answers = [Probe(Finding.CANNOT_TELL, "no columns to compare")]

    bench.engine().run_until_idle()

    letter = bench.store.dead_letters()[0]
    assert (letter.code, letter.text) == ("outcome-unknown", "no columns to compare")
    assert len(bench.partner.calls) == 1


def test_unknown_steps_are_sent_again_in_order_behind_the_first_absent_one(bench: Bench) -> None:
    """
    A chunk of steps was lost: one look-up settles the whole chunk, and order is kept.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    bench.engine().run_until_idle()
    bench.submit(*steps_of(dossier, 4))
    bench.partner.script[str(dossier.code)] = [failing(LOST)]

    bench.engine().run_until_idle()

    assert bench.told() == [("dossier", 1), ("step", 4), ("step", 4)]
    assert len(bench.partner.probes) == 1


def test_a_refused_dossier_is_a_dead_letter_and_holds_its_lane_only(bench: Bench) -> None:
    """
    The portal does not know the procedure: that dossier waits with its reason, the next one goes on.
    """
    bad, good = a_dossier(), a_dossier(code="H99.01.01-260302-0008")
    bench.submit(bad, *steps_of(bad, 2), good, *steps_of(good, 2))
    bench.partner.script[str(bad.code)] = [failing(Rejected("partner", "4", "Mã thủ tục không tồn tại"))]

    bench.engine().run_until_idle()

    letter = bench.store.dead_letters()[0]
    assert (letter.dossier, letter.code, letter.waiting_behind) == (str(bad.code), "4", 2)
    assert [call[0] for call in bench.partner.calls].count(str(bad.code)) == 1
    assert len(bench.partner.applied) == 3


def test_what_a_batch_delivered_is_not_sent_again_for_what_it_refused(bench: Bench) -> None:
    """
    One call carried three dossiers and said of each what became of it: nothing is in doubt, so nothing is repeated.
    """

    class Precise(ScriptedPartner):
        def deliver(self, messages: Sequence[Message]) -> Sequence[Outcome]:
            super().deliver(messages)
            refusal = Failed(Rejected("partner", "1", "Dữ liệu không hợp lệ"))
            return [refusal if message.dossier.endswith("0002") else Delivered() for message in messages]

    bench.partner = Precise(dossier_batch=3)
    bench.submit(*(a_dossier(code=f"H99.01.01-260302-000{n}") for n in (1, 2, 3)))

    counts = bench.engine().run_until_idle()

    assert [len(ids) for _, _, ids in bench.partner.calls] == [3]
    assert (counts.delivered, counts.dead) == (2, 1)


def test_a_requeued_dead_letter_lets_its_lane_go_on(bench: Bench) -> None:
    """
    The mapping was mended, the operator requeues: the dossier and its steps arrive in order.
    """
    dossier = a_dossier()
    bench.submit(dossier, *steps_of(dossier, 2))
    bench.partner.script[str(dossier.code)] = [failing(Rejected("partner", "4", "Mã thủ tục không tồn tại"))]
    bench.engine().run_until_idle()

    requeued = bench.store.requeue([letter.id for letter in bench.store.dead_letters()], now=bench.clock.now())
    bench.engine().run_until_idle()

    assert len(requeued) == 1
    assert bench.told() == [("dossier", 1), ("dossier", 1), ("step", 2)]
    assert bench.store.dead_letters() == []


def test_what_waited_behind_a_requeued_dead_letter_has_the_whole_horizon_too(bench: Bench) -> None:
    """
    The operator mends the mapping after three weeks. The steps behind were never tried: one hiccup does not end them.
    """
    dossier = a_dossier()
    bench.submit(dossier, *steps_of(dossier, 2))
    bench.partner.script[str(dossier.code)] = [failing(Rejected("partner", "4", "Mã thủ tục không tồn tại"))]
    bench.engine().run_until_idle()
    bench.clock.advance(timedelta(days=21))
    bench.partner.script[str(dossier.code)] = [lambda messages: bench.partner.apply(messages), failing(DOWN)]

    bench.store.requeue([letter.id for letter in bench.store.dead_letters()], now=bench.clock.now())
    bench.engine().run_until_idle()

    assert bench.store.dead_letters() == []
    assert len(bench.partner.applied) == 3


def test_a_poison_step_stands_alone_and_nothing_overtakes_it(bench: Bench) -> None:
    """
    One bad step in a chunk of eight: those before it arrive, it goes dead, those behind it wait.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    bench.engine().run_until_idle()
    steps = steps_of(dossier, 8)
    bench.submit(*steps)
    poison = 5
    first_id = bench.partner.calls[0][2][0] + 1

    def refuse_poison(messages: object) -> Rejected | None:
        ids = [m.id for m in messages]  # type: ignore[attr-defined]
        if first_id + poison in ids:
            return Rejected("partner", "1", "Dữ liệu không hợp lệ")
        bench.partner.apply(messages)  # type: ignore[arg-type]
        return None

    bench.partner.script[str(dossier.code)] = [refuse_poison] * 20

    bench.engine().run_until_idle()

    assert [id_ - first_id for id_ in bench.partner.applied[1:]] == [0, 1, 2, 3, 4]
    letters = bench.store.dead_letters()
    assert [(letter.id - first_id, letter.waiting_behind) for letter in letters] == [(poison, 2)]


def test_an_outage_ends_by_itself_and_burns_no_attempts(bench: Bench) -> None:
    """
    A portal unreachable for nine days: a trial now and then, then everything arrives, no person needed.
    """
    for n in range(20):
        bench.submit(a_dossier(code=f"H99.01.01-260302-{n:04d}"))
    opens = bench.clock.now() + timedelta(days=9)

    class Closed(ScriptedPartner):
        def deliver(self, messages):  # type: ignore[no-untyped-def]
            if bench.clock.now() < opens:
                self.calls.append((messages[0].dossier, "closed", ()))
                from gateway.ports import Failed

                return [Failed(DOWN)] * len(messages)
            return super().deliver(messages)

    bench.partner = Closed()
    counts = bench.engine(breaker=5).run_until_idle()

    assert counts.delivered == 20
    assert counts.dead == 0
    assert bench.clock.now() - opens < timedelta(hours=2)
    assert sum(1 for call in bench.partner.calls if call[1] == "closed") < 9 * 24 * 10


def test_the_horizon_ends_what_never_gets_through(bench: Bench) -> None:
    """
    After fourteen days of failure a person is told, with the last thing the partner said.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    bench.partner.script[str(dossier.code)] = [failing(Faulted("partner", "-1", "Lỗi hệ thống"))] * 10_000

    bench.engine().run_until_idle()

    letter = bench.store.dead_letters()[0]
    assert (letter.code, letter.text) == ("expired", "[-1] Lỗi hệ thống")


def test_retry_after_holds_the_whole_partner_in_full(bench: Bench) -> None:
    """
    «Come back in ten minutes»: nobody calls before that, whatever the dossier.
    """
    for n in range(6):
        bench.submit(a_dossier(code=f"H99.01.01-260302-{n:04d}"))
    moments = []

    class Watched(ScriptedPartner):
        def deliver(self, messages):  # type: ignore[no-untyped-def]
            moments.append(bench.clock.now())
            return super().deliver(messages)

    bench.partner = Watched()
    wait = timedelta(minutes=10)
    bench.partner.script["H99.01.01-260302-0000"] = [failing(Busy("partner", "http-429", "", retry_after=wait))]

    bench.engine(concurrency=1).run_until_idle()

    assert len(moments) == 7
    assert all(moment >= moments[0] + wait for moment in moments[1:])


def test_what_was_not_even_asked_costs_no_attempt(bench: Bench) -> None:
    """
    The connector itself kept quiet: the message waits as long and looks as if nobody had touched it.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    begun = bench.clock.now()
    wait = timedelta(minutes=3)
    bench.partner.script[str(dossier.code)] = [failing(Held("partner", "held", "", retry_after=wait))]

    counts = bench.engine().run_until_idle()

    assert counts.delivered == 1
    assert bench.clock.now() >= begun + wait
    assert bench.store.status()[0].attempts == 1


def test_refused_credentials_hold_the_partner_at_once(bench: Bench) -> None:
    """
    A wrong password must not be tried with every dossier: the account would be locked.
    """
    for n in range(30):
        bench.submit(a_dossier(code=f"H99.01.01-260302-{n:04d}"))
    for n in range(30):
        error = AuthenticationFailed("partner", "-2", "Sai mật khẩu")
        bench.partner.script[f"H99.01.01-260302-{n:04d}"] = [failing(error)]
    stop = threading.Event()

    class OneLook(TestClock):
        def wait(self, wake: threading.Event, until) -> None:  # type: ignore[no-untyped-def]
            stop.set()

    bench.clock = OneLook()
    bench.engine(concurrency=1, breaker=5).run_until_idle(stop)

    assert len(bench.partner.calls) == 1
    assert bench.store.status()[0].pending == 30


def test_a_dead_worker_leaves_an_unknown_outcome_not_a_pending_one(bench: Bench) -> None:
    """
    A worker claimed, sent and died. When its lease runs out the message is looked up before anything else.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    turn = bench.store.exchange(
        "partner", bench.partner.operations, worker="dead", settled=[], state=None,
        wish=Wish(5, timedelta(seconds=60)), now=bench.clock.now(),
    )  # fmt: skip
    bench.partner.apply(turn.claims[0].messages)

    bench.engine().run_until_idle()

    assert bench.partner.calls == []
    assert bench.partner.probes == [turn.claims[0].messages[0].id]
    assert bench.store.status()[0].delivered == 1


def test_a_record_with_an_old_token_is_refused_and_kept_as_evidence(bench: Bench) -> None:
    """
    A worker slept past its lease, another one took over: the sleeper's verdict changes nothing.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    now = bench.clock.now()
    turn = bench.store.exchange(
        "partner", bench.partner.operations, worker="sleeper", settled=[], state=None,
        wish=Wish(5, timedelta(seconds=60)), now=now,
    )  # fmt: skip
    claim = turn.claims[0]
    bench.clock.advance(timedelta(seconds=61))
    bench.engine().run_until_idle()

    late = Verdict(
        claim.messages[0].id,
        MessageEvent.REJECT,
        code="4",
        text="late",
        attempts=(Attempt("call", now, 1, "rejected"),),
    )
    turn = bench.store.exchange(
        "partner", bench.partner.operations, worker="sleeper", settled=[Settled(claim.lane, claim.token, (late,))],
        state=None, wish=None, now=bench.clock.now(),
    )  # fmt: skip

    assert turn.stale == 1
    assert bench.store.status()[0].delivered == 1
    assert "call.rejected" in [entry.what for entry in bench.store.timeline(dossier.code)]


def test_two_processes_on_one_file_share_the_work(bench: Bench) -> None:
    """
    Two engines with stores of their own on the same file: every dossier once, never two calls for one at a time.
    """
    for n in range(60):
        dossier = a_dossier(code=f"H99.01.01-260302-{n:04d}")
        bench.submit(dossier, *steps_of(dossier, 3))
    other = SqliteStore(bench.path, tenant="H99")
    engines = [bench.engine(), bench.engine()]
    engines[1]._store = other

    threads = [threading.Thread(target=engine.run_until_idle) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()

    assert len(bench.partner.applied) == 240
    assert bench.partner.overlaps == 0
    assert bench.store.status()[0].delivered == 240


def test_a_stop_gives_back_what_was_not_sent(bench: Bench) -> None:
    """
    SIGTERM in the middle: the call under way is recorded, the rest is pending again, nothing is unknown.
    """
    for n in range(40):
        bench.submit(a_dossier(code=f"H99.01.01-260302-{n:04d}"))
    stop = threading.Event()

    def stop_now(messages):  # type: ignore[no-untyped-def]
        stop.set()
        bench.partner.apply(messages)
        return

    bench.partner.script["H99.01.01-260302-0003"] = [stop_now]

    bench.engine(concurrency=1).run(stop)

    status = bench.store.status()[0]
    assert status.delivered == len(bench.partner.applied) == 4
    assert (status.pending, status.in_flight, status.unknown) == (36, 0, 0)


def test_a_fault_of_the_connector_does_not_stop_the_others(bench: Bench) -> None:
    """
    A bug in a connector hits one dossier: it is looked up and tried again, the others arrive.
    """
    bench.submit(a_dossier(), a_dossier(code="H99.01.01-260302-0008"))

    def explode(messages):  # type: ignore[no-untyped-def]
        raise ZeroDivisionError

    bench.partner.script[str(a_dossier().code)] = [explode]

    counts = bench.engine().run_until_idle()

    assert counts.delivered == 2


def test_a_fault_of_a_look_up_does_not_stop_the_others(bench: Bench) -> None:
    """
    A bug in a connector's look-up hits one dossier: it is asked again later, the others arrive meanwhile.
    """
    bench.submit(a_dossier(), a_dossier(code="H99.01.01-260302-0008"))
    bench.partner.script[str(a_dossier().code)] = [lost(bench.partner, LOST)]
    bench.partner.probe_answers = [OverflowError("date value out of range")]

    counts = bench.engine().run_until_idle()

    assert (counts.delivered, counts.probes) == (2, 2)
    assert any("OverflowError" in entry.detail for entry in bench.store.timeline(a_dossier().code))


def test_nothing_is_sent_that_nobody_can_record(bench: Bench) -> None:
    """
    The disk is full when the first outcome shall be recorded: the dossiers that wait for a worker are not sent.
    """

    class Full(SqliteStore):
        def exchange(self, *given: Any, **named: Any) -> Turn:
            if named["settled"]:
                raise StoreFull("no room")
            return super().exchange(*given, **named)

    bench.submit(*(a_dossier(code=f"H99.01.01-260302-{n:04}") for n in range(40)))
    ended = threading.Event()
    bench.partner.script["H99.01.01-260302-0001"] = [lambda messages: None if ended.wait(5) else DOWN]

    bench.store.close()
    bench.store = Full(bench.path, tenant="H99")
    with pytest.raises(StoreFull):
        bench.engine(concurrency=1).run_until_idle()
    ended.set()
    for thread in threading.enumerate():
        if thread.name.startswith("courier-partner"):
            thread.join(10)

    assert len(bench.partner.calls) <= 2


def test_a_lease_shorter_than_a_call_is_refused_at_the_start(bench: Bench) -> None:
    """
    Such a lease would let two workers send the same dossier at once.
    """
    bench.partner.longest_call = timedelta(seconds=60)

    with pytest.raises(ConfigurationError, match="lease_s"):
        bench.engine()
