"""The engines that are compared: what each keeps things in, and what it does not promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Kept(Enum):
    """What an engine keeps its jobs in."""

    SQLITE = "SQLite"
    POSTGRESQL = "PostgreSQL"
    VALKEY = "Valkey"


@dataclass(frozen=True, slots=True)
class Peer:
    """
    One engine as it is measured.

    *build* is its module here, with the function when it has several. *durable* says how what it accepted survives a
    loss of power, *not_promised* what the gateway does on the same way and this engine leaves to its user.
    """

    name: str
    build: str
    kept: Kept
    durable: str
    not_promised: Sequence[str]


_ORDER = "order of the messages of a dossier"
_LEDGER = "a ledger of attempts, answers and who decided what"
_LIMITS = "rate, share and pause of a partner across processes"
_UNKNOWN = "asking before it sends again when an answer was lost"
_BATCHES = "batches, and finding the one that spoils a batch"
_ALL = (_ORDER, _LEDGER, _LIMITS, _UNKNOWN, _BATCHES)
_BUT_ORDER = (_LEDGER, _LIMITS, _UNKNOWN, _BATCHES)
_FSYNC = "every commit waits for the disk"

PEERS = (
    Peer(
        "pgqueuer", "pgqueuer", Kept.POSTGRESQL,
        f"{_FSYNC}; outcomes are gathered for up to 0.1 s, a job may run again within", _ALL,
    ),
    Peer("procrastinate", "procrastinate", Kept.POSTGRESQL, _FSYNC, _ALL),
    Peer("procrastinate_locks", "procrastinate:build_with_locks", Kept.POSTGRESQL, _FSYNC, _BUT_ORDER),
    Peer(
        "huey_sqlite", "huey", Kept.SQLITE, "every commit waits for the disk, on request (fsync=True)",
        ("a task whose worker died (it is deleted when it is taken)", *_ALL),
    ),
    Peer(
        "dramatiq", "dramatiq", Kept.VALKEY, "append-only file, flushed before each answer (appendfsync always)", _ALL
    ),
    Peer("dbos_sqlite", "dbos", Kept.SQLITE, _FSYNC, (_ORDER, _LIMITS, _UNKNOWN, _BATCHES)),
    Peer("dbos_postgresql", "dbos", Kept.POSTGRESQL, _FSYNC, (_ORDER, _LIMITS, _UNKNOWN, _BATCHES)),
)  # fmt: skip
