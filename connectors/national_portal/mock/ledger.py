"""
What the portal knows: dossiers with everything that ever arrived for them, and a log of the calls.

What is handed out are copies that no longer change.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.national_portal.mock.outbound import Sent

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Version:
    """A header as it arrived: *call* is the call's number, *updating* what the caller claimed."""

    call: int
    at: datetime
    updating: bool
    header: Item


@dataclass(frozen=True, slots=True)
class Step:
    """A timeline entry: *arrival* counts the entries of all dossiers, *late* those older than an earlier arrival."""

    arrival: int
    call: int
    at: datetime
    body: Item
    late: bool

    @property
    def moment(self) -> str:
        return str(self.body["ThoiDiemXuLy"])

    @property
    def status(self) -> str:
        return str(self.body["TrangThai"])


@dataclass(frozen=True, slots=True)
class StatusMove:
    """A change of the public status: *old* None for the first; *flagged* when contract 12.1 does not list it."""

    call: int
    at: datetime
    old: int | None
    new: int
    by: str
    legal: bool
    flagged: bool


@dataclass(frozen=True, slots=True)
class FileFetch:
    """A link that the portal tried to fetch: an HTTP status, or 0 when it was not tried."""

    url: str
    status: int
    size: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the province reported about a portal-born dossier."""

    call: int
    at: datetime
    body: Item


@dataclass(frozen=True, slots=True)
class DossierRecord:
    """One dossier as the portal has it."""

    code: str
    header: Item
    status: int | None
    portal_born: bool
    versions: tuple[Version, ...]
    steps: tuple[Step, ...]
    moves: tuple[StatusMove, ...]
    outcomes: tuple[Outcome, ...]
    files: tuple[FileFetch, ...]

    @property
    def creates(self) -> int:
        return sum(not version.updating for version in self.versions)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """
    One call: *received* is whether the whole answer went out to a client that was there, None while it is going on.
    """

    number: int
    at: datetime
    service: str
    account: str
    dossiers: tuple[str, ...]
    items: int
    updating: str
    fault: str
    code: int | None
    message: str
    received: bool | None


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as it arrived, with passwords and sessions masked."""

    call: int
    at: datetime
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Dossier:
    """The portal's own, changing record of a dossier."""

    code: str
    header: dict[str, Any] = field(default_factory=dict)
    status: int | None = None
    portal_born: bool = False
    versions: deque[Version] = field(default_factory=deque)
    steps: list[Step] = field(default_factory=list)
    moves: list[StatusMove] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    files: dict[str, FileFetch] = field(default_factory=dict)
    newest_moment: str = ""
    step_identities: set[tuple[str, str, str, str]] = field(default_factory=set)

    def record(self) -> DossierRecord:
        return DossierRecord(
            self.code,
            dict(self.header),
            self.status,
            self.portal_born,
            tuple(self.versions),
            tuple(self.steps),
            tuple(self.moves),
            tuple(self.outcomes),
            tuple(self.files.values()),
        )


def key_of(code: object) -> str:
    """Numbers are compared trimmed and without regard to case."""
    return str(code).strip().upper()


class Ledger:
    """The portal's memory. Guarded by the portal's lock; its public methods hand out copies."""

    def __init__(self, keep_requests: int | None) -> None:
        self.by_key: dict[str, Dossier] = {}
        self.arrivals = 0
        self.raw: deque[RawRequest] = deque(maxlen=keep_requests)
        self.questions: list[Item] = []
        self.evaluations: list[Item] = []
        self.links: deque[tuple[str, str]] = deque()
        self.sent: list[Sent] = []

    def find(self, code: object) -> Dossier | None:
        return self.by_key.get(key_of(code))

    def open(self, code: str) -> Dossier:
        """The record of *code*, made when there is none."""
        return self.by_key.setdefault(key_of(code), Dossier(code))

    def merge_documents(self, known: object, arrived: Iterable[Item]) -> list[Item]:
        """
        The submitted files after an update (6.3).

        A file with an id replaces or, marked deleted, removes the one of the same id; files without an id replace
        the earlier ones without.
        """
        arrived = list(arrived)
        anonymous_replaced = any(not str(row.get("TepDinhKemId") or "") for row in arrived)
        files: dict[str, Item] = {}
        for index, row in enumerate(known if isinstance(known, list) else ()):
            identity = str(row.get("TepDinhKemId") or "")
            if identity or not anonymous_replaced:
                files[identity or f"#{index}"] = row
        for index, row in enumerate(arrived):
            identity = str(row.get("TepDinhKemId") or "") or f"+{index}"
            if row.get("IsDeleted") == "True":
                files.pop(identity, None)
            else:
                files[identity] = row
        return list(files.values())
