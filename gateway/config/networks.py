"""Networks by their addresses: ``10.20.0.0/16``, ``fd12::/16``, or one address."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
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


Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
