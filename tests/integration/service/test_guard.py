"""Connections that behave badly, on real sockets: each is sent away, and the others never notice."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response

from gateway.config import ServiceSettings
from gateway.service import Server
from gateway.service.guard import Shedding
from gateway.service.published.problems import answer_with_problems
from gateway.service.requests.bodies import raw

GET = b"GET /ok HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST = GET.replace(b"Host: x", b"Host: x\r\nConnection: close")
BIG_BYTES = 20_000_000


@dataclass
class House:
    """A service with short patience, and why it sent connections away."""

    port: int
    refused: Counter[str]
    hold: threading.Event = field(default_factory=threading.Event)
    """Ends what ``/wait`` waits for."""
    waiting: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def call(self, source: str = "127.0.0.1") -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), 5, (source, 0))
        connection.settimeout(5)
        return connection

    def ask(self, *said: bytes, source: str = "127.0.0.1") -> bytes:
        """What comes until the service closes."""
        with closing(self.call(source)) as connection:
            with suppress(ConnectionError):
                for each in said:
                    connection.sendall(each)
            return everything(connection)


def everything(connection: socket.socket) -> bytes:
    parts = []
    with suppress(ConnectionError):
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def answer(connection: socket.socket) -> bytes:
    """The next answer."""
    said = b""
    while b"\r\n\r\n" not in said:
        said += connection.recv(65536)
    length = int(said.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
    while len(said) < said.index(b"\r\n\r\n") + 4 + length:
        said += connection.recv(65536)
    return said


def is_problem(said: bytes, status: int) -> bool:
    head, _, body = said.partition(b"\r\n\r\n")
    return (
        said.startswith(b"HTTP/1.1 %d " % status)
        and b"application/problem+json" in head
        and b'"status":%d' % status in body
    )


@pytest.fixture
def house() -> Iterator[Callable[..., House]]:
    """Opens services with settings of their own."""
    with ExitStack() as stack:

        def open_house(**changes: Any) -> House:
            values: dict[str, Any] = {
                "listen": "127.0.0.1:0", "head_s": 0.3, "body_s": 0.3, "answer_s": 0.3, "max_head_bytes": 8192,
                "max_body_bytes": 100_000,
            }  # fmt: skip
            settings = ServiceSettings(**values | changes)
            refused: Counter[str] = Counter()
            app = FastAPI()
            opened = House(0, refused)
            answer_with_problems(app)
            app.add_middleware(
                Shedding, most_requests=settings.max_requests, most_held_bytes=settings.max_held_bytes,
                most_body_bytes=settings.max_body_bytes, refused=lambda reason: refused.update([reason]),
            )  # fmt: skip

            @app.get("/ok")
            def ok() -> Response:
                return Response(b"ok")

            @app.get("/big")
            def big() -> Response:
                return Response(bytes(BIG_BYTES))

            @app.get("/wait")
            def wait() -> Response:
                opened.waiting.release()
                opened.hold.wait(5)
                return Response(b"done")

            @app.post("/said")
            async def said(request: Request) -> Response:
                await raw(request, settings.max_body_bytes)
                return Response(request.headers.get("x-said", "nothing"))

            @app.post("/body")
            async def body(request: Request) -> Response:
                return Response(b"%d" % len(await raw(request, settings.max_body_bytes)))

            @app.post("/repeat")
            async def repeat(request: Request) -> Response:
                return Response(await raw(request, settings.max_body_bytes))

            server = stack.enter_context(
                Server(app, settings, stop_s=1.0, refused=lambda reason: refused.update([reason]))
            )
            stack.callback(opened.hold.set)
            assert server.wait_until_ready(time.sleep)
            opened.port = int(server.url.rpartition(":")[2])
            return opened

        yield open_house


def test_who_says_nothing_is_not_waited_for(house: Callable[..., House]) -> None:
    """
    A connection that was opened and left is closed; who asked once may pause.
    """
    opened = house()
    with closing(opened.call()) as patient:
        patient.sendall(GET)
        assert b"ok" in answer(patient)
        assert opened.ask() == b""
        patient.sendall(GET)
        assert b"ok" in answer(patient)

    assert opened.refused == {"silent": 1}


@pytest.mark.parametrize(
    ("said", "reason"),
    [(GET[:-2], "slow-head"), (POST % 10 + b"half", "slow-body")],
    ids=["head", "body"],
)
def test_who_does_not_end_is_told_so(house: Callable[..., House], said: bytes, reason: str) -> None:
    """
    Half a request and then silence: 408, in Vietnamese first.
    """
    opened = house()

    said = opened.ask(said)

    assert is_problem(said, 408)
    assert "Gửi quá chậm / Sent too slowly".encode() in said
    assert opened.refused == {reason: 1}


def test_a_drop_now_and_then_gains_no_time(house: Callable[..., House]) -> None:
    """
    A head that comes byte by byte is ended all the same.
    """
    opened = house()
    with closing(opened.call()) as connection:
        began = time.monotonic()
        with suppress(ConnectionError):
            for byte in GET * 3:
                connection.sendall(bytes([byte]))
                time.sleep(0.02)
        assert is_problem(everything(connection), 408)

    assert time.monotonic() - began < 3


def test_a_slow_line_that_keeps_its_pace_is_waited_for(house: Callable[..., House]) -> None:
    """
    Longer than ``body_s``, with more than ``min_body_bytes_per_s``.
    """
    opened = house(min_body_bytes_per_s=10_000)
    with closing(opened.call()) as connection:
        connection.sendall(POST % 100_000)
        for _ in range(10):
            connection.sendall(b"x" * 10_000)
            time.sleep(0.06)
        assert answer(connection).endswith(b"100000")


@pytest.mark.parametrize(
    "said",
    [
        GET[:-2] + b"X: " + b"x" * 10_000,
        GET[:-2] + b"X: " + b"x" * 10_000 + b"\r\n\r\n",
        GET[:-2] + b"X: y\r\n" * 5000,
        b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["one header without end", "one long header", "many headers", "a long address"],
)
def test_a_head_beyond_bounds_is_refused(house: Callable[..., House], said: bytes) -> None:
    """
    Whether it ever ends or not.
    """
    opened = house()

    refusal = opened.ask(said)

    assert is_problem(refusal, 431)
    assert b"\r\nCache-Control: no-store\r\n" in refusal
    assert opened.refused == {"head-too-large": 1}


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /ok HTTP/1.1\r\nHost : x\r\n\r\n",
        b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["TLS", "a blank in a name", "CONNECT", "no ASCII", "two lengths", "two other lengths", "negative", "no chunk"],
)
def test_what_could_be_read_in_two_ways_is_not_read(house: Callable[..., House], said: bytes) -> None:
    """
    A proxy in front may see another request than we do: such a one ends with 400, and its connection with it.
    """
    opened = house()

    assert is_problem(opened.ask(said), 400)
    assert opened.refused == {"malformed": 1}


@pytest.mark.parametrize("announced", [True, False])
def test_a_hundred_million_bytes_are_refused_and_the_refusal_is_heard(
    house: Callable[..., House], announced: bool
) -> None:
    """
    The client sends on and on; it hears 413 all the same, and not one megabyte of it was kept.
    """
    opened = house()
    chunk = bytes(1_000_000)
    with closing(opened.call()) as connection:
        connection.sendall(
            POST % 100_000_000 if announced else POST.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked")
        )
        with suppress(ConnectionError):
            for _ in range(100):
                connection.sendall(chunk if announced else b"f4240\r\n%b\r\n" % chunk)
        said = everything(connection)

    assert is_problem(said, 413)
    assert b"connection: close" in said.lower()


def test_a_body_that_nobody_wants_does_not_keep_its_connection(house: Callable[..., House]) -> None:
    """
    A little of it is thrown away and the connection goes on; for a lot of it, the answer is the last word.
    """
    opened = house()
    get = GET.replace(b"Host: x", b"Host: x\r\nContent-Length: %d")
    with closing(opened.call()) as connection:
        connection.sendall(get % 30_000)
        assert b"ok" in answer(connection)
        connection.sendall(bytes(30_000) + GET)
        assert b"ok" in answer(connection)

    assert opened.ask(get % 10_000_000, bytes(5_000_000)).endswith(b"ok")


@pytest.mark.parametrize(
    "endless", [b"0\r\n" + b"X-A: b\r\n" * 80_000, b"0\r\nX-A: " + b"b" * 700_000, b"1;" + b"e" * 700_000]
)
def test_what_stands_around_a_body_has_an_end(house: Callable[..., House], endless: bytes) -> None:
    """
    Trailers without end, one endless trailer, an endless extension of a chunk: refused like a head without end, long
    before the time for the body is over. Chunks of one byte are slow and right.
    """
    opened = house(body_s=5.0)
    said = opened.ask(CHUNKED, b"1\r\na\r\n", endless, b"e")

    assert is_problem(said, 431)
    assert opened.refused == {"head-too-large": 1}
    with closing(opened.call()) as connection:
        connection.sendall(CHUNKED)
        for _ in range(40):
            connection.sendall(b"1\r\na\r\n" * 500)
        connection.sendall(b"0\r\n\r\n")
        assert answer(connection).endswith(b"20000")


def test_a_request_behind_the_rest_of_an_answered_one_keeps_its_head(house: Callable[..., House]) -> None:
    """
    The first is answered before its body comes; what was left of it and the whole second come in one piece.
    """
    opened = house()
    with closing(opened.call()) as connection:
        connection.sendall(b"POST /khong-co HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
        assert is_problem(answer(connection), 404)
        second = b"POST /said HTTP/1.1\r\nHost: x\r\nX-Said: second\r\nContent-Length: 2\r\n\r\nok"
        connection.sendall(b"first" + second)
        assert answer(connection).endswith(b"second")


def test_a_trailer_is_no_header(house: Callable[..., House]) -> None:
    """
    A proxy takes a header of its own out of what clients send, and passes on what stands behind the body: there it
    says nothing.
    """
    said = house().ask(CHUNKED.replace(b"/body", b"/said") + b"1\r\na\r\n0\r\nX-Said: y\r\n\r\n" + LAST)

    assert b"\r\n\r\nnothing" in said


@pytest.mark.parametrize("name", [b"Upgrade", b"upgrade", b"UPGRADE"])
def test_an_offer_of_another_protocol_costs_no_body(house: Callable[..., House], name: bytes) -> None:
    """
    Java's own client offers HTTP/2 with each request: it is answered as it asked, body and all, again and again on one
    connection. An offer behind another request is refused: what stands in its body never becomes a request.
    """
    opened = house(body_s=2.0)
    offer = b"Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n" + name + b": h2c"
    whole = POST.replace(b"Host: x", offer) % len(GET) + GET
    chunks = CHUNKED.replace(b"Host: x", offer) + b"5\r\nabcde\r\n0\r\n\r\n"
    with closing(opened.call()) as connection:
        for said, length in ((whole, len(GET)), (chunks, 5), (whole, len(GET))):
            connection.sendall(said)
            assert answer(connection).endswith(b"\r\n\r\n%d" % length)

    assert opened.ask(GET + whole).count(b"HTTP/1.1 200") <= 1
    assert opened.refused == {"malformed": 1}


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_words_of_a_body_are_no_offer(house: Callable[..., House], cut: int) -> None:
    """
    The network cuts the request before the last bytes of its head, or behind them: what comes with those is left as it
    is, though a line of it begins like an offer.
    """
    body = b"\nUpgrade: a column of a table\r\n\r\n"
    head = POST.replace(b"/body", b"/repeat") % len(body)
    with closing(house(body_s=2.0).call()) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(head[:-cut])
        time.sleep(0.05)  # So that the server reads twice.
        connection.sendall(head[-cut:] + body + GET)
        assert answer(connection).endswith(b"\r\n\r\n" + body)
        assert answer(connection).endswith(b"ok")


def test_requests_behind_each_other_are_answered_in_turn(house: Callable[..., House]) -> None:
    """
    Three requests at once over one connection; a fourth that is never ended gets no answer in another's place.
    """
    opened = house()
    said = opened.ask(GET + POST % 3 + b"abc" + GET, GET[:-2])

    bodies = [part.rpartition(b"\r\n\r\n")[2] for part in said.split(b"HTTP/1.1 ")[1:]]
    assert bodies[:3] == [b"ok", b"3", b"ok"]
    assert is_problem(said[said.rindex(b"HTTP/1.1 ") :], 408)


def test_who_does_not_read_its_answer_is_not_waited_for(house: Callable[..., House]) -> None:
    """
    Twenty megabytes were asked for and are not taken.
    """
    opened = house()
    with closing(opened.call()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: opened.refused["slow-reader"] == 1)
        assert len(everything(connection)) < BIG_BYTES


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
        until(lambda: b"200 OK" in opened.ask(GET.replace(b"Host: x", b"Host: x\r\nConnection: close")))

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


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
