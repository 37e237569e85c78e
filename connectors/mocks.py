"""
What a partner's mock and the server in front of it say to each other.

A mock decides, a server or an in-process transport carries out: the mock never touches a socket, the server
never knows a partner. A partner's mock implements ``Partner``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol


def _present() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Request:
    """
    One HTTP request as it arrived.

    *path* and *query* are decoded, header names are lower case. *present* tells whether the client still waits for the
    answer: a client that gave up has closed its connection.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    present: Callable[[], bool] = _present


class Ending(Enum):
    """How an exchange ends on the wire."""

    ANSWER = "answer"
    CUT = "cut"  # The announced length is right, half of the body comes, then the connection closes.
    DROP = "drop"  # The connection closes without a byte.
    REFUSE = "refuse"  # As if nobody listened.


class Exchange(Protocol):
    """What the mock wants to be told about the fate of its answer."""

    def release(self) -> None:
        """The work is over: the answer is about to be written, or the client is gone."""

    def settle(self, received: bool) -> None:
        """
        Say whether the whole answer went out to a client that was there.

        May be called again with False, when the connection turns out to have been reset with the answer unread.
        """


class Unwatched:
    """An exchange whose fate interests nobody."""

    def release(self) -> None:
        """Nothing to end."""

    def settle(self, received: bool) -> None:
        """Nothing to note."""


@dataclass(frozen=True, slots=True)
class Directive:
    """
    What to do with a request: wait *delay_s* real seconds, then end it as *ending* says.

    The wait stops when the client leaves; then nothing is written.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay_s: float = 0.0
    ending: Ending = Ending.ANSWER
    exchange: Exchange = field(default_factory=Unwatched)


class Partner(Protocol):
    """A partner in process. Safe to call from several threads."""

    def handle(self, request: Request) -> Directive: ...
