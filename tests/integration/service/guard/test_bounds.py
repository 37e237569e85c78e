"""Heads, bodies and what stands around them, on real sockets: bounded, and read in one way only."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress

import pytest

from tests.house import CHUNKED, GET, POST, House, answer, everything, is_problem


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
