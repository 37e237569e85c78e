"""
Who is connected, and who may still come in. Pure: it closes nothing itself, and knows no clock.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from gateway.config.networks import source_key

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Guest(Protocol):
    """A connection."""

    def leave(self) -> None:
        """Close at once: nothing is under way on it."""

    def look(self, now: float) -> None:
        """Close if its time is over by the monotonic time *now*."""


class Door:
    """
    Lets in *most* connections, of which *most_per_source* may come from one address; proxies may bring any number.

    When the house is full, the one that has been idle longest makes room. *refused* is told a word for each one that
    was sent away, and for what.
    """

    def __init__(
        self, *, most: int, most_per_source: int, proxies: Sequence[Network], refused: Callable[[str], None]
    ) -> None:
        self._most = most
        self._most_per_source = most_per_source
        self._proxies = tuple(proxies)
        self.refused = refused
        self._sources: dict[Guest, str] = {}
        self._counts: Counter[str] = Counter()
        self._idle: dict[Guest, None] = {}

    def __len__(self) -> int:
        return len(self._sources)

    def admit(self, guest: Guest, address: str) -> str:
        """Let *guest* in, who comes from *address* and is idle; else the kind of problem that keeps it out."""
        source = self._source(address)
        if source and self._counts[source] >= self._most_per_source:
            self.refused("source-full")
            return "too-many"
        if len(self) >= self._most and not self._made_room():
            self.refused("full")
            return "busy"
        self._sources[guest] = source
        self._counts[source] += 1
        self._idle[guest] = None
        return ""

    def busy(self, guest: Guest) -> None:
        """A request of *guest* began."""
        self._idle.pop(guest, None)

    def idle(self, guest: Guest) -> None:
        """Nothing of *guest* is under way."""
        if guest in self._sources:
            self._idle[guest] = None

    def left(self, guest: Guest) -> None:
        """*guest* is gone, or as good as gone."""
        self._idle.pop(guest, None)
        source = self._sources.pop(guest, None)
        if source is None:
            return
        self._counts[source] -= 1
        if not self._counts[source]:
            del self._counts[source]

    def look_round(self, now: float) -> None:
        """Send away whose time is over."""
        for guest in tuple(self._sources):
            guest.look(now)

    def _made_room(self) -> bool:
        oldest = next(iter(self._idle), None)
        if oldest is None:
            return False
        self.refused("crowded-out")
        self.left(oldest)
        oldest.leave()
        return True

    def _source(self, address: str) -> str:
        """Under which name connections from *address* are counted; empty for those that are not."""
        source = source_key(address)
        if not source:
            # A socket of this machine's file system has no address.
            return ""
        place = ipaddress.ip_address(address)
        if isinstance(place, ipaddress.IPv6Address):
            place = place.ipv4_mapped or place
        return "" if any(place in network for network in self._proxies) else source
