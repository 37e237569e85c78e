"""Connections of both HTTP engines: made, used again while they are sound, and never after a fault."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import pytest

from gateway.errors import Unreachable
from gateway.http import ConnectTooLong, Engine, Refused, TookTooLong, delivery_error
from gateway.http.connection import first_that_answers
from gateway.http.places import Address
from tests.wires import HEAD, OK, Manners, Peer, a_line, always, answers, ask, asked, serving


def test_a_connection_is_used_again(engine: Engine) -> None:
    """
    Five calls, one connection.
    """
    assert asked(engine, always(OK), times=5)[1] == 1


@pytest.mark.parametrize(
    "manners",
    [
        answers(OK),
        answers(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"),
        answers(OK + b"HTTP/1.1 2"),
        answers(OK + b"rubbish"),
        answers(OK.replace(b"Content-Type", b"Connection: close\r\nContent-Type")),
        answers(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
    ],
    ids=["closed by the server", "a second answer", "half of one", "rubbish", "said to close", "HTTP 1.0"],
)
def test_a_connection_that_is_out_of_step_is_not_used_again(engine: Engine, manners: Manners) -> None:
    """
    The next call goes over a new one and gets its own answer; nothing is lost, nothing is sent twice.
    """
    with serving(manners, always(OK)) as server, closing(a_line(engine, server.port)) as line:
        first = ask(line)
        server.wait_until_one_is_over()
        second = ask(line)

        assert (first.content, second.content) == (b"{}", b"{}")
        assert (len(server.heard), server.connections) == (2, 2)


def test_a_connection_that_was_reset_while_idle_is_noticed(engine: Engine) -> None:
    """
    A firewall forgot the connection and says so: found before a request is put on it.
    """

    def crash_later(peer: Peer) -> None:
        peer.hear()
        peer.say(OK)
        peer.reset()

    with serving(crash_later, always(OK)) as server, closing(a_line(engine, server.port)) as line:
        ask(line)
        server.wait_until_one_is_over()
        assert ask(line).status == 200


def test_a_connection_that_was_idle_for_long_is_not_used_again(engine: Engine) -> None:
    """
    The partner may be about to close it.
    """
    assert asked(engine, always(OK), times=3, keepalive_s=0.0)[1] == 3


def test_after_a_fault_the_connection_is_gone(engine: Engine) -> None:
    """
    An answer that comes too late must not become the answer of the next call.
    """
    late = threading.Event()

    def slow(peer: Peer) -> None:
        peer.hear()
        late.wait(5)
        with suppress(OSError):
            peer.say(OK.replace(b"{}", b"[]"))

    with serving(slow, always(OK)) as server, closing(a_line(engine, server.port)) as line:
        with pytest.raises(TookTooLong):
            ask(line, within_s=0.05)
        late.set()
        assert ask(line).content == b"{}"


def test_many_threads_get_each_its_own_answer(engine: Engine) -> None:
    """
    Eight threads, two hundred calls: no answer goes astray, and no more connections than threads.
    """

    def echo(peer: Peer) -> None:
        while request := peer.hear():
            body = request.partition(b"\r\n\r\n")[2]
            peer.say(HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    with (
        serving(echo) as server,
        closing(a_line(engine, server.port)) as line,
        ThreadPoolExecutor(8) as threads,
    ):
        bodies = [b"%d" % number * 50 for number in range(200)]
        assert [answer.content for answer in threads.map(lambda body: ask(line, body), bodies)] == bodies
        assert server.connections <= 8


def test_a_refused_connection_has_sent_nothing(engine: Engine) -> None:
    """
    Nobody listens; and a name that nobody knows.
    """
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    for host in ("127.0.0.1", "khong-co.invalid"):
        with closing(a_line(engine, port, host=host)) as line, pytest.raises(Refused) as caught:
            ask(line)
        assert isinstance(delivery_error(caught.value, "cong"), Unreachable)


def test_a_connection_that_nobody_takes_has_sent_nothing(engine: Engine) -> None:
    """
    The server's queue is full, its machine drops what comes.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        try:
            with (
                closing(a_line(engine, full.getsockname()[1], connect_s=0.1)) as line,
                pytest.raises(ConnectTooLong) as caught,
            ):
                ask(line)
        finally:
            for each in waiting:
                each.close()

    assert isinstance(delivery_error(caught.value, "cong"), Unreachable)


def test_an_address_that_is_silent_leaves_time_for_the_next() -> None:
    """
    The partner's name has two addresses, and the route to the first is dead: the second is asked in time.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=0) as dead, serving(always(OK)) as server:
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(dead.getsockname())
        places: list[Address] = [
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))
            for port in (dead.getsockname()[1], server.port)
        ]
        try:
            end = time.monotonic() + 0.2
            with first_that_answers(places, None, "localhost", end, time.monotonic) as connected:
                assert connected.getpeername()[1] == server.port
        finally:
            for each in waiting:
                each.close()
