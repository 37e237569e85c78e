"""Jobs on both databases: done by one process at a time, taken over from a silent one, forgotten after their time."""

from __future__ import annotations

from datetime import timedelta

from gateway.jobs import Jobs
from gateway.store.base import SqlStore
from gateway.store.jobs import Job
from tests.clocks import TestClock
from tests.stores import Backend

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def jobs(store: SqlStore, clock: TestClock) -> Jobs:
    return Jobs(store, clock)


def added(store: SqlStore, clock: TestClock, id_: str = "a") -> Jobs:
    found = jobs(store, clock)
    found.add(Job(id_, "import", "mot-cua", "waiting", clock.now(), clock.now(), {"source": "mot-cua"}))
    return found


def test_a_job_is_done_by_one_process_that_tells_how_far_it_is(backend: Backend) -> None:
    """
    Who comes second gets nothing, and may not speak for it.
    """
    clock = TestClock()
    one, other = added(backend.open(), clock), jobs(backend.open(), clock)

    taken = [each.take("a", place, silence=MINUTE) for each, place in ((one, "one"), (other, "other"))]
    spoke = [one.note("a", "one", {"done": 5}), other.note("a", "other", {"done": 9})]

    assert (taken, spoke) == ([{"source": "mot-cua"}, None], [True, False])
    found = other.find("a")
    assert found is not None
    assert (found.state, found.detail) == ("running", {"done": 5})


def test_a_silent_process_loses_its_job(backend: Backend) -> None:
    """
    A word in time keeps it; after a minute of silence it is the heir's, and the first may not end it any more.
    """
    clock = TestClock()
    one = added(backend.open(), clock)
    one.take("a", "one", silence=MINUTE)

    clock.advance(MINUTE)
    one.note("a", "one", {})
    clock.advance(MINUTE)
    early = one.take("a", "heir", silence=MINUTE)
    clock.advance(timedelta(seconds=1))
    late = one.take("a", "heir", silence=MINUTE)

    assert (early, late) == (None, {})
    assert not one.note("a", "one", {}, state="done")
    assert one.note("a", "heir", {}, state="done")


def test_what_is_given_back_is_free_at_once(backend: Backend) -> None:
    """
    A service that stops gracefully does not let its heir wait.
    """
    clock = TestClock()
    ours = added(backend.open(), clock)
    ours.take("a", "one", silence=MINUTE)

    ours.give_back("a", "other")
    kept = ours.take("a", "heir", silence=MINUTE)
    ours.give_back("a", "one")

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
    ours.take("a", "one", silence=MINUTE)
    ours.note("a", "one", {}, state="failed")

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
    one.take("b", "one", silence=MINUTE)
    one.take("d", "one", silence=MINUTE)
    one.note("d", "one", {}, state="done")
    clock.advance(MINUTE)
    one.hear_of(["c", "d"], silence=MINUTE)
    clock.advance(59 * MINUTE + timedelta(seconds=1))

    ended = one.end_silent("import", {"refusal": "gone"}, silence=60 * MINUTE)

    assert sorted(ended) == ["a", "b"]
    found = {id_: one.find(id_) for id_ in "abcd"}
    assert {id_: job.state for id_, job in found.items() if job} == {
        "a": "failed", "b": "failed", "c": "waiting", "d": "done",
    }  # fmt: skip
    assert found["a"] is not None
    assert found["a"].detail == {"source": "mot-cua", "refusal": "gone"}
    assert not one.note("b", "one", {})
    assert one.end_silent("import", {}, silence=60 * MINUTE) == []
