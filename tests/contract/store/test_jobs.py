"""Jobs on both databases: done by one process at a time, taken over from a silent one, forgotten after their time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from gateway.jobs import Jobs
from gateway.store.base import SqlStore
from gateway.store.jobs import Held
from tests.clocks import TestClock
from tests.stores import Backend, PostgresBackend

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def jobs(store: SqlStore, clock: TestClock) -> Jobs:
    return Jobs(store, clock)


def added(store: SqlStore, clock: TestClock, id_: str = "a") -> Jobs:
    found = jobs(store, clock)
    found.add(id_, "import", "mot-cua", {"source": "mot-cua"})
    return found


def held(ours: Jobs, place: str, id_: str = "a") -> Held:
    taken = ours.take(id_, place, silence=MINUTE)
    assert taken is not None
    return taken


def test_a_job_is_done_by_one_process_that_tells_how_far_it_is(backend: Backend) -> None:
    """
    Who comes second gets nothing, and may not speak for it.
    """
    clock = TestClock()
    one, other = added(backend.open(), clock), jobs(backend.open(), clock)

    mine = held(one, "one")
    spoke = [one.note(mine, {"done": 5}), other.note(replace(mine, place="other"), {"done": 9})]

    assert (mine.detail, other.take("a", "other", silence=MINUTE)) == ({"source": "mot-cua"}, None)
    assert spoke == [True, False]
    found = other.find("a")
    assert found is not None
    assert (found.state, found.detail) == ("running", {"done": 5})


def test_a_silent_process_loses_its_job(backend: Backend) -> None:
    """
    A word in time keeps it, also one that tells nothing; after a minute of silence it is the heir's, and the first may
    neither end it nor speak for it any more.
    """
    clock = TestClock()
    one = added(backend.open(), clock)
    first = held(one, "one")

    clock.advance(MINUTE)
    one.note(first, {})
    clock.advance(MINUTE)
    one.keep(first)
    clock.advance(MINUTE)
    early = one.take("a", "heir", silence=MINUTE)
    clock.advance(timedelta(seconds=1))
    heir = held(one, "heir")
    clock.advance(timedelta(seconds=30))
    one.keep(first)
    clock.advance(timedelta(seconds=31))

    assert early is None
    assert not one.note(first, {}, state="done")
    assert held(one, "third").turn == 3
    assert not one.note(heir, {}, state="done")


def test_one_place_that_takes_a_job_twice_is_fenced_from_itself(backend: Backend) -> None:
    """
    It was silent, took the job anew, and what it still did of the first time counts no more.
    """
    clock = TestClock()
    ours = added(backend.open(), clock)
    first = held(ours, "one")
    clock.advance(MINUTE + timedelta(seconds=1))
    second = held(ours, "one")

    ours.give_back(first)

    assert (first.turn, second.turn) == (1, 2)
    assert [ours.note(each, {}, state="done") for each in (first, second)] == [False, True]
    found = ours.find("a")
    assert found is not None
    assert found.turn == 2


def test_what_is_given_back_is_free_at_once(backend: Backend) -> None:
    """
    A service that stops gracefully does not let its heir wait.
    """
    clock = TestClock()
    ours = added(backend.open(), clock)
    mine = held(ours, "one")

    ours.give_back(replace(mine, place="other"))
    kept = ours.take("a", "heir", silence=MINUTE)
    ours.give_back(mine)

    assert kept is None
    assert ours.take("a", "heir", silence=MINUTE) is not None


def test_only_jobs_that_ended_are_forgotten(backend: Backend) -> None:
    """
    In their tenant; one that waits for its machine waits for ever.
    """
    clock = TestClock()
    store = backend.open()
    ours = added(store, clock)
    added(store, clock, "b")
    added(backend.open(tenant="H98"), clock)
    ours.note(held(ours, "one"), {}, state="failed")

    assert store.clear("jobs", 30 * DAY, now=clock.now() + 30 * DAY) == 0
    assert store.clear("jobs", 30 * DAY, now=clock.now() + 31 * DAY) == 1
    assert (ours.find("a"), ours.find("b") is not None) == (None, True)


def test_a_job_that_nobody_can_do_any_more_has_failed(backend: Backend) -> None:
    """
    Two were left by a machine that never came back, one waiting, one under way; a third waits where its file is. After
    an hour the lost ones are over and say why, also to a worker that wakes up; what was over before stays as it was.
    """
    clock = TestClock()
    one = added(backend.open(), clock)
    for id_ in ("b", "c", "d"):
        added(backend.open(), clock, id_)
    lost = held(one, "one", "b")
    one.note(held(one, "one", "d"), {}, state="done")
    clock.advance(MINUTE)
    one.hear_of(["c", "d"], silence=MINUTE)
    clock.advance(59 * MINUTE + timedelta(seconds=1))

    silent = one.silent("import", silence=60 * MINUTE)
    ended = one.end_silent("abcd", {"refusal": "gone"}, silence=60 * MINUTE)

    assert (sorted(silent), ended) == (["a", "b"], ["a", "b"])
    found = {id_: one.find(id_) for id_ in "abcd"}
    assert {id_: job.state for id_, job in found.items() if job} == {
        "a": "failed", "b": "failed", "c": "waiting", "d": "done",
    }  # fmt: skip
    assert found["a"] is not None
    assert found["a"].detail == {"source": "mot-cua", "refusal": "gone"}
    assert not one.note(lost, {})
    assert one.silent("import", silence=60 * MINUTE) == {}
    assert one.end_silent("ab", {}, silence=60 * MINUTE) == []


def test_a_machine_whose_clock_is_fast_takes_nobody_s_job(postgres_backend: PostgresBackend) -> None:
    """
    Its clock is two hours ahead of another's, and both share a server: silence is measured by the server's clock.
    """
    right, fast = TestClock(), TestClock()
    fast.advance(timedelta(hours=2))
    store = postgres_backend.open(server_clock=True)
    one, other = added(store, right), jobs(store, fast)
    other.add("b", "import", "mot-cua", {})
    mine = held(one, "one")

    assert other.take("a", "other", silence=MINUTE) is None
    assert other.silent("import", silence=60 * MINUTE) == {}
    assert other.end_silent("ab", {}, silence=60 * MINUTE) == []
    assert one.note(mine, {}, state="done")
    found = [one.find(id_) for id_ in "ab"]
    assert all(job and abs(job.changed_at - job.started_at) < MINUTE for job in found)
