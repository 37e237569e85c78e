"""
What a connector may offer beside ``Receiver`` to those who take in its partner's calls: proof, places, names, refusals.

Each is a protocol of its own; a connector offers what its partner's contract has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

from gateway.ports import Reply


@dataclass(frozen=True, slots=True)
class PartnerCall:
    """
    A partner's call as it arrived, before anything of it is believed.

    *content* is the raw body, for a GET the raw query. Names of *headers* are in lower case. *source* is the address it
    came from, "" within this process; *proxied* says that a proxy of ours passed it on, whose headers can be believed.
    """

    path: str
    content: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    source: str = ""
    proxied: bool = False


class Why(StrEnum):
    """Why a call was turned away before its message was looked at."""

    FORGED = "forged"
    """It does not prove who it is from."""
    TOO_MANY = "too-many"
    """Its source calls too often."""
    CONFLICT = "conflict"
    """It repeats an id with another content."""


@runtime_checkable
class Proving(Protocol):
    """A connector whose partner proves itself within the message: a signature or a key in the body."""

    def proof(self, call: PartnerCall) -> bool | None:
        """
        Whether *call* proves that it is the partner's, compared in constant time; None where no secret is configured.

        Raises nothing that a stranger can cause.
        """
        ...


@runtime_checkable
class Placed(Protocol):
    """A connector whose partner's contract says where it calls."""

    @property
    def places(self) -> Sequence[str]:
        """Whole paths of this service, each beginning with a slash."""
        ...


@runtime_checkable
class Naming(Protocol):
    """A connector whose partner gives its notices ids."""

    def event_id(self, path: str, content: bytes) -> str | None:
        """
        The partner's own id of this notice; None when it has none. A repeat of an id that was taken gets the first
        answer, the same id with another content is refused.

        Raises nothing that the partner can cause.
        """
        ...


@runtime_checkable
class Questioned(Protocol):
    """A connector whose partner also asks, where nothing is to be kept."""

    def is_question(self, path: str) -> bool: ...


@runtime_checkable
class Refusing(Protocol):
    """A connector whose partner wants refusals, and answers that come before the work is done, in its own words."""

    def refusal(self, path: str, why: Why) -> Reply: ...

    def meanwhile(self, path: str) -> Reply:
        """The answer to a notice that is durable, while its processing still goes on."""
        ...
