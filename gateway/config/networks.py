"""Networks by their addresses: ``10.20.0.0/16``, ``fd12::/16``, or one address; and who calls from where."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated

from pydantic import BeforeValidator

from gateway.config.base import Mistake


def _network(value: object) -> IPv4Network | IPv6Network:
    try:
        return ip_network(str(value))
    except ValueError:
        raise Mistake(
            "không phải mạng hay địa chỉ / is neither a network nor an address",
            'Ví dụ / For example: "10.20.0.0/16", "127.0.0.1"',
        ) from None


def lies_within(address: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    """
    Whether *address* lies in one of *networks*. One of IPv4 does so also as ``::ffff:10.20.0.7``: so it is written
    where we listen on both kinds at once. What is no address lies nowhere.
    """
    try:
        place = ip_address(address)
    except ValueError:
        return False
    if isinstance(place, IPv6Address):
        place = place.ipv4_mapped or place
    return any(place in network for network in networks)


_CUSTOMER_BITS = 64
"""One customer of a network has all the IPv6 addresses to call from that begin with so many bits of his own."""


def source_key(address: str) -> str:
    """
    The caller that *address* counts for: itself, one of IPv6 with all its neighbours. What is no address is "".
    """
    try:
        place = ip_address(address)
    except ValueError:
        return ""
    if isinstance(place, IPv6Address):
        return str(place.ipv4_mapped or ip_network((place, _CUSTOMER_BITS), strict=False))
    return str(place)


Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
