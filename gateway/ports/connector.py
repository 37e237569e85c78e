"""
One partner system as the core sees it, and what only some partners are able to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol, runtime_checkable

from gateway.ports.explaining import Health
from gateway.ports.messages import Message, Operation, Outcome, Probe


class Connector(Protocol):
    """
    One partner system. Safe to call from several threads at once.
    """

    @property
    def name(self) -> str:
        """The partner's name in configuration, messages and reports."""
        ...

    @property
    def operations(self) -> Mapping[str, Operation]: ...

    @property
    def longest_call(self) -> timedelta:
        """The longest time that one ``deliver`` or ``probe`` can take; a lease must be longer."""
        ...

    def route(self, kind: str, origin: str) -> str | None:
        """The operation that tells this partner of a body of *kind* of a dossier of *origin*; None: it is not told."""
        ...

    def deliver(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        """
        Tell the partner, in the given order, within one call where the operation allows it.

        All messages share one operation and their number respects its ``batch``. Returns one outcome per message,
        in order, and raises nothing that a partner can cause. One answer for a whole batch gives every message
        that outcome; the engine splits a rejected batch.
        """
        ...

    def probe(self, message: Message) -> Probe:
        """Ask the partner whether *message* had its effect. Raises ``DeliveryError`` when the question fails."""
        ...

    def check(self) -> Sequence[Health]:
        """Reach the partner and log in, changing nothing there."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


@runtime_checkable
class Speaker(Protocol):
    """A partner that is a source as well, under names that are not its own."""

    def speaks_as(self, source: str) -> bool:
        """
        Whether a change of *source* comes from this partner, so that it is not told of it. Without this protocol a
        partner speaks under its own name.
        """
        ...


@runtime_checkable
class Choosy(Protocol):
    """A partner that is told of what some sources say, and of nobody else's."""

    @property
    def told_of(self) -> frozenset[str]:
        """The names of those sources."""
        ...


@runtime_checkable
class Pulled(Protocol):
    """A partner that fetches what it is to be told: no worker delivers to it."""

    @property
    def lease(self) -> timedelta:
        """What was read and is not acknowledged comes again after this."""
        ...

    def told(self, message: Message) -> bytes:
        """The JSON object of one change."""
        ...


@runtime_checkable
class Coalescer(Protocol):
    """A connector with operations in which a later message makes an earlier one needless."""

    def supersedes(self, later: Message, earlier: Message) -> bool:
        """
        Whether the partner ends the same when *later* alone is sent instead of *earlier* and then *later*, and nothing
        that a citizen could have seen is left out. Both are of one dossier and one operation, next to each other.
        """
        ...
