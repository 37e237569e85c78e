"""Answers without bounds, for both HTTP engines: what is too much is not read."""

from __future__ import annotations

import gzip
import tracemalloc
from contextlib import closing

import pytest

from gateway.errors import OutcomeUnknown
from gateway.http import AnswerTooLong, BrokenOff, Engine, delivery_error
from tests.wires import HEAD, Peer, a_line, answers, ask, asked, serving


@pytest.mark.parametrize(
    "said",
    [
        HEAD + b"Content-Length: 200000\r\n\r\n" + b"x" * 200_000,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"2710\r\n%b\r\n" % (b"x" * 10_000) * 20 + b"0\r\n\r\n",
        HEAD + b"\r\n" + b"x" * 200_000,
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 200_000),
    ],
    ids=["announced", "chunks", "no length", "packed"],
)
def test_an_answer_without_bounds_is_not_read(engine: Engine, said: bytes) -> None:
    """
    Memory is bounded, packed or not.
    """
    with pytest.raises(AnswerTooLong) as caught:
        asked(engine, answers(said))

    assert isinstance(delivery_error(caught.value, "cong"), OutcomeUnknown)


def test_a_bomb_does_not_go_off(engine: Engine) -> None:
    """
    A hundred million bytes packed into a hundred thousand: no more than the bound is unpacked.
    """
    bomb = HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(100_000_000), 1)
    with serving(answers(bomb)) as server, closing(a_line(engine, server.port, answer_bytes=1_000_000)) as line:
        tracemalloc.start()
        try:
            with pytest.raises(AnswerTooLong):
                ask(line)
            assert tracemalloc.get_traced_memory()[1] < 5_000_000
        finally:
            tracemalloc.stop()


def test_an_answer_whose_end_never_ends_is_not_read(engine: Engine) -> None:
    """
    Behind the last chunk stands one more header, without bounds.
    """

    def endless(peer: Peer) -> None:
        peer.hear()
        peer.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: ")
        while True:
            peer.say(b"x" * 10_000)

    with pytest.raises(BrokenOff):
        asked(engine, endless)
