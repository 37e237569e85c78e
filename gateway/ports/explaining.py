"""
What a connector can show and tell people: the wire form before it is sent, advice on refusals, the partner's health.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from gateway.ports.messages import Message


@dataclass(frozen=True, slots=True)
class WireField:
    """One value of a wire form: as a person may see it, masked where personal, and a short print of the whole value."""

    shown: str
    print: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent: *fields* by their path in the partner's own words, in the order of the wire form."""

    fields: Mapping[str, WireField]


@runtime_checkable
class Previewer(Protocol):
    """A connector that can show what it would send."""

    def preview(self, message: Message) -> Preview:
        """
        The wire form of *message* as it would be made now. Sends nothing of it; may ask the partner for lists, as a
        delivery would. Raises ``DeliveryError``: ``Rejected`` where the message cannot be translated.
        """
        ...


@dataclass(frozen=True, slots=True)
class Advice:
    """Who can mend a cause of failure, and how; both Vietnamese first with English beside."""

    owner: str
    remedy: str


@runtime_checkable
class Adviser(Protocol):
    """A connector that knows who can mend its partner's refusals."""

    def advise(self, operation: str, code: str, text: str) -> Advice | None:
        """Advice on a dead letter's cause; *code* and *text* as recorded. None for a cause it does not know."""
        ...


@dataclass(frozen=True, slots=True)
class Health:
    """One line of ``lienthong check`` about a partner."""

    what: str
    ok: bool
    detail: str
