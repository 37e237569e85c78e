"""One flight for all, and one session for all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from connectors.national_portal.flight import OneFlight
from connectors.national_portal.patience import Patience
from connectors.national_portal.session import Session
from gateway.errors import AuthenticationFailed, DeliveryError, Unreachable

THREADS = 8


class Ticks:
    """A monotonic clock that tests move by hand."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def patience(ticks: Callable[[], float], calls: int = 3) -> Patience:
    return Patience("cong", call_s=15, calls=calls, start_s=6, monotonic=ticks)


def late() -> DeliveryError:
    return Unreachable("cong", "late", "")


class Watched:
    """A key that says when it was looked up *times* times: whoever looked holds the running flight."""

    def __init__(self, times: int) -> None:
        self._left = times
        self.looked = threading.Event()

    def __hash__(self) -> int:
        self._left -= 1
        if self._left == 0:
            self.looked.set()
        return 1


def test_many_threads_make_one_flight() -> None:
    """
    The one that comes first fetches; the others wait for it and take the same value.
    """
    flights: OneFlight[Watched, object] = OneFlight()
    # The first looks and writes down its flight, seven others look.
    key = Watched(times=2 + THREADS - 1)
    fetched: list[object] = []

    def fetch() -> object:
        key.looked.wait(30)
        fetched.append(object())
        return fetched[-1]

    with ThreadPoolExecutor(THREADS) as pool:
        values = list(pool.map(lambda _: flights.take(key, fetch, wait_s=30, late=late), range(THREADS)))

    assert len(fetched) == 1
    assert set(values) == set(fetched)


def test_a_failure_is_shared_as_an_own_instance() -> None:
    """
    Nobody logs in with the same wrong password right behind, and no two threads raise one object.
    """
    flights: OneFlight[Watched, str] = OneFlight()
    key = Watched(times=2 + 1)
    failure = AuthenticationFailed("cong", "5", "sai mật khẩu")

    def fetch() -> str:
        key.looked.wait(30)
        raise failure

    with ThreadPoolExecutor(2) as pool:
        takes = [pool.submit(flights.take, key, fetch, wait_s=30, late=late) for _ in range(2)]
        errors = [take.exception(30) for take in takes]

    assert [type(error) for error in errors] == [AuthenticationFailed] * 2
    assert sum(error is failure for error in errors) == 1


def test_waiting_for_a_flight_ends() -> None:
    """
    A thread gives up on another's flight when its own time is over.
    """
    flights: OneFlight[str, str] = OneFlight()
    begun, go = threading.Event(), threading.Event()

    def fetch() -> str:
        begun.set()
        go.wait(30)
        return "late"

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(flights.take, "k", fetch, wait_s=30, late=late)
        begun.wait(30)
        with pytest.raises(Unreachable):
            flights.take("k", fetch, wait_s=0.01, late=late)
        go.set()
        assert first.result(30) == "late"


def test_a_session_is_used_for_its_lifetime() -> None:
    """
    Ten minutes by default, then a new login (contract 2.4).
    """
    ticks = Ticks()
    logins: list[str] = []

    def log_in(_: Patience) -> str:
        logins.append(f"s{len(logins)}")
        return logins[-1]

    session = Session(log_in, lifetime_s=600, monotonic=ticks)

    assert session.token(patience(ticks)) == "s0"
    ticks.at += 599
    assert session.token(patience(ticks)) == "s0"
    ticks.at += 2
    assert session.token(patience(ticks)) == "s1"
    assert "s1" not in repr(session)


def test_a_session_that_another_thread_replaced_is_not_replaced_again() -> None:
    """
    Eight calls fail on the same dead session: one login, seven find the new one.
    """
    ticks = Ticks()
    logins: list[int] = []

    def log_in(_: Patience) -> str:
        logins.append(1)
        return f"s{len(logins)}"

    session = Session(log_in, lifetime_s=600, monotonic=ticks)
    dead = session.token(patience(ticks))

    with ThreadPoolExecutor(THREADS) as pool:
        fresh = set(pool.map(lambda _: session.token(patience(ticks), instead_of=dead), range(THREADS)))

    assert fresh == {"s2"}
    assert len(logins) == 2


def test_no_call_begins_that_could_not_end_in_time() -> None:
    """
    Three calls' worth of time for an errand; a call gets no more than its own share.
    """
    ticks = Ticks()
    errand = patience(ticks)

    assert errand.call_until() == 1015
    ticks.at += 38
    assert errand.call_until() == 1045
    ticks.at += 2
    with pytest.raises(Unreachable, match="out-of-time"):
        errand.call_until()
