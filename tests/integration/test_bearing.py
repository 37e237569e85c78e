"""What a partner bears, obeyed by an engine: rate, windows, slow-down; workers that are called, and drained."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from gateway.delivery import Bearing, Engine, Pace
from gateway.delivery.coordinator import Coordinator
from gateway.errors import Busy, DeliveryError, Rejected
from gateway.model import Change
from gateway.policy import LEAST_AHEAD, AdaptPolicy, BreakerPolicy, Limits, RateLimit, RetryPolicy, Window
from gateway.ports import Message, Outcome, SystemClock
from gateway.store.audit import Act
from gateway.store.base import SqlStore
from gateway.store.contract import Settled, Wish
from tests.builders import a_dossier
from tests.clocks import TestClock
from tests.partners import ScriptedPartner, failing
from tests.running import until
from tests.stores import Backend, PostgresBackend

SECOND = timedelta(seconds=1)


class TimedPartner(ScriptedPartner):
    """Notes when it was called; refuses every call with *poison* in it."""

    def __init__(self, clock: TestClock, **options: int) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # Only numbers are set here.
        self._clock = clock
        self.called_at: list[datetime] = []
        self.poison = ""

    def deliver(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        self.called_at.append(self._clock.now())
        if self.poison and any(message.dossier == self.poison for message in messages):
            self.script[messages[0].dossier] = [failing(Rejected("partner", "4", "Sai / wrong"))]
        return super().deliver(messages)


class Scene:
    def __init__(self, store: SqlStore, **options: int) -> None:
        self.store = store
        self.clock = TestClock()
        self.partner = TimedPartner(self.clock, **options)

    def submit(self, count: int) -> list[str]:
        codes = [f"H99.01.01-260302-{n:04d}" for n in range(count)]
        changes = [Change(source="t", source_id=code, body=a_dossier(code=code)) for code in codes]
        self.store.accept(changes, [self.partner], now=self.clock.now())
        return codes

    def engine(self, bearing: Bearing) -> Engine:
        return Engine(
            self.store, self.partner, self.clock,
            pace=Pace(concurrency=1, poll=timedelta(milliseconds=20), lease=timedelta(minutes=5)),
            retry=RetryPolicy(), breaker=BreakerPolicy(threshold=1000), bearing=bearing, chance=Random(7),
        )  # fmt: skip


@pytest.fixture
def scene(backend: Backend) -> Iterator[Scene]:
    yield Scene(backend.open())


def test_an_engine_keeps_to_the_rate(scene: Scene) -> None:
    """
    Thirty dossiers, five calls a second, two at once: no second sees more than seven.
    """
    scene.submit(30)

    scene.engine(Bearing(Limits(RateLimit(5, SECOND, 2)))).run_until_idle()

    at = scene.partner.called_at
    assert len(at) == 30
    for first in range(30):
        for last in range(first, 30):
            assert last - first + 1 <= 2 + (at[last] - at[first]) / SECOND * 5 + 1e-6


def test_splitting_a_refused_batch_keeps_to_the_rate_too(backend: Backend) -> None:
    """
    Sixteen travel together, one is poison: eight further calls find it, each in its turn.
    """
    scene = Scene(backend.open(), dossier_batch=16)
    scene.partner.poison = scene.submit(16)[5]

    scene.engine(Bearing(Limits(RateLimit(1, SECOND, 1)))).run_until_idle()

    gaps = [
        later - earlier for earlier, later in zip(scene.partner.called_at, scene.partner.called_at[1:], strict=False)
    ]
    assert len(scene.partner.called_at) == 9
    assert min(gaps) >= SECOND
    status = scene.store.status()[0]
    assert (status.delivered, status.dead) == (15, 1)


def test_a_refused_batch_falls_apart_where_no_lease_is_long_enough_to_split_it(backend: Backend) -> None:
    """
    One call in ten minutes, leases of five: the batch cannot be split while it is held. It travels in parts from then
    on, until the poison stands alone; what can go together does so again later.
    """
    scene = Scene(backend.open(), dossier_batch=4)
    scene.partner.poison = scene.submit(8)[2]
    minutes = timedelta(minutes=10)

    scene.engine(Bearing(Limits(RateLimit(1, minutes, 1)))).run_until_idle()

    status = scene.store.status()[0]
    assert (status.delivered, status.dead) == (7, 1)
    assert len(scene.partner.called_at) <= 12


def test_an_engine_waits_out_a_window_and_no_attempt_is_lost(scene: Scene) -> None:
    """
    The partner is closed for an hour: nothing is called in it, everything after it, each in its first attempt.
    """
    scene.submit(5)
    closed = Window(scene.clock.now(), scene.clock.now() + 3600 * SECOND, "Bảo trì")

    scene.engine(Bearing(windows=(closed,))).run_until_idle()

    assert min(scene.partner.called_at) >= closed.end
    assert (scene.store.status()[0].delivered, scene.store.status()[0].attempts) == (5, 5)


def test_while_others_make_all_calls_a_worker_looks_again_only_after_a_while(scene: Scene) -> None:
    """
    The only call that the partner bears is somebody else's: what waits is due, and still the database has peace.
    """
    scene.submit(2)
    limits = Limits(in_flight=1)
    scene.store.exchange(
        "partner", scene.partner.operations, worker="other", settled=[], state=None,
        wish=Wish(1, timedelta(minutes=5), limits), now=scene.clock.now(),
    )  # fmt: skip
    coordinator = Coordinator(
        scene.store, scene.partner, scene.clock, pace=Pace(poll=SECOND), retry=RetryPolicy(), breaker=BreakerPolicy(),
        bearing=Bearing(limits),
    )  # fmt: skip

    assert coordinator.turn([]) == []
    assert coordinator.next_due() == scene.clock.now() + SECOND


def test_too_many_requests_slow_all_workers_down(scene: Scene) -> None:
    """
    The partner says 429: the slow-down stands in the store, where every worker reads it, and wears off again.
    """
    codes = scene.submit(3)
    busy: DeliveryError = Busy("partner", "http-429", "Quá nhiều yêu cầu / too many requests")
    scene.partner.script[codes[0]] = [failing(busy)]
    adapt = AdaptPolicy(step=4.0, ease=1.01, every=timedelta(0))

    scene.engine(Bearing(adapt=adapt)).run_until_idle()

    assert scene.store.status()[0].delivered == 3
    assert 1 < scene.store.status()[0].slowdown < 4


@pytest.mark.parametrize(("harmless", "ahead"), [(True, 256), (False, LEAST_AHEAD)])
def test_a_fast_partner_is_claimed_for_further_ahead(store: SqlStore, harmless: bool, ahead: int) -> None:
    """
    Lanes come back fast, so more are held at once: but not where a killed worker would leave a person to decide about
    each of them.
    """
    scene = Scene(store, harmless=harmless)
    scene.submit(600)
    coordinator = Coordinator(
        store, scene.partner, scene.clock, pace=Pace(concurrency=1, lease=timedelta(minutes=5)),
        retry=RetryPolicy(), breaker=BreakerPolicy(), chance=Random(7),
    )  # fmt: skip
    held: list[int] = []
    settled: list[Settled] = []
    for _ in range(3):
        batches = coordinator.turn(settled)
        held.append(coordinator.outstanding)
        settled = [item for batch in batches for item in coordinator.courier.carry(batch)]
        scene.clock.advance(timedelta(milliseconds=10))

    assert held == [LEAST_AHEAD, ahead, ahead]


def test_a_worker_is_called_when_there_is_work(postgres_backend: PostgresBackend) -> None:
    """
    PostgreSQL calls whoever listens, of the same tenant only, as soon as the change is committed.
    """
    heard: list[str] = []
    ours, theirs = postgres_backend.open("H99"), postgres_backend.open("H98")
    silence = ours.listen(heard.append)
    until(lambda: heard == [""], "the connection")

    Scene(theirs).submit(1)
    Scene(ours).submit(1)
    until(lambda: len(heard) > 1, "a call")

    assert heard == ["", "partner"]
    silence()


def test_a_listener_finds_the_server_again(postgres_backend: PostgresBackend) -> None:
    """
    Its connection is cut: it connects anew, and says that something may have been missed.
    """
    heard: list[str] = []
    store = postgres_backend.open()
    silence = store.listen(heard.append)
    until(lambda: heard == [""], "the first connection")

    postgres_backend.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
    until(lambda: heard == ["", ""], "the second connection")
    Scene(store).submit(1)
    until(lambda: heard == ["", "", "partner"], "a call")

    silence()


def test_one_of_two_workers_is_drained(backend: Backend) -> None:
    """
    Both show themselves; one place is asked to leave: its engine ends by itself, the other goes on until it is stopped.
    """
    store = backend.open()
    partner = ScriptedPartner()
    stop = threading.Event()

    def engine() -> Engine:
        return Engine(
            store, partner, SystemClock(), pace=Pace(poll=timedelta(milliseconds=20)), retry=RetryPolicy(),
            breaker=BreakerPolicy(), roster=store,
        )  # fmt: skip

    threads = [threading.Thread(target=engine().run, args=(stop,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    until(lambda: len(store.workers()) == 2, "two workers")
    backend.execute("UPDATE lt_worker SET place = 'may-2' WHERE worker = (SELECT max(worker) FROM lt_worker)")

    store.drain(Act("an", datetime.now(UTC), "Nâng cấp"), "may-2")
    until(lambda: len(store.workers()) == 1, "one worker")
    until(lambda: sum(thread.is_alive() for thread in threads) == 1, "one thread")

    stop.set()
    for thread in threads:
        thread.join(10)
    assert store.workers() == []
