"""Several requests on one connection: each gets its own head, its own body and its own answer."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.house import CHUNKED, GET, LAST, POST, House, answer, is_problem


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
