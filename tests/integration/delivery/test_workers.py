"""Workers of the delivery engine: they share the work, die, stop, and meet faults that nobody foresaw."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.delivery import Engine, Pace
from gateway.errors import ConfigurationError, StoreError, StoreFull, StoreUnavailable
from gateway.lifecycle import MessageEvent
from gateway.policy import BreakerPolicy, RetryPolicy
from gateway.ports import SystemClock
from gateway.store.contract import Attempt, Settled, Turn, Verdict, Wish
from gateway.store.sqlite import SqliteStore
from tests.bench import DOWN, Bench, steps_of
from tests.builders import a_dossier
from tests.running import until


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


FAULTS = {"gone": StoreUnavailable("gone"), "full": StoreFull("no room")}


class Failing(SqliteStore):
    """A store that fails once at the named call, as soon as something was recorded."""

    def __init__(self, path: Path, call: str, fault: StoreError) -> None:
        super().__init__(path, tenant="H99")
        self._fails_at, self._fault = call, fault
        self.failed = threading.Event()

    def _fail(self, call: str) -> None:
        if call == self._fails_at and not self.failed.is_set():
            self.failed.set()
            raise self._fault

    def exchange(self, *given: Any, **named: Any) -> Turn:
        self._fail("record" if named["settled"] else "claim")
        return super().exchange(*given, **named)

    def next_due(self, partner: str) -> datetime | None:
        self._fail("look")
        return super().next_due(partner)

    def see_worker(self, *given: Any, **named: Any) -> bool:
        self._fail("show")
        return super().see_worker(*given, **named)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", ["claim", "record", "show", "look"])
def test_a_worker_waits_for_a_store_that_fails_and_goes_on(bench: Bench, call: str, fault: str) -> None:
    """
    Its disk is full or it is gone for a moment, at whatever the worker asks of it: nobody need start the worker again,
    everything arrives in one call each, and nothing that was claimed is left lying until its lease ends.
    """
    bench.submit(*(a_dossier(code=f"H99.01.01-260302-{n:04}") for n in range(5)))
    bench.store.close()
    bench.store = store = Failing(bench.path, call, FAULTS[fault])
    stop = threading.Event()
    engine = Engine(
        store, bench.partner, SystemClock(), pace=Pace(concurrency=2, poll=timedelta(milliseconds=20)),
        retry=RetryPolicy(), breaker=BreakerPolicy(), roster=store,
    )  # fmt: skip

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(engine.run, stop)
        until(lambda: store.failed.is_set() and store.status()[0].delivered == 5, "all delivered")
        stop.set()
        counts = working.result(10)

    assert (counts.delivered, counts.unknown, len(bench.partner.calls), bench.partner.probes) == (5, 0, 5, [])


def test_a_lease_shorter_than_a_call_is_refused_at_the_start(bench: Bench) -> None:
    """
    Such a lease would let two workers send the same dossier at once.
    """
    bench.partner.longest_call = timedelta(seconds=60)

    with pytest.raises(ConfigurationError, match="lease_s"):
        bench.engine()
