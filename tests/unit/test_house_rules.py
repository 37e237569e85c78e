"""What every test relies on."""

from __future__ import annotations

import socket

import pytest


@pytest.mark.parametrize("host", ["example.org", "192.0.2.1", "8.8.8.8"])
def test_an_address_beyond_this_machine_is_out_of_reach(host: str) -> None:
    """
    A test that would talk to the world stops, whatever it catches.
    """
    with pytest.raises(BaseException, match=r"socket\.") as caught:
        socket.create_connection((host, 443), timeout=1)

    assert type(caught.value).__name__ == "OutsideAddressError"


def test_this_machine_is_within_reach() -> None:
    """
    Loopback stays open: the sandbox stands there.
    """
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=5) as client,
    ):
        assert client.getpeername() == server.getsockname()
