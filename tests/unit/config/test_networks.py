"""Addresses that lie in networks, however they are written."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from gateway.config.networks import lies_within


@pytest.mark.parametrize(
    ("address", "lies"),
    [
        ("10.20.0.7", True),
        ("::ffff:10.20.0.7", True),
        ("fd12::7", True),
        ("10.21.0.7", False),
        ("::ffff:10.21.0.7", False),
        ("10.20.0.7:443", False),
        ("010.20.0.7", False),
        ("169083911", False),
        ("", False),
    ],
)
def test_an_address_lies_in_a_network_however_it_is_written(address: str, lies: bool) -> None:
    """
    A socket for both kinds writes an IPv4 address as one of IPv6; what could be read in two ways is no address.
    """
    assert lies_within(address, [ip_network("10.20.0.0/16"), ip_network("fd12::/16")]) is lies
