"""What systemd hears."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.supervisor import Supervisor


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.settimeout(5)
        yield address, listener


def test_each_state_is_one_datagram(systemd: tuple[str, socket.socket]) -> None:
    """
    Ready, reloading with the moment that systemd asks for, and stopping.
    """
    address, listener = systemd
    supervisor = Supervisor({"NOTIFY_SOCKET": address})

    supervisor.ready()
    supervisor.reloading()
    supervisor.stopping()

    assert listener.recv(100) == b"READY=1"
    assert listener.recv(100).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
    assert listener.recv(100) == b"STOPPING=1"


def test_a_sign_of_life_comes_twice_in_each_span_that_the_unit_allows(systemd: tuple[str, socket.socket]) -> None:
    """
    Asked every half second, told every second, for a watchdog of two; another process's watchdog is none of ours.
    """
    address, listener = systemd
    now = [100.0]
    asked = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(os.getpid())}
    supervisor = Supervisor(asked, lambda: now[0])
    others = Supervisor({**asked, "WATCHDOG_PID": "1"}, lambda: now[0])

    for _ in range(5):
        supervisor.alive()
        others.alive()
        now[0] += 0.5

    assert [listener.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.recv(100)


def test_without_systemd_nobody_is_told() -> None:
    """
    No socket, or one that is gone: nothing happens.
    """
    for environment in ({}, {"NOTIFY_SOCKET": "/nowhere/at/all"}, {"NOTIFY_SOCKET": "@lienthong-no-such-socket"}):
        Supervisor(environment).ready()
