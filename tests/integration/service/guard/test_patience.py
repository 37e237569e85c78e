"""Who is slow, on real sockets: waited for while there is progress, sent away without, and the others never notice."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import closing, suppress

import pytest

from tests.house import BIG_BYTES, GET, POST, House, answer, everything, is_problem
from tests.running import until


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


def test_who_does_not_read_its_answer_is_not_waited_for(house: Callable[..., House]) -> None:
    """
    Twenty megabytes were asked for and are not taken.
    """
    opened = house()
    with closing(opened.call()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: opened.refused["slow-reader"] == 1, "it is sent away")
        assert len(everything(connection)) < BIG_BYTES
