"""
What a partner is told: operations and messages, what came of a call, and what a look-up finds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from gateway.errors import DeliveryError


@dataclass(frozen=True, slots=True)
class Operation:
    """
    One thing that a partner can be told.

    *batch* is how many messages one call may carry; with *same_dossier* they must be of one dossier.
    *harmless* says that sending again changes nothing, so that an outcome which cannot be looked up
    may be settled by sending again; otherwise such a message waits for a person. *coalesces* is how many waiting
    messages in a row of one dossier may be settled by sending the last of them alone, where the connector, a
    ``Coalescer``, finds that harmless; 1 means never.
    """

    name: str
    batch: int = 1
    same_dossier: bool = True
    harmless: bool = False
    coalesces: int = 1


class Message(NamedTuple):
    """
    What one partner must be told about one dossier.

    *body* is the canonical JSON as it was at the change (``gateway.model``), frozen for ever; the wire form
    is made when it is sent. *key* is the idempotency key, the same for every attempt. *established* is true
    when the partner has accepted an earlier message of this dossier. *attempts* counts the calls made before, and the
    look-ups that got no answer. *late* says that the fact was older than its dossier's status when it was accepted: it
    does not move the status at the partner. *trace* tells what led to the change, for joining records and spans.
    """

    id: int
    partner: str
    operation: str
    dossier: str
    sequence: int
    key: str
    body: bytes
    attempts: int
    accepted_at: datetime
    established: bool
    late: bool = False
    trace: str = ""


class Delivered(NamedTuple):
    """The partner has the effect. *note* says what was unusual about it, if anything."""

    note: str = ""


class Failed(NamedTuple):
    """The partner did not, or may not, have the effect; the error's class decides what follows."""

    error: DeliveryError


Outcome = Delivered | Failed


class Finding(Enum):
    """What a look-up says about a message whose outcome is unknown."""

    APPLIED = "applied"
    ABSENT = "absent"
    DIFFERS = "differs"
    """Something is there, and not as it was sent: sending again settles it where that is harmless, else a person."""
    CANNOT_TELL = "cannot tell"
    """The same follows."""


@dataclass(frozen=True, slots=True)
class Probe:
    """The answer of a look-up, with the evidence for the timeline (no personal values)."""

    finding: Finding
    evidence: str = ""
