"""The time of a call, for both HTTP engines: silence, trickles and sips end with it."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import pytest

from gateway.http import Engine, HttpFault, TookTooLong
from tests.wires import HEAD, OK, Peer, a_line, always, ask, asked, serving


@pytest.mark.parametrize("said", [b"", HEAD + b"Content-Length: 10\r\n\r\n{"], ids=["before", "within"])
def test_silence_ends_after_the_longest_silence(engine: Engine, said: bytes) -> None:
    """
    Before the answer as within it.
    """

    def silent(peer: Peer) -> None:
        peer.hear()
        peer.say(said)
        peer.hear()

    with pytest.raises(TookTooLong):
        asked(engine, silent, read_s=0.05)


@pytest.mark.parametrize(
    ("said", "drop"),
    [
        (HEAD + b"Content-Length: 1000\r\n\r\n", b" "),
        (HEAD + b"X-Long: ", b"x"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;", b"x"),
    ],
    ids=["the body", "the head", "interim answers", "the length of a chunk"],
)
def test_an_answer_that_trickles_ends_with_the_calls_time(engine: Engine, said: bytes, drop: bytes) -> None:
    """
    No silence is ever too long, but the whole is: after it the lease would be over.
    """

    def trickle(peer: Peer) -> None:
        peer.hear()
        peer.say(said)
        for _ in range(1000):
            peer.say(drop)
            threading.Event().wait(0.01)

    began = time.monotonic()
    with (
        serving(trickle) as server,
        closing(a_line(engine, server.port)) as line,
        pytest.raises(TookTooLong),
    ):
        ask(line, within_s=0.1)

    assert 0.05 < time.monotonic() - began < 2


def test_a_request_that_is_taken_in_sips_ends_with_the_calls_time(engine: Engine) -> None:
    """
    The peer always takes a little, never enough: nothing more is written once the time is over.
    """

    def sip(peer: Peer) -> None:
        for _ in range(1000):
            peer.connection.recv(100_000)
            threading.Event().wait(0.01)

    began = time.monotonic()
    with (
        serving(sip) as server,
        closing(a_line(engine, server.port)) as line,
        pytest.raises(TookTooLong),
    ):
        ask(line, b"x" * 30_000_000, within_s=0.3)

    assert 0.05 < time.monotonic() - began < 2


def test_a_peer_that_does_not_read_is_not_written_to_forever(engine: Engine) -> None:
    """
    The request stands still half way: something has left, so the outcome is unknown.
    """
    given_up = threading.Event()

    def deaf(peer: Peer) -> None:
        given_up.wait(5)

    with serving(deaf) as server, closing(a_line(engine, server.port, read_s=0.1)) as line:
        try:
            with pytest.raises(TookTooLong):
                ask(line, b"x" * 20_000_000)
        finally:
            given_up.set()


def test_nothing_is_sent_once_the_time_is_over(engine: Engine) -> None:
    """
    A call that was held up until its lease ended stays unsent.
    """
    with serving(always(OK)) as server, closing(a_line(engine, server.port)) as line:
        ask(line)
        with pytest.raises(TookTooLong):
            ask(line, within_s=-1)
        with closing(a_line(engine, server.port)) as another, pytest.raises(HttpFault):
            ask(another, within_s=-1)

        assert len(server.heard) == 1
