"""Who is let in, and how much is held at once: decided without a network."""

from __future__ import annotations

import asyncio
from collections import Counter
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from gateway.service.guard import Door, Shedding
from gateway.service.published.problems import Refusal


class SomeGuest:
    def __init__(self) -> None:
        self.left = False

    def leave(self) -> None:
        self.left = True

    def look(self, now: float) -> None:
        """Has time."""


MOVES = st.lists(
    st.tuples(st.sampled_from(["come", "work", "rest", "go"]), st.integers(0, 9), st.integers(0, 2)), max_size=60
)


@given(MOVES)
def test_the_house_is_never_fuller_than_it_may_be(moves: list[tuple[str, int, int]]) -> None:
    """
    However guests come and go: never more than may be in, in all and from one source; nobody leaves who is served.
    """
    door = Door(most=4, most_per_source=2, proxies=(), refused=lambda _: None)
    inside: dict[SomeGuest, int] = {}
    working: set[SomeGuest] = set()
    for move, which, source in moves:
        if move == "come":
            guest = SomeGuest()
            kind = door.admit(guest, f"10.0.0.{source}")
            assert (kind == "too-many") is (list(inside.values()).count(source) >= 2)
            for each in [each for each in inside if each.left]:
                assert each not in working
                del inside[each]
            if not kind:
                inside[guest] = source
        elif inside:
            guest = list(inside)[which % len(inside)]
            if move == "work":
                door.busy(guest)
                working.add(guest)
            elif move == "rest":
                door.idle(guest)
                working.discard(guest)
            else:
                door.left(guest)
                working.discard(guest)
                del inside[guest]
        assert len(door) == len(inside) <= 4
        assert max(Counter(inside.values()).values(), default=0) <= 2


@pytest.mark.parametrize(
    ("addresses", "admitted"),
    [
        (["10.0.0.1", "10.0.0.1"], [True, False]),
        (["10.0.0.1", "::ffff:10.0.0.1"], [True, False]),
        (["2001:db8:1:1::1", "2001:db8:1:1:ffff::2"], [True, False]),
        (["2001:db8:1:1::1", "2001:db8:1:2::1"], [True, True]),
        (["10.9.0.1", "10.9.0.1", "::ffff:10.9.0.1"], [True, True, True]),
        (["", ""], [True, True]),
    ],
    ids=["one address", "written as version 6", "one customer's network", "two customers", "a proxy", "a local socket"],
)
def test_what_counts_as_one_source(addresses: list[str], admitted: list[bool]) -> None:
    """
    One place each.
    """
    door = Door(most=9, most_per_source=1, proxies=[ip_network("10.9.0.0/16")], refused=lambda _: None)

    assert [door.admit(SomeGuest(), address) == "" for address in addresses] == admitted


def test_bodies_are_counted_together_until_they_are_answered() -> None:
    """
    Of two uploads of 60 bytes the second passes 100 and is refused; once the first is answered it is taken. What is
    streamed holds no more than one body may.
    """
    refused: list[str] = []

    async def story() -> None:
        answered = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            while (await receive())["more_body"]:
                pass
            if scope["path"] == "/waits":
                await answered.wait()

        shedding = Shedding(app, most_requests=9, most_held_bytes=100, most_body_bytes=60, refused=refused.append)

        async def ask(path: str, parts: int) -> None:
            left = iter(range(parts, 0, -1))

            async def receive() -> Message:
                return {"type": "http.request", "body": bytes(20), "more_body": next(left) > 1}

            async def send(message: Message) -> None:
                """Nobody listens."""

            await shedding({"type": "http", "path": path}, receive, send)

        first = asyncio.create_task(ask("/waits", 3))
        await asyncio.sleep(0)
        with pytest.raises(Refusal):
            await ask("/b", 3)
        await ask("/health/live", 3)
        answered.set()
        await first
        await ask("/b", 3)
        await ask("/streams", 50)

    asyncio.run(story())

    assert refused == ["too-many-bytes"]
