"""More connections and requests than there is room for: who is served stays, who is turned away is told."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing

from tests.house import GET, LAST, House, answer, everything, is_problem
from tests.running import until


def test_one_source_does_not_take_all_the_places(house: Callable[..., House]) -> None:
    """
    The third connection from one address is refused, one from another is not; who leaves makes room.
    """
    opened = house(max_connections_per_source=2, head_s=5)
    with closing(opened.call()) as first, closing(opened.call()) as second:
        for each in (first, second):
            each.sendall(GET)
            assert b"ok" in answer(each)
        assert is_problem(opened.ask(), 429)
        with closing(opened.call("127.0.0.2")) as other:
            other.sendall(GET)
            assert b"ok" in answer(other)
        first.close()
        until(lambda: b"200 OK" in opened.ask(LAST), "there is room")

    assert set(opened.refused) == {"source-full"}


def test_a_proxy_may_bring_any_number(house: Callable[..., House]) -> None:
    """
    Behind it stand many; when the house is full, the one that was idle longest makes room.
    """
    opened = house(max_connections_per_source=1, max_connections=3, proxies=["127.0.0.1/32"], head_s=5)
    with ExitStack() as stack:
        idle = [stack.enter_context(closing(opened.call())) for _ in range(3)]
        for each in (idle[1], idle[0], idle[2]):
            each.sendall(GET)
            assert b"ok" in answer(each)
        newest = stack.enter_context(closing(opened.call()))
        newest.sendall(GET)
        assert b"ok" in answer(newest)
        assert everything(idle[1]) == b""
        idle[0].sendall(GET)
        assert b"ok" in answer(idle[0])

    assert opened.refused == {"crowded-out": 1}


def test_a_full_house_sends_away_nobody_who_is_served(house: Callable[..., House]) -> None:
    """
    Every place is worked for: the next one hears 503 and when to come back, the others get their answers.
    """
    opened = house(max_connections=2)
    with closing(opened.call()) as first, closing(opened.call()) as second:
        for each in (first, second):
            each.sendall(GET.replace(b"/ok", b"/wait"))
            assert opened.waiting.acquire(timeout=5)
        said = opened.ask()
        opened.hold.set()
        assert [answer(each).endswith(b"done") for each in (first, second)] == [True, True]

    assert is_problem(said, 503)
    assert b"Retry-After: " in said
    assert opened.refused == {"full": 1}


def test_more_work_than_can_be_done_is_turned_away_at_once(house: Callable[..., House]) -> None:
    """
    One request under way is all that this service bears: the second is told when to come back.
    """
    opened = house(max_requests=1)
    with closing(opened.call()) as first:
        first.sendall(GET.replace(b"/ok", b"/wait"))
        assert opened.waiting.acquire(timeout=5)
        said = opened.ask(GET)
        opened.hold.set()
        assert answer(first).endswith(b"done")

    assert is_problem(said, 503)
    assert b"retry-after: " in said.lower()
    assert opened.refused == {"too-many-requests": 1}
