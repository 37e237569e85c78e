"""
Faults that the portal can be told to commit (contract 18.4), and the plan that decides when.

A plan is deterministic: whether the n-th call of a service about a dossier fails depends on the seed, the service, the
dossier and n alone, not on what other threads do in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b
from threading import Lock


class FaultKind(StrEnum):
    """What goes wrong."""

    STALL = "stall"  # Nothing is answered for the stall time, then the connection closes.
    DROP = "drop"  # The connection closes without a byte.
    REFUSE = "refuse"  # As if nobody listened; the work is never done.
    CUT = "cut"  # Half of the answer, then the connection closes.
    HTTP = "http"  # *status* with an HTML page.
    HTML = "html"  # 200 with an HTML page.
    EMPTY = "empty"  # 200 without a body.
    TEXT = "text"  # 200 with plain text; after the work it says success (13.3).
    HALF_JSON = "half-json"  # 200 with the first half of the JSON.
    ERROR = "error"  # Code "-1".
    NO_SUCCESS = "no-success"  # Code "0" and a message that is no success; nothing was done.
    SAYS_EXISTS = "says-exists"  # Code "0" and "đã tồn tại" to a create, else as no-success; nothing was done.
    PADDED_CODE = "padded-code"  # "00" for 0.
    INT_CODE = "int-code"  # Integer codes.
    EXPIRED = "expired"  # The session dies silently before this call.
    DOUBLE = "double"  # The envelope as a JSON string inside "message".
    SLOW = "slow"  # Done at once, answered after the stall time.
    PARTIAL = "partial"  # The first half of a batch is stored, the answer is code "-1".
    FILE_404 = "file-404"  # The portal cannot fetch the files of this dossier.
    TOO_MANY = "too-many"  # 429, with Retry-After when *retry_after_s* is set.
    CLOSED = "closed"  # 503, likewise.


ALWAYS_BEFORE = frozenset(
    {
        FaultKind.REFUSE,
        FaultKind.ERROR,
        FaultKind.NO_SUCCESS,
        FaultKind.SAYS_EXISTS,
        FaultKind.TOO_MANY,
        FaultKind.CLOSED,
    }
)
ALWAYS_AFTER = frozenset(
    {
        FaultKind.CUT,
        FaultKind.HALF_JSON,
        FaultKind.PADDED_CODE,
        FaultKind.INT_CODE,
        FaultKind.EXPIRED,
        FaultKind.DOUBLE,
        FaultKind.SLOW,
        FaultKind.PARTIAL,
        FaultKind.FILE_404,
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One way to fail.

    *services* empty means every service. Either *probability* of every call, or the next *count* calls after *skip*
    good ones. *after_work* says whether the portal did what was asked; kinds for which only one makes sense ignore it.
    *delay_s* replaces the portal's stall time.
    """

    kind: FaultKind
    services: frozenset[str] = frozenset()
    probability: float = 0.0
    count: int = 0
    skip: int = 0
    after_work: bool = False
    status: int = 500
    retry_after_s: int | None = None
    delay_s: float | None = None

    @property
    def works(self) -> bool:
        """Whether the portal does the work before it fails."""
        return self.kind in ALWAYS_AFTER or (self.after_work and self.kind not in ALWAYS_BEFORE)

    def hits(self, service: str) -> bool:
        return not self.services or service in self.services


class FaultPlan:
    """Which call fails how. Thread-safe."""

    def __init__(self, faults: Iterable[Fault] = (), seed: int = 0) -> None:
        self._lock = Lock()
        self.replace(faults, seed)

    def replace(self, faults: Iterable[Fault] = (), seed: int = 0) -> None:
        """Forget all faults and start over with these."""
        with self._lock:
            self.seed = seed
            self._chances: list[Fault] = []
            self._counted: list[Fault] = []
            self._numbers: defaultdict[tuple[str, str], int] = defaultdict(int)
            for fault in faults:
                self._add(fault)

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._add(fault)

    def _add(self, fault: Fault) -> None:
        if fault.count > 0:
            self._counted.append(fault)
        elif fault.probability > 0:
            self._chances.append(fault)

    def pending(self) -> Sequence[Fault]:
        """The faults that may still happen, with what is left of their counts."""
        with self._lock:
            return (*self._counted, *self._chances)

    def draw(self, service: str, subject: str) -> Fault | None:
        """The fault of this call of *service* about *subject* (a dossier, or an account), if any."""
        if not self._counted and not self._chances:
            return None
        with self._lock:
            for index, fault in enumerate(self._counted):
                if not fault.hits(service):
                    continue
                if fault.skip:
                    self._counted[index] = replace(fault, skip=fault.skip - 1)
                    continue
                self._counted[index] = replace(fault, count=fault.count - 1)
                if fault.count == 1:
                    del self._counted[index]
                return fault
            number = self._numbers[service, subject]
            self._numbers[service, subject] = number + 1
            chance = self._chance(service, subject, number)
            for fault in self._chances:
                if fault.hits(service):
                    chance -= fault.probability
                    if chance < 0:
                        return fault
            return None

    def _chance(self, service: str, subject: str, number: int) -> float:
        digest = blake2b(f"{self.seed}|{service}|{subject}|{number}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64
