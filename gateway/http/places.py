"""
Which machines a link from outside may lead to. Pure, but for asking what a name stands for.

A link is text of somebody else's. Followed without a look, it makes the gateway ask the province's own machines in the
asker's place: databases, consoles, a cloud's store of credentials. So only public addresses are asked, and what the
operator allows beside them.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from gateway.http.faults import ForbiddenPlace, Refused, WrongAddress

Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
"""As ``socket.getaddrinfo`` gives it."""
Range = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Sequence[Address]]
"""What a name and a port stand for, as ``socket.getaddrinfo`` says it. Raises ``OSError``."""

_METADATA = frozenset({IPv4Address("168.63.129.16"), IPv6Address("fd00:ec2::254")})
"""Where clouds tell their machines' credentials, beside 169.254.169.254; the first looks like a public address."""
_GIVEN_OUT = IPv6Network("2000::/3")
_NOT_PUBLIC: tuple[Range, ...] = (
    IPv4Network("192.0.0.0/24"),  # For protocols; some clouds' metadata. Older tables of ``ipaddress`` lack most of it.
    IPv4Network("192.88.99.0/24"),  # Relays of 6to4.
    IPv6Network("2002::/16"),  # 6to4: any address of version 4 may hide in it.
    IPv6Network("3fff::/20"),  # For examples, RFC 9637; younger than the table of ``ipaddress``.
)


def resolved(host: str, port: int) -> Sequence[Address]:
    """The addresses of *host* now."""
    addresses: list[Any] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return addresses


def places_of(host: str, port: int, allowed: Sequence[Range], resolve: Resolve = resolved) -> Sequence[Address]:
    """
    The addresses at which *host* may be asked. Connect to these: a second look at the name may show others.

    Raises ``ForbiddenPlace`` when even one may not be asked, ``Refused`` when nobody knows the name.
    """
    try:
        found = resolve(host.encode("idna").decode("ascii"), port)
    except UnicodeError as error:
        raise WrongAddress from error
    except OSError as error:
        raise Refused from error
    if not found:
        raise Refused
    if not all(may_be_asked(str(address[0]), allowed) for *_, address in found):
        raise ForbiddenPlace
    return found


def may_be_asked(address: str, allowed: Sequence[Range] = ()) -> bool:
    """
    Whether a numeric *address* is public, or within *allowed*.

    Link-local, multicast and unspecified addresses and those of metadata services never are, whatever is allowed.
    """
    place = ip_address(address.partition("%")[0])
    if isinstance(place, IPv6Address) and place.ipv4_mapped is not None:
        place = place.ipv4_mapped
    if place.is_link_local or place.is_multicast or place.is_unspecified or place in _METADATA:
        return False
    if _is_in(place, allowed):
        return True
    given_out = place in _GIVEN_OUT if isinstance(place, IPv6Address) else not place.is_reserved
    return given_out and place.is_global and not _is_in(place, _NOT_PUBLIC)


def _is_in(place: IPv4Address | IPv6Address, ranges: Sequence[Range]) -> bool:
    return any(place in each for each in ranges if each.version == place.version)
