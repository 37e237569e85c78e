"""Signed notices: believed when proven, stored first, one effect, the first answer again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.callbacks import Callbacks
from gateway.callbacks.processing import CHUNK
from gateway.callbacks.strangers import Strangers
from gateway.notices import PartnerCall, Why
from gateway.ports import Inbox, Reply
from gateway.store.base import SqlStore
from tests.callers import CallingPartner, notice, settings, signed
from tests.clocks import TestClock
from tests.stores import Backend


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@contextmanager
def opened(store: SqlStore, clock: TestClock, partner: CallingPartner, **changes: Any) -> Iterator[Callbacks]:
    with closing(Callbacks(store, [partner], clock, {partner.name: settings(**changes)})) as callbacks:
        yield callbacks


def told(callbacks: Callbacks, body: bytes, *, path: str = "/paid", source: str = "192.0.2.1", **headers: str) -> Reply:
    """As the service does it: first without the body."""
    named = lowered({**signed(body), **headers})
    reply = callbacks.turned_away("thu", PartnerCall(path, b"", named, source)) or callbacks.take(
        "thu", PartnerCall(path, body, named, source)
    )
    assert reply is not None
    return reply


def lowered(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def became(callbacks: Callbacks) -> list[tuple[str, int]]:
    """What became of the notices, oldest first, and how often each came."""
    return [(each.said or "waits", each.times) for each in reversed(callbacks.newest())]


def test_a_repeat_gets_the_first_answer_and_has_no_effect(store: SqlStore, clock: TestClock) -> None:
    """
    The provider's answer was lost, so it calls again, next day too: one dossier, and the very answer of the first time.
    """
    partner = CallingPartner()
    with opened(store, clock, partner) as callbacks:
        first = told(callbacks, notice())
        clock.advance(timedelta(days=1))
        again = told(callbacks, notice())

        assert (first.status, first.body) == (again.status, again.body) == (200, b'{"ok":1}')
        assert partner.received == ["gd-1"]
        assert store.totals() == {"dossiers": 1, "dossier": 1}
        assert became(callbacks) == [("taken", 2)]


def test_the_same_id_with_another_body_is_refused_and_recorded(store: SqlStore, clock: TestClock) -> None:
    """
    Somebody tells something else under an id that was taken: 409, the first stays, and both can be seen.
    """
    with opened(store, clock, CallingPartner()) as callbacks:
        told(callbacks, notice())
        other = told(callbacks, notice(subject="Khác"))

        assert other.status == 409
        assert told(callbacks, notice()).body == b'{"ok":1}'
        assert became(callbacks) == [("taken", 3), ("conflict", 1)]
        assert store.totals() == {"dossiers": 1, "dossier": 1}


def test_a_forgery_leaves_nothing_but_its_count(store: SqlStore, clock: TestClock) -> None:
    """
    Unsigned, signed for another body, with another secret: refused before anything of it is kept, counted by source.
    """
    with opened(store, clock, CallingPartner()) as callbacks:
        refused = [
            told(callbacks, notice(), **{"X-Vidu-Signature": ""}),
            told(callbacks, notice(), **signed(notice(2))),
            told(callbacks, notice(), source="192.0.2.2", **signed(notice(), "khoa-khac-0123456")),
        ]

        assert [each.status for each in refused] == [401] * 3
        assert callbacks.newest() == []
        assert {(each.why, each.source): each.times for each in callbacks.strangers()} == {
            ("forged", "192.0.2.1"): 2,
            ("forged", "192.0.2.2"): 1,
        }
        assert store.totals()["dossiers"] == 0


def test_who_calls_too_often_waits_and_others_do_not(store: SqlStore, clock: TestClock) -> None:
    """
    A burst of two, then 429 before the body is read; a second later it may call again.
    """
    with opened(store, clock, CallingPartner(), rate=1, burst=2) as callbacks:
        statuses = [told(callbacks, notice(number)).status for number in (1, 2, 3)]
        statuses.append(told(callbacks, notice(3), source="192.0.2.9").status)
        clock.advance(timedelta(seconds=1))
        statuses.append(told(callbacks, notice(4)).status)

        assert statuses == [200, 200, 429, 200, 200]
        assert [(each.why, each.source) for each in callbacks.strangers()] == [("too-many", "192.0.2.1")]


def test_what_was_refused_may_come_again_mended(store: SqlStore, clock: TestClock) -> None:
    """
    A notice that had no effect does not use up its id: the provider mends it and is heard.
    """
    with opened(store, clock, CallingPartner()) as callbacks:
        bodies = [told(callbacks, body).body for body in (notice(amount=-1), notice(amount=-1), notice(), notice())]

        assert bodies == [b'{"ok":false}', b'{"ok":false}', b'{"ok":1}', b'{"ok":1}']
        assert became(callbacks) == [("refused", 1), ("refused", 1), ("taken", 2)]


def test_slow_work_does_not_keep_the_caller_waiting(store: SqlStore, clock: TestClock) -> None:
    """
    The work takes longer than the caller shall wait: it is told that the notice is safe, and the work goes on.
    """
    partner = CallingPartner(hold=threading.Event())
    assert partner.hold is not None
    with opened(store, clock, partner, answer_s=0.02) as callbacks:
        early = told(callbacks, notice())
        partner.hold.set()

    with opened(store, clock, partner) as callbacks:
        assert (early.status, early.body) == (202, b'{"accepted":true}')
        assert became(callbacks) == [("taken", 1)]
        assert told(callbacks, notice()).body == b'{"ok":1}'


def test_work_that_fails_is_done_later_from_what_was_stored(store: SqlStore, clock: TestClock) -> None:
    """
    A bug, or a process that ends between storing and processing: whoever looks next does the work, at growing distance.
    """
    partner = CallingPartner(bursts=2)
    with opened(store, clock, partner) as callbacks:
        early = told(callbacks, notice())
        waits = [callbacks.work_off()]
        for _ in range(3):
            clock.advance(timedelta(seconds=10))
            waits.append(callbacks.work_off())

        assert early.status == 202
        assert waits == [0, 1, 0, 1]
        assert partner.received == ["gd-1"]
        assert became(callbacks) == [("taken", 1)]


def test_work_that_always_fails_ends_with_a_person(store: SqlStore, clock: TestClock) -> None:
    """
    A bug of ours: after the attempts that are allowed the notice is parked, not deleted, not tried, and counted as
    waiting. Mended, a person has it tried again, and that stands in the audit.
    """
    with opened(store, clock, CallingPartner(bursts=99), most_attempts=3) as callbacks:
        told(callbacks, notice())
        tried = []
        for _ in range(6):
            clock.advance(timedelta(hours=2))
            tried.append(callbacks.work_off())
        ((partner, ids),) = callbacks.parked().items()

        assert (tried, partner, became(callbacks)) == ([1, 1, 0, 0, 0, 0], "thu", [("parked", 1)])
        assert store.vitals().to_process == {"thu": 1}
        assert store.clear("notices", timedelta(0), now=clock.now()) == 0
        assert callbacks.try_again([ids[0] + 1], actor="an") == []

    with opened(store, clock, CallingPartner()) as callbacks:
        assert callbacks.try_again(None, actor="an") == ids
        assert callbacks.work_off() == 1
        assert became(callbacks) == [("taken", 1)]
        assert [(entry.actor, entry.action, entry.subject) for entry in store.audit()] == [
            ("an", "try-notice-again", str(ids[0]))
        ]


def test_a_parked_notice_that_is_told_again_is_tried_at_once(store: SqlStore, clock: TestClock) -> None:
    """
    The provider repeats what we could not process: mended by then, it has its effect without a person.
    """
    with opened(store, clock, CallingPartner(bursts=1), most_attempts=1) as callbacks:
        told(callbacks, notice())
        assert became(callbacks) == [("parked", 1)]

        assert told(callbacks, notice()).body == b'{"ok":1}'
        assert became(callbacks) == [("taken", 2)]


def test_a_notice_that_nobody_processed_is_picked_up_at_the_next_start(store: SqlStore, clock: TestClock) -> None:
    """
    More notices than one look takes: the service that starts works them off before it waits.
    """
    with opened(store, clock, CallingPartner(bursts=CHUNK + 5), rate=1000, burst=1000) as callbacks:
        for number in range(1, CHUNK + 6):
            told(callbacks, notice(number))
    clock.advance(timedelta(seconds=30))
    partner, stop = CallingPartner(), threading.Event()

    with opened(store, clock, partner) as callbacks:
        thread = threading.Thread(target=callbacks.run, args=(stop,))
        thread.start()
        for _ in range(500):
            if len(partner.received) == CHUNK + 5:
                break
            stop.wait(0.01)
        stop.set()
        thread.join()

        assert sorted(partner.received) == sorted(f"gd-{n}" for n in range(1, CHUNK + 6))


def test_a_notice_of_a_partner_that_is_gone_waits_until_it_is_back(store: SqlStore, clock: TestClock) -> None:
    """
    Its section was taken out of the configuration for a month. The notice waits, is counted, uses no attempt and holds
    up nobody; when the section is there again, the notice has its effect.
    """
    with opened(store, clock, CallingPartner(bursts=1)) as callbacks:
        told(callbacks, notice())
    clock.advance(timedelta(seconds=30))
    with closing(Callbacks(store, [], clock, {})) as without:
        for _ in range(30):
            assert without.work_off() == 0
            clock.advance(timedelta(days=1))
        assert (without.waiting(), without.parked()) == ({"thu": 1}, {})
        (seen,) = without.newest()
        assert (seen.said, seen.attempts) == ("", 1)

        partner = CallingPartner()
        without.reconfigure([partner], {partner.name: settings()})
        assert without.work_off() == 1
        assert (without.waiting(), became(without)) == ({}, [("taken", 1)])


@dataclass
class Leaving(CallingPartner):
    """Calls *leave* while it takes something in."""

    leave: Callable[[], None] = lambda: None

    def receive(self, path: str, content: bytes, inbox: Inbox, now: datetime) -> Reply | None:
        self.leave()
        return super().receive(path, content, inbox, now)


def test_a_partner_that_goes_amid_the_work_costs_no_notice_an_attempt(store: SqlStore, clock: TestClock) -> None:
    """
    Its section is taken out while what it told is worked off: the notice at hand is done, the next one waits as it is.
    """
    partner = Leaving(bursts=2)
    with opened(store, clock, partner, most_attempts=2) as callbacks:
        for number in (1, 2):
            told(callbacks, notice(number))
        clock.advance(timedelta(seconds=30))
        partner.leave = lambda: callbacks.reconfigure([], {})
        callbacks.work_off()

        assert [(each.said, each.attempts) for each in callbacks.newest()] == [("", 1), ("taken", 1)]
        assert (callbacks.waiting(), callbacks.parked()) == ({"thu": 1}, {})


def test_a_partner_that_goes_during_its_call_gets_an_answer(store: SqlStore, clock: TestClock) -> None:
    """
    Taken out while its body is still being read, it has no place here any more; a moment later, with the notice stored,
    it is told that the notice is safe, and it is.
    """
    partner = Leaving(bursts=1)
    call = PartnerCall("/paid", notice(), lowered(signed(notice())), "192.0.2.1")
    with opened(store, clock, partner) as callbacks:
        assert callbacks.turned_away("thu", replace(call, content=b"")) is None
        callbacks.reconfigure([], {})
        assert callbacks.take("thu", call) is None

        callbacks.reconfigure([partner], {"thu": settings()})
        partner.leave = lambda: callbacks.reconfigure([], {})
        reply = callbacks.take("thu", call)

        assert reply is not None
        assert (reply.status, callbacks.waiting()) == (202, {"thu": 1})


def test_two_processes_hear_the_same_at_once(backend: Backend, clock: TestClock) -> None:
    """
    A repeat arrives at both services while the first is worked on: one effect, and one answer for both.
    """
    partner = CallingPartner()
    with (
        opened(backend.open(), clock, partner, rate=1000, burst=1000) as one,
        opened(backend.open(), clock, partner, rate=1000, burst=1000) as other,
        ThreadPoolExecutor(4) as pool,
    ):
        for number in range(1, 9):
            replies = list(pool.map(lambda callbacks: told(callbacks, notice(number)), (one, other, one, other)))  # noqa: B023
            assert len({(reply.status, reply.body) for reply in replies}) == 1

        assert became(one) == [("taken", 4)] * 8
        assert len(partner.received) == 8


def test_a_place_that_is_none_is_said_so(store: SqlStore, clock: TestClock) -> None:
    """
    A wrong path and a body that is no JSON: answered, recorded, and without an effect.
    """
    with opened(store, clock, CallingPartner()) as callbacks:
        assert (
            callbacks.take("thu", PartnerCall("/elsewhere", notice(), lowered(signed(notice())), "192.0.2.1")) is None
        )
        assert told(callbacks, b"<xml/>").status == 400
        assert became(callbacks) == [("unreadable", 1)] * 2


def test_ids_and_places_that_no_database_bears(store: SqlStore, clock: TestClock) -> None:
    """
    An endless id and one with a NUL are ids like others: one effect each, however often they come. A place with a NUL
    is none.
    """
    ids = ("x" * 100_000, "gd\x00")
    with opened(store, clock, CallingPartner()) as callbacks:
        bodies = [told(callbacks, notice(number, id=id_)).body for number, id_ in enumerate(ids, 1) for _ in range(2)]
        call = PartnerCall("/paid\x00", notice(), lowered(signed(notice())), "192.0.2.1")

        assert bodies == [b'{"ok":1}', b'{"ok":1}', b'{"ok":2}', b'{"ok":2}']
        assert callbacks.take("thu", call) is None


def test_a_stranger_with_many_addresses_fills_no_table(store: SqlStore, clock: TestClock) -> None:
    """
    Forgeries from more addresses than are told apart are counted together; none is lost.
    """
    strangers = Strangers(store, most=10)
    for number in range(30):
        strangers.note("thu", Why.FORGED, f"10.1.2.{number}", clock.now())
    strangers.tell(clock.now())

    with opened(store, clock, CallingPartner()) as callbacks:
        counted = callbacks.strangers()
    assert len(counted) == 11
    assert {each.source: each.times for each in counted}["*"] == 20
    assert sum(each.times for each in counted) == 30


def test_old_notices_go_and_waiting_ones_stay(store: SqlStore, clock: TestClock) -> None:
    """
    Retention takes what is done, a chunk at a time; what waits to be processed is nobody's to delete.
    """
    with opened(store, clock, CallingPartner(bursts=1)) as callbacks:
        told(callbacks, notice(1))
        told(callbacks, notice(2))
        told(callbacks, b"", **{"X-Vidu-Signature": "0"})
        callbacks.strangers()
        later = clock.now() + timedelta(days=91)

        gone = [store.clear(kind, timedelta(days=90), now=later) for kind in ("notices", "turned_away")]

        assert gone == [1, 1]
        assert became(callbacks) == [("waits", 1)]
